// SPDX-License-Identifier: Apache-2.0
/// \file
/// What kind of work a layer is: what explanations sum over and pictures colour.
#pragma once

#include <cstdint>

#include "nascent/network/layer.hpp"

namespace nascent {

/// What kind of work a kernel is.
enum class kernel_group : std::uint8_t {
  convolution,
  pointwise,
  depthwise,
  grouped,
  dense,
  pool,
  gate,
  sum,
  copy,
  activation
};

inline constexpr int kernel_group_count = 10;

/// In the plural: what the rows of a table are.
constexpr const char* to_string(kernel_group group) {
  switch (group) {
    case kernel_group::convolution: return "full convolutions";
    case kernel_group::pointwise: return "1x1 convolutions";
    case kernel_group::depthwise: return "depthwise convolutions";
    case kernel_group::grouped: return "grouped convolutions";
    case kernel_group::dense: return "dense layers";
    case kernel_group::pool: return "pools";
    case kernel_group::gate: return "gates";
    case kernel_group::sum: return "sums";
    case kernel_group::copy: return "copies";
    case kernel_group::activation: return "activations";
  }
  return "unknown";
}

/// The group of a kernel by its core. A gate is the map that squeeze-and-excite multiplies.
constexpr kernel_group group_of(const layer& l) {
  switch (l.kind) {
    case layer_kind::convolution:
      if (l.is_depthwise()) return kernel_group::depthwise;
      if (l.groups > 1) return kernel_group::grouped;
      return l.kernel_height == 1 && l.kernel_width == 1 ? kernel_group::pointwise : kernel_group::convolution;
    case layer_kind::dense: return kernel_group::dense;
    case layer_kind::max_pool:
    case layer_kind::average_pool:
    case layer_kind::global_average_pool: return kernel_group::pool;
    case layer_kind::multiply: return kernel_group::gate;
    case layer_kind::add: return kernel_group::sum;
    case layer_kind::softmax:
    case layer_kind::activate: return kernel_group::activation;
    case layer_kind::concatenate:
    case layer_kind::slice:
    case layer_kind::space_to_depth:
    case layer_kind::space_to_batch:
    case layer_kind::batch_to_space: return kernel_group::copy;
  }
  return kernel_group::copy;
}

}  // namespace nascent
