// SPDX-License-Identifier: Apache-2.0
/// \file
/// A picture of a search space: one box per stage in flow order, with everything that can be chosen in it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "nascent/report/detail/space_layout.hpp"
#include "nascent/space/view_of.hpp"

namespace nascent {
namespace detail {

/// Draws one space.
class space_painter : space_table {
 public:
  explicit space_painter(const space_view& s) : space_table(s), size_(to_decimal(s.size).c_str()) {}

  std::string draw() {
    draw_header();
    for (std::size_t i = 0; i < boxes_.size(); ++i) draw_box(i);
    draw_skips();
    draw_ties();
    const double bottom =
        draw_footer(boxes_.empty() ? header_height + 26 : boxes_.back().y + boxes_.back().height + 26);
    return canvas_.str(width_, bottom + 8, "Search space " + space_.name + ", " + size_ + " networks");
  }

 private:
  /// "1057471..." is "1.06e24".
  static std::string short_size(const std::string& digits) {
    if (digits.size() < 8) return grouped_digits(digits);
    std::size_t exponent = digits.size() - 1;
    int three = (std::stoi(digits.substr(0, 4)) + 5) / 10;
    if (three == 1000) {
      three = 100;
      ++exponent;
    }
    const std::string leading = std::to_string(three);
    return leading.substr(0, 1) + "." + leading.substr(1) + "e" + std::to_string(exponent);
  }

  void draw_header() {
    canvas_.text({.x = margin, .y = 36, .text = space_.name, .size = 22, .bold = true});
    std::size_t stages = 0;
    for (const stage_view& s : space_.stages) stages += s.role == stage_view::kind::stage ? 1 : 0;
    const auto count = [](std::size_t n, const std::string& what) {
      return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
    };
    canvas_.text({.x = margin,
                  .y = 62,
                  .text = short_size(size_) + (size_ == "1" ? " network" : " networks") + " \xC2\xB7 " +
                          count(space_.slots.size(), "decision") + " \xC2\xB7 " + count(stages, "stage"),
                  .size = 15});
    if (size_.size() >= 8)
      canvas_.text(
          {.x = margin, .y = 83, .text = "exactly " + grouped_digits(size_), .size = 12.5, .look = "ink muted"});
    const auto title = [&](double x, std::string_view name) {
      canvas_.text({.x = x, .y = header_height + 16, .text = name, .size = 12, .look = "ink muted"});
    };
    title(name_x_, "stage");
    title(block_x_, "block");
    title(layers_x_, "layers");
    title(stride_x_, "stride");
    for (const column& c : columns_) title(c.x, c.name);
  }

  void draw_box(std::size_t i) {
    const box& b = boxes_[i];
    const bool in_flow = flows(*b.stage);
    const std::string look = in_flow ? looks_.at(b.rows.front().block->name) : "c9";
    const double right = width_ - margin;
    canvas_.rect(
        {.x = left_, .y = b.y, .width = right - left_, .height = b.height, .radius = 8, .look = look + " wash"});
    canvas_.rect(
        {.x = left_, .y = b.y, .width = right - left_, .height = b.height, .radius = 8, .look = look + " line muted"});
    canvas_.text({.x = name_x_, .y = b.y + padding + 15, .text = b.stage->name, .size = 14, .bold = true});
    if (i + 1 < boxes_.size() && b.stage->role != stage_view::kind::choice) {
      const double x = left_ + 30;
      const double top = b.y + b.height + 2;
      const double tip = top + box_gap - 4;
      canvas_.path(
          {.data = svg_pen{}.move(x, top).line(x, tip).move(x - 3.5, tip - 4).line(x, tip).line(x + 3.5, tip - 4).str(),
           .width = 1.5,
           .look = "line muted"});
    }
    b.layers.paint(canvas_);
    b.stride.paint(canvas_);
    for (const row& r : b.rows) {
      if (&r != &b.rows.front())
        canvas_.line(
            {.x1 = block_x_, .y1 = r.y - line_gap, .x2 = right - 16, .y2 = r.y - line_gap, .look = "line hair"});
      const std::string name = block_text(b, r);
      if (in_flow) {
        const std::string& own = looks_.at(r.block->name);
        const double width = text_width(name, 12.5, true) + 20;
        canvas_.rect({.x = block_x_,
                      .y = r.y,
                      .width = width,
                      .height = chip_grid::chip_height,
                      .radius = 10,
                      .look = own + " soft"});
        canvas_.text({.x = block_x_ + width / 2,
                      .y = r.y + 14.5,
                      .text = name,
                      .size = 12.5,
                      .look = own + " ink",
                      .anchor = text_anchor::middle,
                      .bold = true});
      } else {
        canvas_.text({.x = block_x_, .y = r.y + 14.5, .text = name, .size = 12.5, .look = "ink muted"});
      }
      for (const auto& [title, cell] : r.cells) cell.paint(canvas_);
      for (const free_cell& f : r.free) {
        if (!f.label.empty())
          canvas_.text({.x = f.grid.x - f.label_width(),
                        .y = f.grid.y + 14.5,
                        .text = f.label,
                        .size = 12,
                        .look = "ink muted"});
        f.grid.paint(canvas_);
      }
    }
  }

  void draw_skips() {
    for (const skip_arc& a : arcs_) {
      const double top = boxes_[a.from].y + boxes_[a.from].height - 9;
      const double bottom = boxes_[a.to].y + 12;
      const double x = left_ - 16 - 13 * a.lane;
      canvas_.path({.data = svg_pen{}
                                .move(left_, top)
                                .line(x + 10, top)
                                .curve(x, top, x, top + 10)
                                .line(x, bottom - 10)
                                .curve(x, bottom, x + 10, bottom)
                                .line(left_ - 2, bottom)
                                .str(),
                    .width = 1.75,
                    .look = a.chosen ? "c5 dash" : "c5 line"});
      canvas_.path(
          {.data = svg_pen{}.move(left_ - 6, bottom - 4).line(left_ - 1.5, bottom).line(left_ - 6, bottom + 4).str(),
           .width = 1.75,
           .look = "c5 line"});
    }
  }

  /// Dotted lines from where a value is decided, through the gutter left of a column, to the fields tied to it.
  void draw_ties() {
    for (const column& c : columns_)
      for (std::size_t lane = 0; lane < c.sources.size(); ++lane) {
        std::vector<const chip_grid*> tied;
        for (const box& b : boxes_)
          for (const row& r : b.rows)
            if (const auto at = r.cells.find(c.name);
                at != r.cells.end() && is_tie(at->second) && at->second.field()->slot == c.sources[lane])
              tied.push_back(&at->second);
        draw_tie(tied, c.x - 9 - 7 * static_cast<double>(lane), c.x);
      }
    for (const box& b : boxes_)
      for (const row& r : b.rows)
        for (const free_cell& f : r.free)
          if (is_tie(f.grid)) draw_tie({&f.grid}, f.grid.x - 4, -1);
  }

  static bool is_tie(const chip_grid& g) { return g.field()->how == field_kind::tied; }

  void draw_tie(const std::vector<const chip_grid*>& tied, double gutter, double column_x) {
    const auto [source, source_box] = decides(tied.front()->field()->slot);
    if (source == nullptr) return;
    svg_pen pen;
    if (source->x == column_x) {
      pen.move(source->x - 2, source->middle()).line(gutter, source->middle());
      canvas_.circle({.x = source->x - 2, .y = source->middle(), .radius = 2.5, .look = "c3 ink"});
    } else {
      const double between = source_box->y + source_box->height + box_gap / 2;
      const double x = source->x + std::min(source->width() / 2, 30.0);
      pen.move(x, source->bottom() + 2).line(x, between).line(gutter, between);
      canvas_.circle({.x = x, .y = source->bottom() + 2, .radius = 2.5, .look = "c3 ink"});
    }
    pen.line(gutter, tied.back()->middle());
    for (const chip_grid* t : tied) pen.move(gutter, t->middle()).line(t->x - 2, t->middle());
    canvas_.path({.data = pen.str(), .width = 1.75, .look = "c3 dots"});
  }

  double draw_footer(double y);

  std::string size_;  ///< decimal
  svg_canvas canvas_;
};

/// What all blocks of a type have in common and would not have where nothing is said, the constraints, and what the
/// signs mean. Returns where it ends.
inline double space_painter::draw_footer(double y) {
  std::map<std::string, std::vector<std::string>> fixed;
  for_each_field([&](const stage_view&, const block_view& b, const field_view& f) {
    if (shown_.contains(f.name) || f.usual) return;
    const std::string value = shown_values(f).front();
    if (value == "none" || value == "false" || value == "same" || value == "0" || value == "1" || f.name == "se_from")
      return;
    std::vector<std::string>& list = fixed[b.name];
    const std::string entry = f.name + " " + value;
    if (std::find(list.begin(), list.end(), entry) == list.end()) list.push_back(entry);
  });
  const auto heading = [&](std::string_view words) {
    canvas_.text({.x = margin, .y = y + 12, .text = words, .size = 12, .look = "ink muted"});
    y += 22;
  };
  const auto line = [&](const std::string& words, double x) {
    canvas_.text({.x = x, .y = y + 12, .text = words, .size = 12.5});
    y += 20;
  };
  if (!space_.constraints.empty()) heading("constraints, exact in every count");
  for (const constraint_view& c : space_.constraints) {
    std::string words = c.relation;
    if (words.empty()) {
      words = "a rule on ";
      for (std::size_t i = 0; i < c.paths.size(); ++i)
        words += (i == 0 ? "" : i + 1 < c.paths.size() ? ", " : " and ") + c.paths[i];
    }
    if (c.allowed > 0)
      words += "  (" + std::to_string(c.allowed) + " of " + std::to_string(c.combinations) + " combinations)";
    line(words, margin + 12);
  }
  if (!space_.constraints.empty()) y += 6;
  if (!fixed.empty()) heading("the same in every block of a type");
  for (const auto& [name, list] : fixed) {
    std::string words;
    for (const std::string& entry : list) words += (words.empty() ? "" : ", ") + entry;
    if (const auto look = looks_.find(name); look != looks_.end())
      canvas_.text(
          {.x = margin + 12, .y = y + 12, .text = name, .size = 12.5, .look = look->second + " ink", .bold = true});
    line(words, margin + 12 + text_width(name, 12.5, true) + 16);
  }
  if (!fixed.empty()) y += 6;

  double x = margin;
  const auto sign = [&](auto draw, double width, const std::string& words) {
    draw();
    canvas_.text({.x = x + width + 7, .y = y + 14, .text = words, .size = 12, .look = "ink muted"});
    x += width + 7 + text_width(words, 12) + 24;
  };
  if (space_.slots.size() > 0)
    sign([&] { canvas_.rect({.x = x, .y = y, .width = 23, .height = 20, .radius = 5}); }, 23, "one of these is chosen");
  bool ties = false;
  for_each_field(
      [&](const stage_view&, const block_view&, const field_view& f) { ties = ties || f.how == field_kind::tied; });
  if (ties)
    sign([&] { canvas_.line({.x1 = x, .y1 = y + 10, .x2 = x + 23, .y2 = y + 10, .width = 1.75, .look = "c3 dots"}); },
         23, "takes its value from");
  for (const bool chosen : {false, true})
    if (std::any_of(arcs_.begin(), arcs_.end(), [&](const skip_arc& a) { return a.chosen == chosen; }))
      sign(
          [&] {
            canvas_.line({.x1 = x,
                          .y1 = y + 10,
                          .x2 = x + 23,
                          .y2 = y + 10,
                          .width = 1.75,
                          .look = chosen ? "c5 dash" : "c5 line"});
          },
          23, chosen ? "skip connection that may be chosen" : "skip connection");
  return x > margin ? y + 24 : y;
}

}  // namespace detail

/// A search space as an SVG document.
inline std::string to_svg(const space_view& o) {
  space_view ordered = o;
  ordered.stages.clear();
  for (const bool choices : {true, false})  // choices of their own come first: the flow is not through them
    for (const stage_view& s : o.stages)
      if ((s.role == stage_view::kind::choice) == choices) ordered.stages.push_back(s);
  return detail::space_painter(ordered).draw();
}
template <described_space Space>
std::string to_svg(const Space& s) {
  return to_svg(view_of(s));
}

}  // namespace nascent
