// SPDX-License-Identifier: Apache-2.0
/// \file
/// ResNet (He et al., 2015, "Deep Residual Learning for Image Recognition") and its descendants: SE-ResNet (Hu et al.,
/// 2018), ResNeXt (Xie et al., 2017), ResNet-D (He et al., 2018, "Bag of Tricks for Image Classification with
/// Convolutional Neural Networks").
#pragma once

#include <array>
#include <string_view>

#include "nascent/block/basic_block.hpp"
#include "nascent/block/block.hpp"
#include "nascent/zoo/model.hpp"

namespace nascent::zoo {

/// The first layers: a 7x7 convolution with stride 2 to 64 filters or, where `deep` > 0, three 3x3 convolutions to
/// `deep`, `deep` and 2 * `deep` filters; then a 3x3 max pool with stride 2.
constexpr tensor resnet_stem(auto& net, tensor x, int deep) {
  net.stage("stem");
  if (deep == 0) {
    x = net.conv(x, {.filters = 64, .kernel = 7, .stride = 2, .act = relu, .pad = padding::symmetric});
  } else {
    x = net.conv(x, {.filters = deep, .kernel = 3, .stride = 2, .act = relu, .pad = padding::symmetric});
    x = net.conv(x, {.filters = deep, .kernel = 3, .act = relu});
    x = net.conv(x, {.filters = 2 * deep, .kernel = 3, .act = relu});
  }
  return net.max_pool(x, {.kernel = 3, .stride = 2, .pad = padding::symmetric});
}

/// Names of four stages.
inline constexpr std::array<std::string_view, 4> stage_names{"1", "2", "3", "4"};

/// Four stages of bottlenecks with 256 to 2048 filters. The 3x3 convolution takes the stride ("version 1.5", as all
/// public versions now do).
struct resnet_body {
  std::array<int, 4> layers;
  int stem = 0;                           ///< filters of a deep stem; 0: one 7x7 convolution
  double ratio = .25;                     ///< width inside a block over its filters
  int groups = 1;                         ///< of the 3x3 convolution
  double se = 0;                          ///< squeeze-and-excite ratio, of the block's filters
  residual shortcut = residual::strided;  ///< where shapes change

  /// The blocks of a stage. Not inside a template: clang 19 loses fields of other types than the defaults there.
  constexpr auto block(std::size_t stage) const {
    return bottleneck{.filters = 256 << stage,
                      .ratio = ratio,
                      .groups = groups,
                      .se = se,
                      .residual = shortcut,
                      .se_last = true,
                      .pad = padding::symmetric};
  }

  constexpr tensor operator()(auto& net, tensor x) const {
    x = resnet_stem(net, x, stem);
    for (std::size_t i = 0; i < 4; ++i) x = add_stage(net, x, stage_names[i], block(i), layers[i], i == 0 ? 1 : 2);
    return classify(net, x);
  }
};

/// Four stages of basic blocks with 64 to 512 filters.
struct basic_resnet_body {
  std::array<int, 4> layers;

  constexpr auto block(std::size_t stage) const {
    return basic_block{.filters = 64 << stage, .pad = padding::symmetric};
  }

  constexpr tensor operator()(auto& net, tensor x) const {
    x = resnet_stem(net, x, 0);
    for (std::size_t i = 0; i < 4; ++i) x = add_stage(net, x, stage_names[i], block(i), layers[i], i == 0 ? 1 : 2);
    return classify(net, x);
  }
};

inline constexpr model resnet_18{"ResNet-18", 224, basic_resnet_body{{2, 2, 2, 2}}, {0, 1.8, "ResNet paper, Table 1"}};
inline constexpr model resnet_34{"ResNet-34",
                                 224,
                                 basic_resnet_body{{3, 4, 6, 3}},
                                 {0, 3.6, "ResNet paper, Table 1", "printed with two digits, as if cut"}};
inline constexpr model resnet_50{"ResNet-50",
                                 224,
                                 resnet_body{.layers = {3, 4, 6, 3}},
                                 {26, 4.1, "EfficientNet-X paper, Table 3", "params printed with two digits"}};
inline constexpr model se_resnet_50{
    "SE-ResNet-50",
    224,
    resnet_body{.layers = {3, 4, 6, 3}, .se = 1. / 16},
    {28.09, 4, "GPUNet paper, Table 3, called ResNet-50", "MACs printed with one digit"}};
inline constexpr model resnext_50_32x4d{"ResNeXt-50 32x4d",
                                        224,
                                        resnet_body{.layers = {3, 4, 6, 3}, .ratio = .5, .groups = 32},
                                        {25.03, 4.26, "timm results, resnext50_32x4d"}};
inline constexpr model resnet_50_d{"ResNet-50-D",
                                   224,
                                   resnet_body{.layers = {3, 4, 6, 3}, .stem = 32, .shortcut = residual::project},
                                   {25.58, 4.35, "timm results, resnet50d"}};

}  // namespace nascent::zoo
