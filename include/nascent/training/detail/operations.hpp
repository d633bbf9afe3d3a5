// SPDX-License-Identifier: Apache-2.0
/// \file
/// What a layer of a space can be, the rest of its network given.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <vector>

#include "nascent/network/network.hpp"
#include "nascent/space/space_view.hpp"
#include "nascent/space/view_of.hpp"
#include "nascent/training/detail/placed_part.hpp"

namespace nascent::detail {

/// Calls `visit(candidate)` for all ways to decide one layer of a candidate, or all layers of a stage where they are
/// alike. Constraints are not looked at.
template <layered_space Space, class Visit>
void for_each_operation(const Space& s, const stage_view& stage, int layer, candidate<Space> c, Visit&& visit) {
  const auto first =
      static_cast<std::size_t>(stage.first_layer_slot + (stage.independent ? layer * stage.slots_per_layer : 0));
  const std::size_t end = first + static_cast<std::size_t>(stage.slots_per_layer);
  for (std::size_t k = first; k < end; ++k) c.digits[k] = inactive;
  const auto decide = [&](const auto& self, std::size_t k) -> void {
    if (k == end) return visit(static_cast<const candidate<Space>&>(c));
    if (!s.is_active(c, k)) return self(self, k + 1);
    for (int option = 0; option < s.slot(k).options; ++option) {
      c.digits[k] = static_cast<digit>(option);
      self(self, k + 1);
    }
    c.digits[k] = inactive;
  };
  decide(decide, first);
}

/// One layer of a stage by itself; its graph has no layers where the layer passes its input on.
struct operation {
  network graph{};
  placed_part part{};
  shape output{};
};

/// On a map of some shape, as the candidate decides; none where it cannot be.
template <layered_space Space>
std::optional<operation> operation_of(const Space& s, const space_view& view, const candidate<Space>& c, int stage,
                                      int layer, const shape& input) {
  const stage_view& at = view.stages[static_cast<std::size_t>(stage)];
  const std::span<const digit> digits(c.digits.data(), view.slots.size());
  operation o{network(s.name(), input)};
  net<network> n(o.graph);
  const tensor x{input.batch, input.height, input.width, input.channels, 0};
  const strides by = layer == 0 ? strides_of(at.stride.value(digits)) : strides{1};
  const tensor out = s.build_layer(digits, static_cast<std::size_t>(stage), layer, n, x, by);
  const bool is_empty = o.graph.layers().empty();
  if (n.fault() || (out.id == 0) != is_empty) return std::nullopt;
  finish(o.graph, out, unused_layers::keep);
  o.output = out.shape();
  o.part = {.stage = stage, .layer = layer, .layer_count = o.graph.layers().size()};
  if (!o.graph.blocks().empty()) {
    const block_span& b = o.graph.blocks().front();
    o.part.name = b.name;
    o.part.field_names = b.field_names;
    o.part.values = b.values;
  }
  return o;
}

/// The only map that layers take from outside, and the only one of theirs that others read.
struct block_flow {
  int input = 0;
  int output = 0;
};
inline std::optional<block_flow> flow_of(const network& graph, std::size_t first, std::size_t end) {
  std::set<int> in;
  std::set<int> out;
  const auto from = static_cast<int>(first);
  const auto last = static_cast<int>(end);
  const auto read = [&](int tensor) {
    if (tensor > from && tensor <= last) out.insert(tensor);
  };
  for (std::size_t i = first; i < graph.layers().size(); ++i) {
    const layer& l = graph.layers()[i];
    for (std::size_t k = 0; k < l.operand_count; ++k)
      if (i >= end) read(l.operands[k]);
      else if (l.operands[k] <= from) in.insert(l.operands[k]);
  }
  for (const int tensor : graph.output_tensors()) read(tensor);
  if (in.size() != 1 || out.size() != 1) return std::nullopt;
  return block_flow{*in.begin(), *out.begin()};
}

}  // namespace nascent::detail
