// SPDX-License-Identifier: Apache-2.0
/// \file
/// The order of kernels in programs whose maps are NCHW: ONNX, PyTorch.
#pragma once

#include <cstddef>
#include <vector>

#include "nascent/network/layer.hpp"

namespace nascent::detail {

/// Calls `f(ours, theirs)` with the place of every number of a convolution's kernel in both orders. Theirs is [output
/// channel][input channel][height][width], of a transposed convolution [input channel][output channel of the group]
/// [height][width].
template <class F>
void for_each_kernel_place(const layer& l, F&& f) {
  const std::size_t taps = static_cast<std::size_t>(l.kernel_height) * static_cast<std::size_t>(l.kernel_width);
  const auto depth = static_cast<std::size_t>(l.input.channels / l.groups);
  const auto filters = static_cast<std::size_t>(l.output.channels / l.groups);
  const bool transposed = l.kind == layer_kind::transposed_convolution;
  for (std::size_t o = 0; o < static_cast<std::size_t>(l.output.channels); ++o)
    for (std::size_t t = 0; t < taps; ++t)
      for (std::size_t c = 0; c < depth; ++c) {
        const std::size_t at = transposed ? (o / filters * depth + c) * filters + o % filters : o * depth + c;
        f((o * taps + t) * depth + c, at * taps + t);
      }
}

/// A kernel in their order.
inline std::vector<float> channels_first_kernel(const layer& l, const std::vector<float>& kernel) {
  std::vector<float> turned(kernel.size());
  for_each_kernel_place(l, [&](std::size_t ours, std::size_t theirs) { turned[theirs] = kernel[ours]; });
  return turned;
}

/// And back.
inline std::vector<float> channels_last_kernel(const layer& l, const std::vector<float>& kernel) {
  std::vector<float> turned(kernel.size());
  for_each_kernel_place(l, [&](std::size_t ours, std::size_t theirs) { turned[ours] = kernel[theirs]; });
  return turned;
}

}  // namespace nascent::detail
