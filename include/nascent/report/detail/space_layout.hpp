// SPDX-License-Identifier: Apache-2.0
/// \file
/// Where everything in the picture of a search space lies.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nascent/report/detail/chips.hpp"
#include "nascent/report/svg.hpp"
#include "nascent/space/space_view.hpp"

namespace nascent::detail {

/// A table of stages: the same hyper-parameter stands in the same column everywhere.
class space_table {
 public:
  static constexpr double header_height = 104;
  static constexpr double margin = 20;
  static constexpr double box_gap = 16;
  static constexpr double padding = 10;
  static constexpr double column_gap = 22;
  static constexpr double widest_cell = 196;
  static constexpr double line_gap = 7;  ///< between the lines of a box

  struct free_cell {
    std::string label;
    chip_grid grid;
    double label_width() const { return label.empty() ? 0 : text_width(label, 12) + 10; }
    double width() const { return label_width() + grid.width(); }
  };
  /// One block of a stage: a cell per column, and what has no column, which comes below unless there is room beside it.
  struct row {
    const block_view* block = nullptr;
    std::map<std::string, chip_grid> cells{};
    std::vector<free_cell> free{};
    double y = 0;
    double height = 0;
  };
  struct box {
    const stage_view* stage = nullptr;
    chip_grid layers{};
    chip_grid stride{};
    std::vector<row> rows{};
    double y = 0;
    double height = 0;
  };
  struct column {
    std::string name;
    double x = 0;
    double width = 0;
    std::vector<int> sources{};  ///< slots that ties of this column come from: a lane of the gutter for each
  };

  struct skip_arc {
    std::size_t from;
    std::size_t to;
    bool chosen;
    int lane;
  };

  explicit space_table(const space_view& o) : space_(o) {
    find_columns();
    make_rows();
    place_columns();
    place_rows();
  }

 protected:
  static bool flows(const stage_view& s) {
    return s.role == stage_view::kind::stage || s.role == stage_view::kind::head;
  }

  template <class Visit>
  void for_each_block(Visit visit) const {
    for (const stage_view& s : space_.stages)
      for (const block_view& b : s.blocks) visit(s, b);
  }
  template <class Visit>
  void for_each_field(Visit visit) const {
    for_each_block([&](const stage_view& s, const block_view& b) {
      for (const field_view& f : b.fields) visit(s, b, f);
    });
  }

  std::string block_text(const box& b, const row& r) const {
    switch (b.stage->role) {
      case stage_view::kind::input: return std::to_string(space_.channels) + " channels";
      case stage_view::kind::choice: return "a choice";
      default: return r.block->name;
    }
  }

  /// The cell that decides a slot, and its box.
  std::pair<const chip_grid*, const box*> decides(int slot) const {
    for (const box& b : boxes_) {
      const auto is_it = [&](const chip_grid& g) {
        return g.field() != nullptr && g.field()->slot == slot && g.field()->how != field_kind::tied;
      };
      if (is_it(b.layers)) return {&b.layers, &b};
      if (is_it(b.stride)) return {&b.stride, &b};
      for (const row& r : b.rows) {
        for (const auto& [title, cell] : r.cells)
          if (is_it(cell)) return {&cell, &b};
        for (const free_cell& f : r.free)
          if (is_it(f.grid)) return {&f.grid, &b};
      }
    }
    return {nullptr, nullptr};
  }

  const space_view& space_;
  std::set<std::string> shown_;
  std::vector<std::string> order_;
  std::map<std::string, std::string> looks_;
  std::vector<box> boxes_;
  std::vector<column> columns_;
  std::vector<skip_arc> arcs_;
  int skip_lanes_ = 0;
  double left_ = margin;
  double name_x_ = 0;
  double block_x_ = 0;
  double layers_x_ = 0;
  double stride_x_ = 0;
  double fields_x_ = 0;
  double width_ = 0;

 private:
  static bool is_structural(std::string_view name) {
    return name == "filters" || name == "units" || name == "kernel" || name == "factor" || name == "resolution";
  }
  static std::string label_of(const block_view& b, const field_view& f) { return b.name + "." + f.name; }

  /// Which fields are worth a place in every box: those that differ somewhere, or say what a layer is. Of these, the
  /// ones of two blocks or more get columns; what is the same in all blocks of a type goes to the foot.
  void find_columns() {
    std::map<std::string, std::set<std::string>> values;  // of each field of each block type
    for_each_field([&](const stage_view&, const block_view& b, const field_view& f) {
      if (f.how != field_kind::fixed || is_structural(f.name)) shown_.insert(f.name);
      else values[label_of(b, f)].insert(shown_values(f).front());
      if (values[label_of(b, f)].size() > 1) shown_.insert(f.name);
    });
    std::map<std::string, int> uses;
    for_each_block([&](const stage_view& s, const block_view& b) {
      if (!flows(s)) return;
      std::size_t after = 0;
      for (const field_view& f : b.fields) {
        if (!shown_.contains(f.name)) continue;
        ++uses[f.name];
        const auto known = std::find(order_.begin(), order_.end(), f.name);
        if (known != order_.end()) after = std::max(after, static_cast<std::size_t>(known - order_.begin()) + 1);
        else order_.insert(order_.begin() + static_cast<std::ptrdiff_t>(after++), f.name);
      }
    });
    std::erase_if(order_, [&](const std::string& name) { return uses[name] < 2; });
    for_each_block([&](const stage_view& s, const block_view& b) {
      if (flows(s)) looks_.try_emplace(b.name, b.name == "skip" ? "c9" : "c" + std::to_string(looks_.size() % 9));
    });
  }

  bool has_column(const std::string& name) const {
    return std::find(order_.begin(), order_.end(), name) != order_.end();
  }

  void make_rows() {
    for (const stage_view& s : space_.stages) {
      box b{.stage = &s};
      if (flows(s)) {
        b.layers = chip_grid(s.layers, 216, s.independent ? "each layer chooses" : "");
        b.stride = chip_grid(s.stride, widest_cell);
      }
      for (const block_view& block : s.blocks) {
        row r{.block = &block};
        for (const field_view& f : block.fields) {
          if (!shown_.contains(f.name)) continue;
          const std::string note = f.how == field_kind::shared ? "one for all layers" : "";
          if (flows(s) && has_column(f.name)) r.cells.emplace(f.name, chip_grid(f, widest_cell, note));
          else r.free.push_back({s.role == stage_view::kind::choice ? "" : f.name, chip_grid(f, 420, note)});
        }
        if (&block == &s.blocks.back() && !s.skip.values.empty())
          r.free.push_back({"adds the output of", chip_grid(s.skip, 420)});
        b.rows.push_back(std::move(r));
      }
      boxes_.push_back(std::move(b));
    }
  }

  void place_columns() {
    skip_lanes_ = lay_skips();
    left_ = margin + (skip_lanes_ == 0 ? 0 : 14 + 13 * skip_lanes_);
    double name = text_width("stage", 12);
    double block = text_width("block", 12);
    double layers = text_width("layers", 12);
    double stride = text_width("stride", 12);
    for (const box& b : boxes_) {
      name = std::max(name, text_width(b.stage->name, 14, true));
      layers = std::max(layers, b.layers.width());
      stride = std::max(stride, b.stride.width());
      for (const row& r : b.rows) block = std::max(block, text_width(block_text(b, r), 12.5, true) + 20);
    }
    double x = left_ + 16;
    const auto next = [&](double width) { return std::exchange(x, x + width + column_gap); };
    name_x_ = next(name);
    layers_x_ = next(layers);
    stride_x_ = next(stride);
    block_x_ = next(block);
    fields_x_ = x;
    for (const std::string& title : order_) {
      column c{.name = title, .width = text_width(title, 12)};
      for (const box& b : boxes_)
        for (const row& r : b.rows)
          if (const auto at = r.cells.find(title); at != r.cells.end()) {
            const field_view& f = *at->second.field();
            c.width = std::max(c.width, at->second.width());
            if (f.how == field_kind::tied && std::find(c.sources.begin(), c.sources.end(), f.slot) == c.sources.end())
              c.sources.push_back(f.slot);
          }
      x += c.sources.empty() ? 0 : 3 + 7 * static_cast<double>(c.sources.size());
      c.x = next(c.width);
      columns_.push_back(std::move(c));
    }
    if (!columns_.empty()) fields_x_ = columns_.front().x;
    width_ = std::max({x - column_gap + 16 + margin, left_ + 460, fields_x_ + widest_free() + margin});
  }

  double widest_free() const {
    double most = 0;
    for (const box& b : boxes_)
      for (const row& r : b.rows)
        for (const free_cell& f : r.free) most = std::max(most, f.width());
    return most + 16;
  }

  /// Whether what has no column ends left of the first cell.
  bool fits_beside(const row& r) const {
    double x = fields_x_;
    for (const free_cell& f : r.free) x += f.width() + column_gap;
    for (const column& c : columns_)
      if (r.cells.contains(c.name)) return x <= c.x;
    return true;
  }

  void place_rows() {
    double y = header_height + 26;
    const double right = width_ - margin - 12;
    for (box& b : boxes_) {
      b.y = y;
      y += padding;
      b.layers.x = layers_x_;
      b.stride.x = stride_x_;
      b.layers.y = b.stride.y = y;
      for (row& r : b.rows) {
        if (&r != &b.rows.front()) y += 2 * line_gap;
        r.y = y;
        const bool beside = !r.free.empty() && fits_beside(r);
        double height = beside ? 0 : chip_grid::chip_height;
        for (const column& c : columns_)
          if (const auto at = r.cells.find(c.name); at != r.cells.end()) {
            at->second.x = c.x;
            at->second.y = y;
            height = std::max(height, at->second.height());
          }
        if (!beside) y += std::exchange(height, 0) + (r.free.empty() ? 0 : line_gap);
        double x = fields_x_;
        double line = 0;
        for (free_cell& f : r.free) {
          if (x > fields_x_ && x + f.width() > right) {
            x = fields_x_;
            y += std::exchange(line, 0) + line_gap;
          }
          f.grid.x = x + f.label_width();
          f.grid.y = y;
          x += f.width() + column_gap;
          line = std::max(line, f.grid.height());
        }
        y += std::max(line, height);
        r.height = y - r.y;
      }
      y = std::max(y, b.y + padding + std::max(b.layers.height(), b.stride.height())) + padding;
      b.height = y - b.y;
      y += box_gap;
    }
  }

  /// Lanes for the arcs of skip connections, short ones next to the boxes. Returns how many.
  int lay_skips() {
    for (std::size_t to = 0; to < space_.stages.size(); ++to)
      for (const typed_value& source : space_.stages[to].skip.values)
        for (std::size_t from = 0; from < to; ++from)
          if (space_.stages[from].name == source.name())
            arcs_.push_back({from, to, space_.stages[to].skip.how != field_kind::fixed, 0});
    std::sort(arcs_.begin(), arcs_.end(), [](const skip_arc& a, const skip_arc& b) {
      return a.to - a.from != b.to - b.from ? a.to - a.from < b.to - b.from : a.to < b.to;
    });
    int lanes = 0;
    for (std::size_t i = 0; i < arcs_.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j)
        if (arcs_[j].from < arcs_[i].to && arcs_[i].from < arcs_[j].to)
          arcs_[i].lane = std::max(arcs_[i].lane, arcs_[j].lane + 1);
      lanes = std::max(lanes, arcs_[i].lane + 1);
    }
    return lanes;
  }
};

}  // namespace nascent::detail
