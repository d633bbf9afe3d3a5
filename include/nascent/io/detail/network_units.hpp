// SPDX-License-Identifier: Apache-2.0
/// \file
/// A network, or a block of it, as what a person would write it of: its parts, and the maps that go between them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nascent/network/network.hpp"

namespace nascent::detail {

/// Layers that are written as one: a layer, a block, or a stage of blocks in a chain.
struct network_unit {
  std::size_t first = 0;
  std::size_t end = 0;
  std::vector<int> blocks{};  ///< none: a layer
};

/// What has units: a block, or the whole network. Maps are tensors' numbers.
struct unit_container {
  std::size_t first = 0;
  std::size_t end = 0;
  std::vector<network_unit> units{};
  std::vector<int> inputs{};
  std::vector<int> outputs{};
};

class network_units {
 protected:
  explicit network_units(const network& graph) : graph_(graph), last_use_(graph.layers().size() + 1, 0) {
    for (std::size_t i = 0; i < graph.layers().size(); ++i)
      for_each_operand(i, [&](int t) { last_use_[static_cast<std::size_t>(t)] = i; });
    for (const int t : graph.output_tensors()) last_use_[static_cast<std::size_t>(t)] = never;
  }

  const block_span& block(int number) const { return graph_.blocks()[static_cast<std::size_t>(number)]; }

  /// What layers `first` to `end` read from outside, in the order in which they do.
  std::vector<int> inputs_of(std::size_t first, std::size_t end) const {
    std::vector<int> all;
    for (std::size_t i = first; i < end; ++i)
      for_each_operand(i, [&](int t) {
        if (t <= static_cast<int>(first) && std::ranges::find(all, t) == all.end()) all.push_back(t);
      });
    return all;
  }

  /// What of theirs is read outside; the last where nothing is.
  std::vector<int> outputs_of(std::size_t first, std::size_t end) const {
    std::vector<int> all;
    for (std::size_t t = first + 1; t <= end; ++t)
      if (last_use_[t] >= end) all.push_back(static_cast<int>(t));
    if (all.empty()) all.push_back(static_cast<int>(end));
    return all;
  }

  /// Whether a block is a pool, a dense layer or another single layer that needs no class of its own.
  bool is_plain_layer(const block_span& b) const {
    const layer& l = graph_.layers()[b.first_layer];
    return b.layer_count == 1 && (!l.has_weights() || l.kind == layer_kind::dense);
  }

  /// The parts of block `parent`, or of the network (-1).
  unit_container contain(std::size_t first, std::size_t end, int parent) const {
    unit_container c{.first = first, .end = end, .inputs = inputs_of(first, end), .outputs = outputs_of(first, end)};
    std::size_t at = first;
    const auto lone = [&](std::size_t until) {
      for (; at < until; ++at) c.units.push_back({.first = at, .end = at + 1});
    };
    for (std::size_t i = static_cast<std::size_t>(parent + 1); i < graph_.blocks().size(); ++i) {
      const block_span& b = graph_.blocks()[i];
      if (b.first_layer >= end) break;
      if (b.parent != parent || is_plain_layer(b)) continue;
      lone(b.first_layer);
      c.units.push_back({b.first_layer, b.end_layer(), {static_cast<int>(i)}});
      at = b.end_layer();
    }
    lone(end);
    return c;
  }

  /// The last layer of a container that reads a map, or that makes it; what it gives out is read behind its end.
  std::map<int, std::size_t> last_uses(const unit_container& c) const {
    std::map<int, std::size_t> last;
    for (std::size_t i = c.first; i < c.end; ++i) {
      for_each_operand(i, [&](int t) { last[t] = i; });
      last[static_cast<int>(i) + 1] = i;
    }
    for (const int t : c.outputs) last[t] = never;
    return last;
  }

  /// Joins neighbours of one stage that hand one map on: a block reads what the one before makes, and nobody else does.
  void join_stages(unit_container& c) const {
    std::vector<network_unit> joined;
    for (const network_unit& u : c.units) {
      if (!joined.empty() && continues(joined.back(), u)) {
        joined.back().blocks.push_back(u.blocks.front());
        joined.back().end = u.end;
      } else {
        joined.push_back(u);
      }
    }
    c.units = std::move(joined);
  }

  /// What tells blocks of one name apart, as a person would say it.
  std::string distinction(const block_span& b) const {
    const auto mine = std::span(graph_.layers()).subspan(b.first_layer, b.layer_count);
    const bool strided = std::ranges::any_of(
        mine, [](const layer& l) { return l.has_window() && (l.stride_height > 1 || l.stride_width > 1); });
    const bool sums = std::ranges::any_of(mine, [](const layer& l) { return l.kind == layer_kind::add; });
    return std::string(strided ? "Strided" : "") + (sums ? "Residual" : "");
  }

  /// "mbconv: convolution, depthwise convolution, squeeze excitation, convolution, add"
  std::string about_block(int number) const {
    const block_span& b = block(number);
    std::string all;
    for (const network_unit& u : contain(b.first_layer, b.end_layer(), number).units) {
      const layer& l = graph_.layers()[u.first];
      std::string what = u.blocks.empty() ? to_string(l.kind) : std::string(block(u.blocks.front()).name);
      if (u.blocks.empty() && l.is_depthwise()) what = "depthwise convolution";
      std::ranges::replace(what, '_', ' ');
      all += (all.empty() ? "" : ", ") + what;
      if (all.size() > 80) return std::string(b.name) + ": " + all + ", ...";
    }
    return std::string(b.name) + ": " + all;
  }

  const network& graph_;

 private:
  static constexpr std::size_t never = static_cast<std::size_t>(-1);

  bool continues(const network_unit& before, const network_unit& u) const {
    if (before.blocks.empty() || u.blocks.empty() || graph_.stage_of(u.first).empty() ||
        graph_.stage_of(before.first) != graph_.stage_of(u.first))
      return false;
    const std::vector<int> made = outputs_of(before.first, before.end);
    return inputs_of(before.first, before.end).size() == 1 && made.size() == 1 && made == inputs_of(u.first, u.end) &&
           last_use_[static_cast<std::size_t>(made.front())] < u.end && outputs_of(u.first, u.end).size() == 1;
  }

  template <class F>
  void for_each_operand(std::size_t index, F&& f) const {
    const layer& l = graph_.layers()[index];
    for (std::size_t k = 0; k < static_cast<std::size_t>(l.operand_count); ++k) f(l.operands[k]);
  }

  std::vector<std::size_t> last_use_;  ///< of each tensor: the last layer that reads it
};

}  // namespace nascent::detail
