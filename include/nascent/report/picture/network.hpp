// SPDX-License-Identifier: Apache-2.0
/// \file
/// A picture of one network: its layers from top to bottom as bars as wide as they have channels, in groups by stage.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "nascent/report/detail/network_rows.hpp"

namespace nascent {
namespace detail {

/// Draws one network.
class network_painter {
 public:
  explicit network_painter(const network& graph) : graph_(graph), folded_(graph) {
    place_links();
    place_columns();
    place_rows();
  }

  std::string draw() {
    draw_header();
    for (const placed_stage& s : stages_) draw_stage(s);
    draw_spine();
    draw_bar(-1);
    for (std::size_t i = 0; i < folded_.rows().size(); ++i) draw_row(i);
    draw_links();
    draw_runs();
    draw_legend();
    return canvas_.str(width_, height_, "Network " + graph_.name());
  }

 private:
  static constexpr double margin = 20;
  static constexpr double header_height = 92;
  static constexpr double row_height = 22;
  static constexpr double bar_height = 13;
  static constexpr double stage_head = 28;
  static constexpr double stage_gap = 14;
  static constexpr double bars = 220;  ///< width of the widest bar
  static constexpr double lane = 11;

  struct placed_stage {
    const network_stage* stage;
    double y;
    double height;
  };
  struct link {
    int from;
    int to;
    int lane;
  };

  const shape& output_of(int row) const {
    return row < 0 ? graph_.input() : graph_.layers()[folded_.rows()[static_cast<std::size_t>(row)].last].output;
  }
  double y_of(int row) const { return row < 0 ? input_y_ : ys_[static_cast<std::size_t>(row)]; }
  double bar_width(int row) const { return std::max(2.5, bars * output_of(row).channels / widest_); }

  /// What is read from further up than the row before becomes a link with a lane of its own.
  void place_links() {
    const std::vector<network_row>& rows = folded_.rows();
    for (std::size_t i = 0; i < rows.size(); ++i)
      for (const int source : rows[i].sources)
        if (source != static_cast<int>(i) - 1) links_.push_back({source, static_cast<int>(i), 0});
    std::sort(links_.begin(), links_.end(), [](const link& a, const link& b) {
      return a.to - a.from != b.to - b.from ? a.to - a.from < b.to - b.from : a.to < b.to;
    });
    for (std::size_t i = 0; i < links_.size(); ++i) {
      for (bool moved = true; moved;) {
        moved = false;
        for (std::size_t j = 0; j < i; ++j)
          if (links_[j].lane == links_[i].lane && links_[j].from < links_[i].to && links_[i].from < links_[j].to) {
            ++links_[i].lane;
            moved = true;
          }
      }
      lanes_ = std::max(lanes_, links_[i].lane + 1);
    }
    for (int i = -1; i < static_cast<int>(rows.size()); ++i) widest_ = std::max(widest_, output_of(i).channels);
  }

  std::string words_of(const network_row& r) const {
    const layer& l = graph_.layers()[r.first];
    const std::string to = " \xE2\x86\x92 ";
    if (r.squeeze == nullptr) return layer_text(l) + (r.output.empty() ? "" : to + r.output);
    return "squeeze-excite " + std::to_string(l.input.channels) + to +
           std::to_string(r.squeeze->find("hidden")->integer()) + to +
           std::to_string(output_of(static_cast<int>(&r - folded_.rows().data())).channels);
  }

  template <class Count>
  std::int64_t sum(std::size_t first, std::size_t last, Count count) const {
    std::int64_t total = 0;
    for (std::size_t i = first; i <= last; ++i) total += count(graph_.layers()[i]);
    return total;
  }
  std::int64_t params_of(std::size_t first, std::size_t last) const {
    return sum(first, last, [](const layer& l) { return params(l); });
  }
  std::int64_t macs_of(std::size_t first, std::size_t last) const {
    return sum(first, last, [](const layer& l) { return macs(l); });
  }

  void place_columns() {
    double words = 90;
    for (const network_stage& s : folded_.stages()) words = std::max(words, text_width(s.name, 14, true));
    double shapes = text_width(shape_text(graph_.input()), 12.5);
    for (const network_row& r : folded_.rows()) {
      words = std::max(words, text_width(words_of(r), 12.5));
      shapes = std::max(shapes, text_width(shape_text(graph_.layers()[r.last].output), 12.5));
    }
    spine_ = margin + 18 + lane * (lanes_ + 1) + bars / 2;
    words_x_ = spine_ + bars / 2 + 26;
    shape_x_ = words_x_ + words + 24 + shapes;
    params_x_ = shape_x_ + 76;
    macs_x_ = params_x_ + 76;
    width_ = macs_x_ + 64 + margin;
  }

  void place_rows() {
    ys_.resize(folded_.rows().size());
    input_y_ = header_height + 32;
    double y = input_y_ + row_height / 2 + stage_gap;
    for (const network_stage& s : folded_.stages()) {
      const double top = y;
      y += s.name.empty() ? 10 : stage_head;
      for (const network_run& r : s.runs) {
        if (r.times > 1) y += 4;
        for (std::size_t i = 0; i < r.rows; ++i, y += row_height) ys_[r.first_row + i] = y + row_height / 2;
        if (r.times > 1) y += 4;
      }
      y += 8;
      stages_.push_back({&s, top, y - top});
      y += stage_gap;
    }
    height_ = y + 4;
  }

  void draw_header() {
    const std::vector<layer>& layers = graph_.layers();
    canvas_.text(
        {.x = margin, .y = 36, .text = graph_.name().empty() ? "network" : graph_.name(), .size = 22, .bold = true});
    std::string facts = std::to_string(layers.size()) + (layers.size() == 1 ? " layer" : " layers");
    if (!layers.empty())
      facts += " \xC2\xB7 " + short_count(params_of(0, layers.size() - 1)) + " params \xC2\xB7 " +
               short_count(macs_of(0, layers.size() - 1)) + " MACs";
    canvas_.text({.x = margin, .y = 62, .text = facts, .size = 15});
    const auto title = [&](double x, std::string_view name, text_anchor anchor) {
      canvas_.text({.x = x, .y = header_height + 8, .text = name, .size = 12, .look = "ink muted", .anchor = anchor});
    };
    title(spine_, "output channels", text_anchor::middle);
    title(words_x_, "layer", text_anchor::start);
    title(shape_x_, "output", text_anchor::end);
    title(params_x_, "params", text_anchor::end);
    title(macs_x_, "MACs", text_anchor::end);
    canvas_.text({.x = words_x_, .y = input_y_ + 4.5, .text = "input", .size = 12.5});
    canvas_.text({.x = shape_x_,
                  .y = input_y_ + 4.5,
                  .text = shape_text(graph_.input()),
                  .size = 12.5,
                  .anchor = text_anchor::end});
  }

  void draw_stage(const placed_stage& s) {
    canvas_.rect(
        {.x = margin, .y = s.y, .width = width_ - 2 * margin, .height = s.height, .radius = 8, .look = "wash"});
    canvas_.rect(
        {.x = margin, .y = s.y, .width = width_ - 2 * margin, .height = s.height, .radius = 8, .look = "line hair"});
    if (s.stage->name.empty() || s.stage->layers == 0) return;
    const std::size_t first = s.stage->first_layer;
    const std::size_t last = first + s.stage->layers - 1;
    canvas_.text({.x = words_x_, .y = s.y + 20, .text = s.stage->name, .size = 14, .bold = true});
    const auto total = [&](double x, std::int64_t n) {
      if (n > 0)
        canvas_.text(
            {.x = x, .y = s.y + 20, .text = short_count(n), .size = 12, .anchor = text_anchor::end, .bold = true});
    };
    total(params_x_, params_of(first, last));
    total(macs_x_, macs_of(first, last));
  }

  /// The flow from row to row, where the lower one reads the upper one.
  void draw_spine() {
    const std::vector<network_row>& rows = folded_.rows();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const int above = static_cast<int>(i) - 1;
      if (std::find(rows[i].sources.begin(), rows[i].sources.end(), above) != rows[i].sources.end())
        canvas_.line({.x1 = spine_,
                      .y1 = y_of(above) + bar_height / 2,
                      .x2 = spine_,
                      .y2 = ys_[i] - bar_height / 2,
                      .width = 1.5,
                      .look = "line muted"});
    }
  }

  void draw_bar(int row) {
    const double w = bar_width(row);
    const double y = y_of(row) - bar_height / 2;
    const network_row* r = row < 0 ? nullptr : &folded_.rows()[static_cast<std::size_t>(row)];
    const int colour = r == nullptr ? 9 : look_of(graph_.layers()[r->first], r->squeeze != nullptr).colour;
    const std::string look = "c" + std::to_string(colour);
    const std::string tip = (r == nullptr ? "input" : words_of(*r)) + ", " + shape_text(output_of(row));
    canvas_.rect({.x = spine_ - w / 2,
                  .y = y,
                  .width = w,
                  .height = bar_height,
                  .radius = std::min(3.0, w / 3),
                  .look = "ground"});
    if (r == nullptr || r->squeeze == nullptr) {
      canvas_.rect({.x = spine_ - w / 2,
                    .y = y,
                    .width = w,
                    .height = bar_height,
                    .radius = std::min(3.0, w / 3),
                    .look = look + " bar",
                    .tip = tip});
      return;
    }
    // The gate: as wide as the map outside, as its hidden channels inside; pooled from the row above.
    canvas_.rect({.x = spine_ - w / 2,
                  .y = y,
                  .width = w,
                  .height = bar_height,
                  .radius = std::min(3.0, w / 3),
                  .look = look + " soft edge",
                  .tip = tip});
    const double hidden = std::max(2.5, bars * graph_.layers()[r->first + 1].output.channels / widest_);
    canvas_.rect({.x = spine_ - hidden / 2,
                  .y = y + 3,
                  .width = hidden,
                  .height = bar_height - 6,
                  .radius = std::min(2.0, hidden / 3),
                  .look = look + " bar"});
    const double above = y_of(row - 1);
    const double right = spine_ + w / 2;
    if (!r->sources.empty() && r->sources.front() == row - 1)
      canvas_.path({.data = svg_pen{}
                                .move(right + 1, above)
                                .cubic(right + 13, above, right + 13, y_of(row), right + 2, y_of(row))
                                .move(right + 5, y_of(row) - 3)
                                .line(right + 2, y_of(row))
                                .line(right + 5, y_of(row) + 3)
                                .str(),
                    .width = 1.5,
                    .look = look + " line"});
  }

  void draw_row(std::size_t i) {
    const network_row& r = folded_.rows()[i];
    draw_bar(static_cast<int>(i));
    const double y = ys_[i] + 4.5;
    canvas_.text({.x = words_x_, .y = y, .text = words_of(r), .size = 12.5});
    canvas_.text({.x = shape_x_,
                  .y = y,
                  .text = shape_text(graph_.layers()[r.last].output),
                  .size = 12.5,
                  .anchor = text_anchor::end});
    const auto count = [&](double x, std::int64_t n) {
      if (n > 0)
        canvas_.text(
            {.x = x, .y = y, .text = short_count(n), .size = 12.5, .look = "ink muted", .anchor = text_anchor::end});
    };
    count(params_x_, params_of(r.first, r.last));
    count(macs_x_, macs_of(r.first, r.last));
  }

  void draw_links() {
    for (const link& l : links_) {
      const double x = spine_ - bars / 2 - 8 - lane * (l.lane + 1);
      const double top = y_of(l.from) + 2.5;
      const double bottom = y_of(l.to) - 2.5;
      const double start = spine_ - bar_width(l.from) / 2;
      const double end = spine_ - bar_width(l.to) / 2 - 2;
      const double bend = std::min(8.0, (bottom - top) / 2);
      canvas_.path({.data = svg_pen{}
                                .move(start, top)
                                .line(x + bend, top)
                                .curve(x, top, x, top + bend)
                                .line(x, bottom - bend)
                                .curve(x, bottom, x + bend, bottom)
                                .line(end, bottom)
                                .move(end - 4, bottom - 3)
                                .line(end, bottom)
                                .line(end - 4, bottom + 3)
                                .str(),
                    .width = 1.5,
                    .look = "c5 line"});
    }
  }

  /// A bracket with the number of times beside rows that repeat.
  void draw_runs() {
    for (const network_stage& s : folded_.stages())
      for (const network_run& r : s.runs) {
        if (r.times < 2) continue;
        const double top = ys_[r.first_row] - row_height / 2;
        const double bottom = ys_[r.first_row + r.rows - 1] + row_height / 2;
        const double x = macs_x_ + 16;
        canvas_.path({.data = svg_pen{}
                                  .move(x - 5, top)
                                  .line(x - 3, top)
                                  .curve(x, top, x, top + 3)
                                  .line(x, bottom - 3)
                                  .curve(x, bottom, x - 3, bottom)
                                  .line(x - 5, bottom)
                                  .str(),
                      .width = 1.5,
                      .look = "line muted"});
        canvas_.text({.x = x + 7,
                      .y = (top + bottom) / 2 + 5,
                      .text = "\xC3\x97 " + std::to_string(r.times),
                      .size = 14,
                      .bold = true});
      }
  }

  void draw_legend() {
    std::map<std::string, int> looks;
    bool squeeze = false;
    for (const network_row& r : folded_.rows()) {
      const layer_look look = look_of(graph_.layers()[r.first], r.squeeze != nullptr);
      looks.emplace(look.name, look.colour);
      squeeze = squeeze || r.squeeze != nullptr;
    }
    double x = margin;
    const auto entry = [&](const std::string& name, auto draw) {
      const double w = 25 + text_width(name, 12) + 20;
      if (x > margin && x + w > width_ - margin) {
        x = margin;
        height_ += 22;
      }
      draw(x, height_ + 4);
      canvas_.text({.x = x + 25, .y = height_ + 14.5, .text = name, .size = 12, .look = "ink muted"});
      x += w;
    };
    for (const auto& [name, colour] : looks)
      entry(name, [&](double left, double top) {
        canvas_.rect({.x = left,
                      .y = top,
                      .width = 18,
                      .height = bar_height,
                      .radius = 3,
                      .look = "c" + std::to_string(colour) + " bar"});
      });
    if (!links_.empty())
      entry("residual and skip links", [&](double left, double top) {
        canvas_.line({.x1 = left, .y1 = top + 6.5, .x2 = left + 18, .y2 = top + 6.5, .width = 1.5, .look = "c5 line"});
      });
    height_ += 32;
  }

  const network& graph_;
  folded_network folded_;
  std::vector<link> links_;
  int lanes_ = 0;
  int widest_ = 1;
  std::vector<double> ys_;  ///< middle of each row
  std::vector<placed_stage> stages_;
  double input_y_ = 0;
  double spine_ = 0;
  double words_x_ = 0;
  double shape_x_ = 0;
  double params_x_ = 0;
  double macs_x_ = 0;
  double width_ = 0;
  double height_ = 0;
  svg_canvas canvas_;
};

}  // namespace detail

/// A network as an SVG document.
inline std::string to_svg(const network& graph) { return detail::network_painter(graph).draw(); }

}  // namespace nascent
