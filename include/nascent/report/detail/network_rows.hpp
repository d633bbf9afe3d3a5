// SPDX-License-Identifier: Apache-2.0
/// \file
/// A network made short for a picture: repeated blocks once, squeeze-and-excite as one row.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "nascent/base/number_text.hpp"
#include "nascent/block/squeeze_excite.hpp"
#include "nascent/network/kernel_group.hpp"
#include "nascent/network/network.hpp"
#include "nascent/report/svg.hpp"

namespace nascent::detail {

/// One line of the picture of a network.
struct network_row {
  std::size_t first = 0;  ///< layer that the line shows; for squeeze-and-excite its first
  std::size_t last = 0;
  const block_span* squeeze = nullptr;  ///< the squeeze-and-excite that it stands for, or null
  std::vector<int> sources{};           ///< rows that it reads, -1 for the input
  std::string output{};                 ///< its name, where the row makes an output of several
};

/// Rows that stand for `times` equal blocks.
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

/// The blocks of a network, equal ones after one another once.
class folded_network {
 public:
  explicit folded_network(const network& graph) : graph_(graph), row_of_(graph.layers().size() + 1, -1) {
    const std::vector<network_part> parts = graph.parts();
    for (std::size_t i = 0; i < parts.size();) {
      const network_part& p = parts[i];
      const std::string& name = graph.stage_of(p.first_layer);
      if (stages_.empty() || stages_.back().name != name)
        stages_.push_back({.name = name, .first_layer = p.first_layer});
      std::size_t end = i + 1;
      while (end < parts.size() && parts[end].repeat > 0) ++end;
      add_run(stages_.back(), p, static_cast<int>(end - i));
      for (std::size_t l = p.end_layer(); l < parts[end - 1].end_layer(); ++l)
        row_of_[l + 1] = row_of_[l + 1 - p.layer_count];
      i = end;
      stages_.back().layers = parts[i - 1].end_layer() - stages_.back().first_layer;
    }
    const std::vector<network_output> outputs = graph.outputs();
    if (outputs.size() < 2) return;
    for (const network_output& o : outputs) {
      std::string& words = rows_[static_cast<std::size_t>(row_of_[static_cast<std::size_t>(o.tensor)])].output;
      words += (words.empty() ? "" : ", ") + o.name;
    }
  }

  const std::vector<network_stage>& stages() const { return stages_; }
  const std::vector<network_row>& rows() const { return rows_; }

 private:
  void add_run(network_stage& s, const network_part& p, int times) {
    if (times > 1 || s.runs.empty() || s.runs.back().times > 1)
      s.runs.push_back({.first_row = rows_.size(), .times = times});
    for (std::size_t i = p.first_layer; i < p.end_layer();) {
      network_row r{.first = i, .last = i, .squeeze = squeeze_excite_at(p, i)};
      if (r.squeeze != nullptr) r.last = r.squeeze->end_layer() - 1;
      const layer& l = graph_.layers()[i];
      for (std::size_t k = 0; k < static_cast<std::size_t>(l.operand_count); ++k)
        r.sources.push_back(row_of_[static_cast<std::size_t>(l.operands[k])]);
      for (; i <= r.last; ++i) row_of_[i + 1] = static_cast<int>(rows_.size());
      rows_.push_back(std::move(r));
    }
    s.runs.back().rows = rows_.size() - s.runs.back().first_row;
  }

  const block_span* squeeze_excite_at(const network_part& p, std::size_t layer) const {
    if (p.block < 0) return nullptr;
    for (const block_span& b : graph_.blocks().subspan(static_cast<std::size_t>(p.block))) {
      if (b.first_layer > layer) break;
      if (b.first_layer == layer && b.name == block_name<squeeze_excitation> && b.find("hidden") != nullptr) return &b;
    }
    return nullptr;
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

/// "leaky_relu 0.1"
inline std::string activation_text(const activation_function& f) {
  std::string words = to_string(f.act);
  if (f.numbers.first.said()) words += " " + exact_text(f.numbers.first.value());
  if (f.numbers.second.said()) words += " to " + exact_text(f.numbers.second.value());
  return words;
}

/// "conv 3x3 /2, 4 groups, swish"
inline std::string layer_text(const layer& l) {
  if (l.kind == layer_kind::activate) return activation_text(l.function());
  const std::string by = "\xC3\x97";
  std::string words = to_string(l.kind);
  if (l.kind == layer_kind::scale) words = l.batch_norm ? "batch norm" : "layer scale";
  if (l.kind == layer_kind::convolution) words = l.is_depthwise() ? "depthwise" : "conv";
  std::ranges::replace(words, '_', ' ');
  const bool has_window = l.kind == layer_kind::convolution || l.kernel_height > 1 || l.kernel_width > 1;
  if (has_window) words += " " + std::to_string(l.kernel_height) + by + std::to_string(l.kernel_width);
  if (l.stride_height != 1 || l.stride_width != 1)
    words += (has_window ? " /" : " " + by) + std::to_string(l.stride_height) +
             (l.stride_width == l.stride_height ? "" : by + std::to_string(l.stride_width));
  if (l.pad == padding::valid) words += ", no padding";
  if (l.kind == layer_kind::softmax) return words + " over " + std::to_string(l.groups) + " parts";
  if (l.kind == layer_kind::multiply && l.over != broadcast::positions) words = "product";
  if (l.groups > 1 && !l.is_depthwise())
    words += ", " + std::to_string(l.groups) + (l.is_product() ? " heads" : " groups");
  if (l.dilation > 1) words += ", dilation " + std::to_string(l.dilation);
  if (l.act != activation::identity) words += ", " + activation_text(l.function());
  return words;
}

/// The class of a layer in the pictures: a name for the legend and a colour.
struct layer_look {
  const char* name;
  int colour;
};
inline layer_look look_of(const layer& l, bool squeeze = false) {
  if (squeeze) return {"squeeze-excite", 3};
  switch (group_of(l)) {
    case kernel_group::pointwise:
      return {
          "1\xC3\x97"
          "1 convolution",
          0};
    case kernel_group::convolution: return {"convolution", 1};
    case kernel_group::depthwise: return {"depthwise", 2};
    case kernel_group::grouped: return {"grouped convolution", 7};
    case kernel_group::dense: return {"dense", 4};
    case kernel_group::pool: return {"pool", 5};
    case kernel_group::activation: return {"activation", 6};
    case kernel_group::normalization: return {"normalisation", 8};
    case kernel_group::product: return {"product of maps", 7};
    case kernel_group::gate:
    case kernel_group::sum: return {"element-wise", 9};
    case kernel_group::copy: break;
  }
  return {"rearrangement", 8};
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
