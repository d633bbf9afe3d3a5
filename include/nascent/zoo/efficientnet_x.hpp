// SPDX-License-Identifier: Apache-2.0
/// \file
/// A search space of the EfficientNet-X kind (Li et al., 2021, "Searching for Fast Model Families on Datacenter
/// Accelerators"). Its networks are in zoo/efficientnet.hpp and zoo/efficientnet_x_family.hpp.
#pragma once

#include "nascent/block/block.hpp"
#include "nascent/space/constraint.hpp"
#include "nascent/space/space.hpp"

namespace nascent::zoo {

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
      .layers(fixed(range(0, 1)))  // at every depth: two would fold the map twice
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
      .require(table({"reshape.layers", "2.stride"}, {{0, 2}, {1, 1}}))
      .require(table({"reshape.layers", "1.filters"}, {{0, 16}, {0, 24}, {1, 64}}));
});

}  // namespace nascent::zoo
