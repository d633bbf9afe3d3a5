// SPDX-License-Identifier: Apache-2.0
/// \file
/// MobileNetV4 (Qin et al., 2024, "MobileNetV4: Universal Models for the Mobile Ecosystem"), as timm has it.
#pragma once

#include <array>
#include <cstddef>

#include "nascent/block/universal_inverted_bottleneck.hpp"
#include "nascent/zoo/model.hpp"

namespace nascent::zoo {

/// Table 11 of its paper: pairs of convolutions, universal inverted bottlenecks, and a 1x1 convolution behind the pool.
struct mobilenet_v4_conv_s_body {
  struct step {
    int filters;
    int start_kernel;
    int kernel;
    int expand;
  };

  /// Not inside a template: clang 19 loses fields of other types than the defaults there.
  constexpr static auto block(const step& s) {
    return universal_inverted_bottleneck{.filters = s.filters,
                                         .kernel = s.kernel,
                                         .start_kernel = s.start_kernel,
                                         .expand = s.expand,
                                         .pad = padding::symmetric};
  }

  constexpr static tensor pair(auto& net, tensor x, int wide, int narrow) {
    x = net.conv(x, {.filters = wide, .kernel = 3, .stride = 2, .act = relu, .pad = padding::symmetric});
    return net.conv(x, {.filters = narrow, .act = relu});
  }

  constexpr tensor operator()(auto& net, tensor x) const {
    net.stage("stem");
    x = net.conv(x, {.filters = 32, .kernel = 3, .stride = 2, .act = relu, .pad = padding::symmetric});
    net.stage("1");
    x = pair(net, x, 32, 32);
    net.stage("2");
    x = pair(net, x, 96, 64);
    net.stage("3");
    constexpr std::array<step, 6> third{
        {{96, 5, 5, 3}, {96, 0, 3, 2}, {96, 0, 3, 2}, {96, 0, 3, 2}, {96, 0, 3, 2}, {96, 3, 0, 4}}};
    for (std::size_t i = 0; i < third.size(); ++i) x = place(net, block(third[i]), x, i == 0 ? 2 : 1);
    net.stage("4");
    constexpr std::array<step, 6> fourth{
        {{128, 3, 3, 6}, {128, 5, 5, 4}, {128, 0, 5, 4}, {128, 0, 5, 3}, {128, 0, 3, 4}, {128, 0, 3, 4}}};
    for (std::size_t i = 0; i < fourth.size(); ++i) x = place(net, block(fourth[i]), x, i == 0 ? 2 : 1);
    net.stage("5");
    x = net.conv(x, {.filters = 960, .act = relu});
    net.stage("classifier");
    x = net.conv(place(net, global_pool{}, x), {.filters = 1280, .act = relu});
    return place(net, dense{.units = 1000}, x);
  }
};

inline constexpr model mobilenet_v4_conv_s{"MobileNetV4-Conv-S",
                                           224,
                                           mobilenet_v4_conv_s_body{},
                                           {3.8, 0.2, "MobileNetV4 paper, ImageNet results", "printed with one digit"}};

}  // namespace nascent::zoo
