// SPDX-License-Identifier: Apache-2.0
/// \file
/// Numbers to run a network with where nobody has trained it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "nascent/network/parameters.hpp"

namespace nascent {

/// Reproducible random weights: uniform, small biases. Maps keep about the variance of the input in networks of any
/// depth: kernels have variance 2 / fan-in before an activation (He et al., 2015), 1 / fan-in without one, and less by
/// the number of sums where a branch ends in one. The same seed gives the same numbers on every compiler. \throws
/// network_error where they are more than there is memory
inline weights random_weights(const network& graph, std::uint64_t seed) {
  detail::check_kernel_memory(graph);
  detail::weight_source source(seed);
  const std::vector<float> variances = detail::kernel_variances(graph);
  weights all(graph.layers().size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const layer& l = graph.layers()[i];
    if (!l.has_constants()) continue;
    all[i].kernel = source.kernel(l, variances[i]);
    all[i].bias = source.around(0, 0.1F, static_cast<int>(bias_elements(l)));
  }
  return all;
}

}  // namespace nascent
