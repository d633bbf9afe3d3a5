// SPDX-License-Identifier: Apache-2.0
/// \file
/// A network made short for a picture: repeated runs of layers once, squeeze-and-excite as one row.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "nascent/network/network.hpp"
#include "nascent/report/svg.hpp"

namespace nascent::detail {

/// One line of the picture of a network.
struct network_row {
  std::size_t first = 0;  ///< layer that the line shows; for squeeze-and-excite the first of four
  std::size_t last = 0;
  bool squeeze = false;
  std::vector<int> sources{};  ///< rows that it reads, -1 for the input
};

/// Rows that stand for `times` equal runs of layers.
struct network_run {
  std::size_t first_row = 0;
  std::size_t rows = 0;
  int times = 1;
};

struct network_stage {
  std::string name{};
  std::size_t first_layer = 0;
  std::size_t layers = 0;
  std::vector<network_run> runs{};  ///< in order, every row of the stage in one of them
};

/// Equal runs of layers, found and folded.
class folded_network {
 public:
  explicit folded_network(const network& graph) : graph_(graph), row_of_(graph.layers().size() + 1, -1) {
    const std::size_t n = graph.layers().size();
    for (std::size_t i = 0; i < n;) {
      network_stage s{.name = graph.stage_of(i), .first_layer = i};
      while (i < n && graph.stage_of(i) == s.name) ++i;
      s.layers = i - s.first_layer;
      fold(s, s.first_layer, i);
      stages_.push_back(std::move(s));
    }
  }

  const std::vector<network_stage>& stages() const { return stages_; }
  const std::vector<network_row>& rows() const { return rows_; }

 private:
  /// Equal but for their place in the network: operands count from the layer backwards.
  bool same(std::size_t a, std::size_t b) const {
    layer x = graph_.layers()[a];
    const layer& y = graph_.layers()[b];
    for (std::size_t i = 0; i < static_cast<std::size_t>(x.operand_count); ++i)
      x.operands[i] += static_cast<int>(b) - static_cast<int>(a);
    return x == y;
  }

  /// Whether a block may begin at layer `at`: nothing that the stage made before, but the last tensor, is read from
  /// there on.
  bool is_cut(std::size_t at, std::size_t begin, std::size_t end) const {
    for (std::size_t i = at; i < end; ++i)
      for (std::size_t k = 0; k < static_cast<std::size_t>(graph_.layers()[i].operand_count); ++k) {
        const auto t = static_cast<std::size_t>(graph_.layers()[i].operands[k]);
        if (t > begin && t < at) return false;
      }
    return true;
  }

  struct repeat {
    std::size_t at = 0;
    std::size_t period = 0;
    std::size_t times = 1;
    std::size_t cover() const { return period * times; }
  };

  /// The repetition that covers most layers; of equal ones that with the shortest run that begins where a block may, as
  /// late as possible.
  repeat longest_repeat(std::size_t begin, std::size_t end) const {
    repeat best;
    bool best_cut = false;
    for (std::size_t period = 1; period * 2 <= end - begin; ++period) {
      std::size_t run = 0;  // layers from i on that equal those one period later
      for (std::size_t i = end - period; i-- > begin;) {
        run = same(i, i + period) ? run + 1 : 0;
        const repeat r{i, period, run / period + 1};
        if (r.times < 2 || r.cover() < best.cover() ||
            (r.cover() == best.cover() && (best_cut || r.period > best.period)))
          continue;
        const bool cut = is_cut(i, begin, end);
        if (r.cover() == best.cover() && !cut) continue;
        best = r;
        best_cut = cut;
      }
    }
    return best;
  }

  /// Appends the rows of layers [begin, end).
  void fold(network_stage& s, std::size_t begin, std::size_t end) {
    if (begin == end) return;
    const repeat r = longest_repeat(begin, end);
    if (r.times < 2) return add_run(s, begin, end, 1);
    fold(s, begin, r.at);
    add_run(s, r.at, r.at + r.period, static_cast<int>(r.times));
    for (std::size_t i = r.at + r.period; i < r.at + r.cover(); ++i) row_of_[i + 1] = row_of_[i + 1 - r.period];
    fold(s, r.at + r.cover(), end);
  }

  void add_run(network_stage& s, std::size_t begin, std::size_t end, int times) {
    network_run run{.first_row = rows_.size(), .times = times};
    for (std::size_t i = begin; i < end;) {
      network_row r{.first = i, .last = i, .squeeze = is_squeeze_excite(i, end)};
      if (r.squeeze) r.last = i + 3;
      const layer& l = graph_.layers()[i];
      const std::size_t operands = r.squeeze ? 1 : static_cast<std::size_t>(l.operand_count);
      for (std::size_t k = 0; k < operands; ++k) r.sources.push_back(row_of_[static_cast<std::size_t>(l.operands[k])]);
      for (; i <= r.last; ++i) row_of_[i + 1] = static_cast<int>(rows_.size());
      rows_.push_back(std::move(r));
    }
    run.rows = rows_.size() - run.first_row;
    s.runs.push_back(run);
  }

  /// Pool, two 1x1 convolutions, multiply by what was pooled.
  bool is_squeeze_excite(std::size_t i, std::size_t end) const {
    if (i + 4 > end) return false;
    const layer* l = &graph_.layers()[i];
    const auto follows = [&](std::size_t k, layer_kind kind) {
      return l[k].kind == kind && l[k].operands[0] == static_cast<int>(i + k);
    };
    return l[0].kind == layer_kind::global_average_pool && follows(1, layer_kind::convolution) &&
           follows(2, layer_kind::convolution) && l[3].kind == layer_kind::multiply &&
           l[3].operands[0] == l[0].operands[0] && l[3].operands[1] == static_cast<int>(i + 3);
  }

  const network& graph_;
  std::vector<int> row_of_;  ///< of each tensor
  std::vector<network_stage> stages_;
  std::vector<network_row> rows_;
};

/// "112 x 112 x 32", with the number of maps in front where space_to_batch made several.
inline std::string shape_text(const shape& s) {
  const std::string by = " \xC3\x97 ";
  return (s.batch == 1 ? "" : std::to_string(s.batch) + by) + std::to_string(s.height) + by + std::to_string(s.width) +
         by + std::to_string(s.channels);
}

/// "conv 3x3 /2, 4 groups, swish"
inline std::string layer_text(const layer& l) {
  const std::string by = "\xC3\x97";
  std::string words;
  switch (l.kind) {
    case layer_kind::convolution: words = l.is_depthwise() ? "depthwise" : "conv"; break;
    case layer_kind::max_pool: words = "max pool"; break;
    case layer_kind::average_pool: words = "average pool"; break;
    case layer_kind::global_average_pool: words = "global average pool"; break;
    case layer_kind::space_to_depth: words = "space to depth " + by + std::to_string(l.stride); break;
    case layer_kind::space_to_batch: words = "space to batch " + by + std::to_string(l.stride); break;
    case layer_kind::batch_to_space: words = "batch to space " + by + std::to_string(l.stride); break;
    case layer_kind::activate: return to_string(l.act);
    default: words = to_string(l.kind); break;
  }
  if (l.kind == layer_kind::convolution || l.kind == layer_kind::max_pool || l.kind == layer_kind::average_pool) {
    words += " " + std::to_string(l.kernel_height) + by + std::to_string(l.kernel_width);
    if (l.stride != 1) words += " /" + std::to_string(l.stride);
  }
  if (l.pad == padding::valid) words += ", no padding";
  if (l.kind == layer_kind::softmax) return words + " over " + std::to_string(l.groups) + " parts";
  if (l.groups > 1 && !l.is_depthwise()) words += ", " + std::to_string(l.groups) + " groups";
  if (l.dilation > 1) words += ", dilation " + std::to_string(l.dilation);
  if (l.act != activation::identity) words += std::string(", ") + to_string(l.act);
  return words;
}

/// The class of a layer in the pictures: a name for the legend and a colour.
struct layer_look {
  const char* name;
  int colour;
};
inline layer_look look_of(const layer& l, bool squeeze = false) {
  if (squeeze) return {"squeeze-excite", 3};
  switch (l.kind) {
    case layer_kind::convolution:
      if (l.is_depthwise()) return {"depthwise", 2};
      if (l.groups > 1) return {"grouped convolution", 7};
      return l.kernel_height == 1 && l.kernel_width == 1 ? layer_look{"1\xC3\x97""1 convolution", 0} : layer_look{"convolution", 1};
    case layer_kind::dense: return {"dense", 4};
    case layer_kind::max_pool:
    case layer_kind::average_pool:
    case layer_kind::global_average_pool: return {"pool", 5};
    case layer_kind::activate: return {"activation", 6};
    case layer_kind::add:
    case layer_kind::multiply:
    case layer_kind::concatenate: return {"element-wise", 9};
    default: return {"rearrangement", 8};
  }
}

/// 5288548 is "5.29 M".
inline std::string short_count(std::int64_t count) {
  constexpr std::array<const char*, 5> units{"", " K", " M", " G", " T"};
  double value = static_cast<double>(count);
  std::size_t unit = 0;
  while (value >= 999.5 && unit + 1 < units.size()) {
    value /= 1000;
    ++unit;
  }
  const int decimals = unit == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return fixed_text(value, decimals) + units[unit];
}

}  // namespace nascent::detail
