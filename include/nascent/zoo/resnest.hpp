// SPDX-License-Identifier: Apache-2.0
/// \file
/// ResNeSt (Zhang et al., 2020, "ResNeSt: Split-Attention Networks"): ResNet-D with split attention. Layers, stems and
/// input sizes by the authors' public code (zhanghang1989/ResNeSt).
#pragma once

#include <array>

#include "nascent/block/split_attention.hpp"
#include "nascent/zoo/resnet.hpp"

namespace nascent::zoo {

/// A deep stem and four stages with 256 to 2048 filters, two parts in each block.
struct resnest_body {
  std::array<int, 4> layers;
  int stem;  ///< filters of the first two convolutions; the third has twice as many

  constexpr auto block(std::size_t stage) const {
    return split_attention{.filters = 256 << stage, .pad = padding::symmetric};
  }

  constexpr tensor operator()(auto& net, tensor x) const {
    x = resnet_stem(net, x, stem);
    for (std::size_t i = 0; i < 4; ++i) x = add_stage(net, x, stage_names[i], block(i), layers[i], i == 0 ? 1 : 2);
    return classify(net, x);
  }
};

inline constexpr model resnest_50{
    "ResNeSt-50", 224, resnest_body{.layers = {3, 4, 6, 3}, .stem = 32}, {27.5, 5.4, "GPUNet paper, Table 3"}};
inline constexpr model resnest_101{"ResNeSt-101",
                                   256,
                                   resnest_body{.layers = {3, 4, 23, 3}, .stem = 64},
                                   {48, 13, "EfficientNet-X paper, Table 3", "MACs printed with two digits"}};
inline constexpr model resnest_200{
    "ResNeSt-200",
    320,
    resnest_body{.layers = {3, 24, 36, 3}, .stem = 64},
    {70, 36.3, "EfficientNet-X paper, Table 3", "MACs printed 2.2 % above a straight count: unexplained"}};
inline constexpr model resnest_269{
    "ResNeSt-269", 416, resnest_body{.layers = {3, 30, 48, 8}, .stem = 64}, {111, 77, "EfficientNet-X paper, Table 3"}};

}  // namespace nascent::zoo
