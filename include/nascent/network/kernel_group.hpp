// SPDX-License-Identifier: Apache-2.0
/// \file
/// Kinds of work: what explanations sum over and pictures colour. `group_of(layer)` is in network/layer.hpp.
#pragma once

#include <cstdint>

#include "nascent/base/language.hpp"

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
  activation,
  normalization,
  product
};

inline constexpr int kernel_group_count = 12;

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
    case kernel_group::normalization: return "normalisations";
    case kernel_group::product: return "products of maps";
  }
  return "unknown";
}

}  // namespace nascent
