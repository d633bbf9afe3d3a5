// SPDX-License-Identifier: Apache-2.0
/// \file
/// ConvNeXt (Liu et al., 2022, "A ConvNet for the 2020s").
#pragma once

#include <array>
#include <cstddef>

#include "nascent/block/convnext_block.hpp"
#include "nascent/block/tokens.hpp"
#include "nascent/zoo/resnet.hpp"

namespace nascent::zoo {

/// A 4x4 convolution with stride 4 and layer normalisation, four stages of blocks of which each has twice the width of
/// the one before, and layer normalisation between pool and classifier.
struct convnext_body {
  std::array<int, 4> layers;
  int width;  ///< of the first stage

  constexpr auto block(std::size_t stage) const { return convnext_block{.filters = width << stage}; }

  constexpr tensor operator()(auto& net, tensor x) const {
    net.stage("stem");
    x = place(net, patch_embedding{.filters = width, .patch = 4, .norm = true}, x);
    for (std::size_t i = 0; i < 4; ++i) x = add_stage(net, x, stage_names[i], block(i), layers[i], i == 0 ? 1 : 2);
    net.stage("classifier");
    x = place(net, layer_norm<>{}, place(net, global_pool{}, x));
    return place(net, dense{.units = 1000}, x);
  }
};

inline constexpr model convnext_t{"ConvNeXt-T",
                                  224,
                                  convnext_body{.layers = {3, 3, 9, 3}, .width = 96},
                                  {29, 4.5, "ConvNeXt paper, Table 1", "params printed with two digits"}};

}  // namespace nascent::zoo
