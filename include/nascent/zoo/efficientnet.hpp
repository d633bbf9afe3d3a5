// SPDX-License-Identifier: Apache-2.0
/// \file
/// EfficientNet-B0 (Tan and Le, 2019) and EfficientNet-X-B0 (Li et al., 2021) as networks: spaces of one candidate.
#pragma once

#include "nascent/block/block.hpp"
#include "nascent/space/space.hpp"

namespace nascent::zoo {

/// EfficientNet-B0: squeeze-and-excite to a quarter of each block's input, swish everywhere. Scale it for B1 to B7.
inline constexpr auto efficientnet_b0 = define([] {
  constexpr auto block = [](int filters, int kernel, int expand) {
    return mbconv{.filters = filters, .kernel = kernel, .expand = expand, .se = .25, .act = swish};
  };
  return search_space("EfficientNet-B0")
      .input(3, 224)
      .stage("stem", conv{.filters = 32, .act = swish})
      .stride(2)
      .stage("1", block(16, 3, 1))
      .layers(1)
      .stage("2", block(24, 3, 6))
      .stride(2)
      .layers(2)
      .stage("3", block(40, 5, 6))
      .stride(2)
      .layers(2)
      .stage("4", block(80, 3, 6))
      .stride(2)
      .layers(3)
      .stage("5", block(112, 5, 6))
      .layers(3)
      .stage("6", block(192, 5, 6))
      .stride(2)
      .layers(4)
      .stage("7", block(320, 3, 6))
      .layers(1)
      .head(conv{.filters = 1280, .kernel = 1, .act = swish}, global_pool{}, dense{1000});
});

/// EfficientNet-X-B0 by its public definition: a trainable space-to-depth convolution before stage 1, fused blocks with
/// swish in stages 2 and 3, relu elsewhere. Two first layers are stages of their own: they refer to the channels before
/// space-to-depth, where the map has four times as many (expansion 96 = 6 x 16 = 1.5 x 64; squeeze-and-excite 32 = 0.25
/// x 128 and 16 = 0.25 x 64).
inline constexpr auto efficientnet_x_b0 = define([] {
  constexpr auto fused = [](int filters, int kernel) {
    return fused_mbconv{.filters = filters, .kernel = kernel, .expand = 6, .se = 1., .act = swish};
  };
  constexpr auto block = [](int filters, int kernel) {
    return mbconv{.filters = filters, .kernel = kernel, .expand = 6, .se = 1.};
  };
  return search_space("EfficientNet-X-B0")
      .input(3, 224)
      .stage("stem", conv{.filters = 32})
      .stride(2)
      .stage("reshape", space_to_depth{.factor = 2})
      .stage("1", mbconv{.filters = 64, .kernel = 2, .expand = 1, .se = .25})
      .stage("2a", fused_mbconv{.filters = 24, .kernel = 3, .expand = 1.5, .se = .25, .act = swish})
      .stage("2b", fused(24, 3))
      .layers(1)
      .stage("3", fused(40, 5))
      .stride(2)
      .layers(2)
      .stage("4", block(80, 3))
      .stride(2)
      .layers(3)
      .stage("5", block(112, 5))
      .layers(3)
      .stage("6", block(192, 5))
      .stride(2)
      .layers(4)
      .stage("7", block(320, 3))
      .layers(1)
      .head(conv{.filters = 1280, .kernel = 1}, global_pool{}, dense{1000});
});

}  // namespace nascent::zoo
