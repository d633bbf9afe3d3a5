// SPDX-License-Identifier: Apache-2.0
/// \file
/// Networks that need several maps of a backbone: U-Net (Ronneberger et al., 2015), and SSDLite (Sandler et al., 2018)
/// on MobileNetV3-Large (Howard et al., 2019) as torchvision has it. They are built by `make_network`, with as many
/// named outputs as they have.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "nascent/block/block.hpp"
#include "nascent/block/place.hpp"
#include "nascent/network/network.hpp"

namespace nascent::zoo {

/// U-Net at the sizes of its Figure 1: 3x3 convolutions without padding, so that what is carried across is cut to the
/// middle of it; each step down has twice the channels. `make_network("U-Net", {1, 572, 572, 1}, zoo::u_net{})` has
/// 31.0 M parameters and an output of 388 x 388 x 2. With `pad` SAME nothing is cut, and the output is as large as the
/// input, whose sides 16 must divide.
struct u_net {
  int width = 64;  ///< of the first step
  int classes = 2;
  bool batch_norm = false;  ///< behind the convolutions' biases, as it is mostly built today
  padding pad = padding::valid;

  constexpr tensor operator()(auto& net, tensor x) const {
    constexpr std::array<std::string_view, 4> down{"down_1", "down_2", "down_3", "down_4"};
    constexpr std::array<std::string_view, 4> up{"up_1", "up_2", "up_3", "up_4"};
    std::array<tensor, 4> across{};
    int filters = width;
    for (std::size_t i = 0; i < 4; ++i) {
      net.stage(down[i]);
      across[i] = twice(net, x, filters);
      x = net.max_pool(across[i], {.pad = padding::valid});
      filters = net.product(filters, 2);
    }
    net.stage("bottom");
    x = twice(net, x, filters);
    for (std::size_t i = 4; i-- > 0;) {
      net.stage(up[i]);
      filters /= 2;
      x = net.transposed_conv(x, {.filters = filters, .bias = true});
      x = twice(net, net.concatenate(middle(net, across[i], x), x), filters);
    }
    net.stage("classes");
    return net.conv(x, {.filters = classes, .bias = true});
  }

 private:
  constexpr tensor twice(auto& net, tensor x, int filters) const {
    for (int i = 0; i < 2; ++i)
      x = net.conv(x,
                   {.filters = filters, .kernel = 3, .act = relu, .bias = true, .batch_norm = batch_norm, .pad = pad});
    return x;
  }
  /// As much of `map` as `x` has.
  static constexpr tensor middle(auto& net, const tensor& map, const tensor& x) {
    if (map.height == x.height && map.width == x.width) return map;
    return net.slice(
        map,
        {.top = (map.height - x.height) / 2, .left = (map.width - x.width) / 2, .height = x.height, .width = x.width});
  }
};

/// Six maps of MobileNetV3-Large with half of the channels in its last stage, and of four strided blocks behind it, are
/// looked at by a depthwise and a 1x1 convolution each for the classes of `anchors` boxes a pixel, and by another pair
/// for their corners: outputs `classes_0` to `classes_5` and `boxes_0` to `boxes_5`, of 20 x 20 pixels down to 1.
/// `make_network("SSDLite320-MobileNetV3-Large", {1, 320, 320, 3}, zoo::ssdlite_mobilenet_v3{})`.
struct ssdlite_mobilenet_v3 {
  int classes = 91;  ///< COCO's, the background among them
  int anchors = 6;

  constexpr void operator()(auto& net, tensor x) const {
    std::array<tensor, 6> maps{};
    backbone(net, x, maps);
    constexpr std::array<std::string_view, 6> class_names{"classes_0", "classes_1", "classes_2",
                                                          "classes_3", "classes_4", "classes_5"};
    constexpr std::array<std::string_view, 6> box_names{"boxes_0", "boxes_1", "boxes_2",
                                                        "boxes_3", "boxes_4", "boxes_5"};
    net.stage("heads");
    for (std::size_t i = 0; i < maps.size(); ++i) {
      net.output(look_at(net, maps[i], net.product(anchors, classes)), class_names[i]);
      net.output(look_at(net, maps[i], net.product(anchors, 4)), box_names[i]);
    }
  }

 private:
  /// One line of MobileNetV3's Table 1, its stride apart.
  struct line {
    int kernel;
    int expanded;
    int filters;
    bool squeezes;
    activation act;
    int stride;
  };

  static constexpr tensor expand(auto& net, const tensor& x, const line& l) {
    return l.expanded == x.channels ? x : net.conv(x, {.filters = l.expanded, .act = l.act});
  }
  /// The rest of an inverted bottleneck whose input is expanded.
  static constexpr tensor finish(auto& net, tensor x, const tensor& input, const line& l) {
    x = net.depthwise_conv(x, {.kernel = l.kernel, .stride = l.stride, .act = l.act, .pad = padding::symmetric});
    if (l.squeezes) x = squeeze_excite(net, x, make_divisible(l.expanded / 4.), relu, hsigmoid);
    x = net.conv(x, {.filters = l.filters});
    return l.stride == 1 && x.same_shape(input) ? net.add(x, input) : x;
  }

  static constexpr void backbone(auto& net, tensor x, std::array<tensor, 6>& maps) {
    constexpr std::array<line, 15> lines{{{3, 16, 16, false, relu, 1},
                                          {3, 64, 24, false, relu, 2},
                                          {3, 72, 24, false, relu, 1},
                                          {5, 72, 40, true, relu, 2},
                                          {5, 120, 40, true, relu, 1},
                                          {5, 120, 40, true, relu, 1},
                                          {3, 240, 80, false, hswish, 2},
                                          {3, 200, 80, false, hswish, 1},
                                          {3, 184, 80, false, hswish, 1},
                                          {3, 184, 80, false, hswish, 1},
                                          {3, 480, 112, true, hswish, 1},
                                          {3, 672, 112, true, hswish, 1},
                                          {5, 672, 80, true, hswish, 2},
                                          {5, 480, 80, true, hswish, 1},
                                          {5, 480, 80, true, hswish, 1}}};
    net.stage("backbone");
    x = net.conv(x, {.filters = 16, .kernel = 3, .stride = 2, .act = hswish, .pad = padding::symmetric});
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const tensor wide = expand(net, x, lines[i]);
      if (i == 12) maps[0] = wide;  // what the last strided block expands
      x = finish(net, wide, x, lines[i]);
    }
    maps[1] = net.conv(x, {.filters = 480, .act = hswish});
    net.stage("more");
    constexpr std::array<int, 4> filters{512, 256, 256, 128};
    for (std::size_t i = 0; i < filters.size(); ++i) {
      x = net.conv(maps[i + 1], {.filters = filters[i] / 2, .act = relu6});
      x = net.depthwise_conv(x, {.stride = 2, .act = relu6, .pad = padding::symmetric});
      maps[i + 2] = net.conv(x, {.filters = filters[i], .act = relu6});
    }
  }

  static constexpr tensor look_at(auto& net, const tensor& map, int filters) {
    const tensor x = net.depthwise_conv(map, {.act = relu6});
    return net.conv(x, {.filters = filters, .bias = true});
  }
};

}  // namespace nascent::zoo
