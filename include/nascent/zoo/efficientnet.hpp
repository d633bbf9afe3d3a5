// SPDX-License-Identifier: Apache-2.0
/// \file
/// EfficientNet-B0 (Tan and Le, 2019) and EfficientNet-X-B0 (Li et al., 2021) as networks: spaces of one candidate.
#pragma once

#include "nascent/block/block.hpp"
#include "nascent/space/constraint.hpp"
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

/// A space of the EfficientNet-X kind: the supplement's Table 4 around EfficientNet's stage plan. Every stage chooses
/// the block type, kernel, expansion, squeeze-and-excite, activation, width and depth; the input may be reshaped by a
/// space-to-depth convolution, which then takes the stride of stage 2.
inline constexpr auto efficientnet_x = define([] {
  constexpr auto stage = [](int filters) {
    constexpr auto acts = one_of(relu, swish);
    constexpr auto ratios = one_of(0, .125, .25, .5, 1);
    const auto widths = filters * one_of(.75, 1., 1.25);
    return either(
        mbconv{.filters = widths, .kernel = one_of(3, 5, 7), .expand = one_of(3, 6), .se = ratios, .act = acts},
        fused_mbconv{.filters = widths, .kernel = one_of(3, 5, 7), .expand = one_of(3, 6), .se = ratios, .act = acts});
  };
  return search_space("EfficientNet-X")
      .input(3, range(192, 256, 16))
      .stage("stem", conv{.filters = one_of(24, 32), .act = one_of(relu, swish)})
      .stride(2)
      .stage("reshape", space_to_depth{.factor = 2, .act = one_of(relu, swish)})
      .layers(range(0, 1))
      .stage("1", mbconv{.filters = one_of(16, 24, 64),
                         .kernel = one_of(2, 3, 5),
                         .expand = 1,
                         .se = one_of(0, .125, .25, .5, 1),
                         .act = one_of(relu, swish)})
      .layers(range(1, 2))
      .stage("2", stage(24))
      .stride(one_of(1, 2))
      .layers(range(1, 3))
      .stage("3", stage(40))
      .stride(2)
      .layers(range(1, 3))
      .stage("4", stage(80))
      .stride(2)
      .layers(range(1, 4))
      .stage("5", stage(112))
      .layers(range(1, 4))
      .stage("6", stage(192))
      .stride(2)
      .layers(range(1, 5))
      .stage("7", stage(320))
      .layers(range(1, 2))
      .head(conv{.filters = 1280, .kernel = 1, .act = one_of(relu, swish)}, global_pool{}, dense{1000})
      .require("reshape.layers", "2.stride", [](int reshapes, int stride) { return stride == (reshapes == 1 ? 1 : 2); })
      .require("reshape.layers", "1.filters",
               [](int reshapes, int filters) { return (reshapes == 1) == (filters == 64); });
});

}  // namespace nascent::zoo
