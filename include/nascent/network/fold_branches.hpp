// SPDX-License-Identifier: Apache-2.0
/// \file
/// Branches that become one convolution (Ding et al., 2021, "RepVGG: Making VGG-style ConvNets Great Again").
#pragma once

#include <cstddef>
#include <string>

#include "nascent/network/parameters.hpp"

namespace nascent {

/// The one convolution that gives the sum of the branches of a `rep_block` with an odd kernel, of their weights with
/// batch normalisation folded in: the 1x1 kernel is added to the middle of the large one, and so are the factors of
/// what normalises the input, where it passes, on the diagonal. Without it `input` is empty. \throws network_error for
/// numbers that do not fit
inline layer_weights fold_branches(layer_weights large, const layer_weights& point, const layer_weights& input,
                                   int kernel) {
  const std::size_t filters = large.bias.size();
  const std::size_t channels = filters == 0 ? 0 : point.kernel.size() / filters;
  const std::size_t taps = kernel < 1 ? 0 : static_cast<std::size_t>(kernel) * static_cast<std::size_t>(kernel);
  const bool passes = !input.kernel.empty() || !input.bias.empty();
  if (kernel < 1 || kernel % 2 == 0 || filters == 0 || point.bias.size() != filters ||
      point.kernel.size() != channels * filters || large.kernel.size() != taps * channels * filters ||
      (passes && (channels != filters || input.kernel.size() != filters || input.bias.size() != filters)))
    throw network_error("network.fold", "fold_branches, kernel " + std::to_string(kernel),
                        "kernels of " + std::to_string(large.kernel.size()) + " and " +
                            std::to_string(point.kernel.size()) + " numbers for " + std::to_string(filters) +
                            " filters, " + std::to_string(input.kernel.size()) + " factors of the input",
                        "an odd kernel, kernels of one number of channels, a bias for each filter, and of the input a "
                        "factor and a summand for each filter or nothing");
  for (std::size_t f = 0; f < filters; ++f) {
    float* const middle = large.kernel.data() + (f * taps + taps / 2) * channels;
    for (std::size_t c = 0; c < channels; ++c) middle[c] += point.kernel[f * channels + c];
    large.bias[f] += point.bias[f];
    if (!passes) continue;
    middle[f] += input.kernel[f];
    large.bias[f] += input.bias[f];
  }
  return large;
}

}  // namespace nascent
