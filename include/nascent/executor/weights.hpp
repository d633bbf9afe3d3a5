// SPDX-License-Identifier: Apache-2.0
/// \file
/// Numbers to run a network with where nobody has trained it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "nascent/network/parameters.hpp"

namespace nascent {

/// Reproducible random weights: uniform with variance 2 / fan-in (He et al., 2015), small biases. The same seed gives
/// the same numbers on every compiler.
inline weights random_weights(const network& graph, std::uint64_t seed) {
  detail::weight_source source(seed);
  weights all(graph.layers().size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const layer& l = graph.layers()[i];
    if (!l.has_weights()) continue;
    all[i].kernel = source.kernel(l);
    all[i].bias = source.around(0, 0.1F, l.output.channels);
  }
  return all;
}

}  // namespace nascent
