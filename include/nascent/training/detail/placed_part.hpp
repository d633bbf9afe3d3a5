// SPDX-License-Identifier: Apache-2.0
/// \file
/// Where the layers of a network stand in its space.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "nascent/network/interpreter.hpp"
#include "nascent/network/net.hpp"
#include "nascent/space/space.hpp"

namespace nascent::detail {

/// An outermost block of a network, or a layer in none. Unlike `block_span::layer`, its number counts those before it
/// that made no layer: what a layer is does not hang on whether the one before was skipped.
struct placed_part {
  static constexpr int connection = -1;  ///< the number of a skip connection between stages

  int stage = -1;
  int layer = 0;                ///< among the parts of its stage, from 0
  std::size_t first_layer = 0;  ///< of the network
  std::size_t layer_count = 0;  ///< 0 of a skipped one
  std::string_view name{};      ///< of the block's type; empty for a layer in none
  std::span<const std::string_view> field_names{};
  std::array<typed_value, max_block_fields> values{};

  std::size_t end_layer() const { return first_layer + layer_count; }
};

/// An interpreter that lists the parts of a network in order.
class part_recorder {
 public:
  std::vector<placed_part> take() { return std::move(parts_); }

  void operator()(const layer& /*unused*/) {
    if (depth_ == 0) parts_.push_back({.stage = stage_, .layer = next_++, .first_layer = layers_, .layer_count = 1});
    ++layers_;
  }
  void begin_block(const block_description& block) {
    if (depth_++ > 0) return;
    const bool connects = block.name == "skip_connection";
    placed_part p{.stage = stage_,
                  .layer = connects ? placed_part::connection : next_++,
                  .first_layer = layers_,
                  .name = block.name,
                  .field_names = block.field_names};
    for (std::size_t i = 0; i < block.fields.size() && i < p.values.size(); ++i) p.values[i] = block.fields[i];
    parts_.push_back(p);
  }
  void end_block() {
    if (--depth_ == 0) parts_.back().layer_count = layers_ - parts_.back().first_layer;
  }
  void stage(int number) {
    stage_ = number;
    next_ = 0;
  }

 private:
  std::vector<placed_part> parts_;
  std::size_t layers_ = 0;
  int stage_ = -1;
  int next_ = 0;
  int depth_ = 0;
};

/// Those of a candidate's network.
template <network_space Space>
std::vector<placed_part> parts_of(const Space& s, const candidate<Space>& c) {
  part_recorder parts;
  net<part_recorder> n(parts);
  s.build(c, n);
  return parts.take();
}

}  // namespace nascent::detail
