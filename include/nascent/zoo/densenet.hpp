// SPDX-License-Identifier: Apache-2.0
/// \file
/// DenseNet (Huang et al., 2017, "Densely Connected Convolutional Networks").
#pragma once

#include <array>
#include <cstddef>

#include "nascent/block/basic_block.hpp"
#include "nascent/zoo/resnet.hpp"

namespace nascent::zoo {

/// The first layers of ResNet, four stages of layers that put 32 filters beside what was there, half of the channels
/// between stages.
struct densenet_body {
  std::array<int, 4> layers;

  constexpr tensor operator()(auto& net, tensor x) const {
    x = resnet_stem(net, x, 0);
    for (std::size_t i = 0; i < 4; ++i) {
      net.stage(stage_names[i]);
      for (int l = 0; l < layers[i]; ++l) x = place(net, dense_layer{.growth = 32}, x);
      x = net.batch_norm(x, relu);
      if (i == 3) break;
      x = net.conv(x, {.filters = x.channels / 2, .batch_norm = false});
      x = net.average_pool(x, {});
    }
    return classify(net, x);
  }
};

inline constexpr model densenet_121{"DenseNet-121", 224, densenet_body{{6, 12, 24, 16}}};

}  // namespace nascent::zoo
