// SPDX-License-Identifier: Apache-2.0
/// \file
/// Parameters to begin a training with.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <vector>

#include "nascent/base/random.hpp"
#include "nascent/network/parameters.hpp"

namespace nascent {

/// Numbers that reach one output of a layer with weights: of a depthwise convolution the taps of one channel, of a
/// transposed one as many as reach a pixel on average.
inline double fan_in(const layer& l) {
  const int inputs = l.input.channels / l.groups;
  const double taps = static_cast<double>(l.kernel_height) * l.kernel_width * inputs;
  if (l.kind != layer_kind::transposed_convolution) return taps;
  return std::max(1.0, taps / (static_cast<double>(l.stride_height) * l.stride_width));
}

namespace detail {

/// Those of one layer.
template <class Generator>
layer_parameters initial_layer(const layer& l, Generator& rng) {
  layer_parameters p;
  if (!l.has_constants()) return p;
  const auto channels = static_cast<std::size_t>(l.output.channels);
  const auto normal = [&](double deviation) {  // Box and Muller, 1958; one of the two
    const double u = static_cast<double>((rng() >> 11) + 1) * 0x1p-53;
    const double v = static_cast<double>(rng() >> 11) * 0x1p-53;
    return static_cast<float>(deviation * std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v));
  };
  p.kernel.resize(static_cast<std::size_t>(trained_elements(l)), 1.0F);
  if (l.kind == layer_kind::prelu) {
    p.kernel.assign(channels, 0.25F);  // PyTorch's
  } else if (!l.scales_channels()) {
    const double deviation = l.embeds() ? 0.02 : std::sqrt((l.act == activation::identity ? 1.0 : 2.0) / fan_in(l));
    for (float& x : p.kernel) x = normal(deviation);
  }
  if (l.bias) p.bias.resize(channels, 0.0F);
  if (l.batch_norm)
    p.norm = {.gamma = std::vector<float>(channels, 1.0F),
              .beta = std::vector<float>(channels, 0.0F),
              .mean = std::vector<float>(channels, 0.0F),
              .variance = std::vector<float>(channels, 1.0F)};
  return p;
}

}  // namespace detail

/// Kernels are normally distributed with variance 2 / fan-in before an activation (He et al., 2015), 1 / fan-in without
/// one; those that weigh each number alone, and gammas, are 1, slopes of PReLUs 1/4; biases, betas and means 0,
/// variances 1; embeddings have a deviation of 0.02. Layer i's numbers depend on `seed` and i alone. \throws
/// network_error where they are more than there is memory
inline network_parameters initial_parameters(const network& graph, std::uint64_t seed) {
  detail::check_kernel_memory(graph);
  network_parameters all;
  for (std::size_t i = 0; i < graph.layers().size(); ++i) {
    random_engine rng(seed + 0x9e3779b97f4a7c15U * i);
    all.push_back(detail::initial_layer(graph.layers()[i], rng));
  }
  return all;
}

}  // namespace nascent
