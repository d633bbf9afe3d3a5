// SPDX-License-Identifier: Apache-2.0
/// \file
/// The numbers of a network: one kernel and one bias per convolution or dense layer, batch normalisation already folded
/// in.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "nascent/network/network.hpp"

namespace nascent {

/// Weights of one layer. `kernel` is ordered [output channel][height][width][input channel of the group]; `bias` has
/// one number per output channel. Both are empty for layers without weights.
struct layer_weights {
  std::vector<float> kernel;
  std::vector<float> bias;
};

/// Weights of a whole network: one entry per layer, in the network's order.
using weights = std::vector<layer_weights>;

/// Reproducible random weights: uniform with variance 2 / fan-in (He et al., 2015), small biases. The same seed gives
/// the same numbers on every compiler.
inline weights random_weights(const network& graph, std::uint64_t seed) {
  std::uint64_t state = seed;
  const auto uniform = [&state] {  // splitmix64, top 24 bits, in [-1, 1)
    state += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    z ^= z >> 31;
    return static_cast<float>(z >> 40) * 0x1p-23F - 1.0F;
  };
  weights all(graph.layers().size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const layer& l = graph.layers()[i];
    if (!l.has_weights()) continue;
    const int fan_in = l.kernel_height * l.kernel_width * (l.input.channels / l.groups);
    const float scale = std::sqrt(6.0F / static_cast<float>(fan_in));
    all[i].kernel.resize(static_cast<std::size_t>(weight_elements(l)));
    all[i].bias.resize(static_cast<std::size_t>(l.output.channels));
    for (float& value : all[i].kernel) value = scale * uniform();
    for (float& value : all[i].bias) value = 0.1F * uniform();
  }
  return all;
}

}  // namespace nascent
