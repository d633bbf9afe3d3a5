// SPDX-License-Identifier: Apache-2.0
/// \file
/// EfficientNet-Lite0 to Lite4 (tensorflow/tpu, models/official/efficientnet/lite, 22d5cab, Apache-2.0; timm agrees):
/// EfficientNet without squeeze-and-excite and with relu6, whose stem, head, first and last stage do not scale.
#pragma once

#include <array>

#include "nascent/zoo/efficientnet.hpp"
#include "nascent/zoo/model.hpp"

namespace nascent::zoo {

/// Lite0. `fixed` says what its scaling leaves alone: 32 filters of the stem, 1280 of the head. The first and the last
/// stage say nothing of layers, so that they have one at any depth.
inline constexpr auto efficientnet_lite0 = define([] {
  constexpr auto block = [](int filters, int kernel, int expand) {
    return mbconv{.filters = filters, .kernel = kernel, .expand = expand, .act = relu6};
  };
  return search_space("EfficientNet-Lite0")
      .input(3, 224)
      .stage("stem", conv{.filters = fixed(32), .act = relu6})
      .stride(2)
      .stage("1", block(16, 3, 1))
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
      .head(conv{.filters = fixed(1280), .kernel = 1, .act = relu6}, global_pool{}, dense{1000});
});

/// Lite0 at another width and depth.
struct efficientnet_lite_body {
  double width = 1;
  double depth = 1;

  constexpr tensor operator()(auto& net, const tensor& input) const {
    return build(scaled(efficientnet_lite0.only(), {.width = width, .depth = depth}), net, input);
  }
};

/// Lite0 to Lite4 at their authors' resolutions; timm runs Lite3 at 300 px and Lite4 at 380.
inline constexpr std::array<model<efficientnet_lite_body>, 5> efficientnet_lite_family = [] {
  constexpr std::string_view table = "EfficientNet-lite, README";
  constexpr std::string_view high = "MACs printed 3 to 6 % above a straight count: unexplained";
  return std::array<model<efficientnet_lite_body>, 5>{{
      {"EfficientNet-Lite0", 224, {1.0, 1.0}, {4.7, .407, table, high}},
      {"EfficientNet-Lite1", 240, {1.0, 1.1}, {5.4, .631, table, high}},
      {"EfficientNet-Lite2", 260, {1.1, 1.2}, {6.1, .899, table, high}},
      {"EfficientNet-Lite3", 280, {1.2, 1.4}, {8.2, 1.44, table, high}},
      {"EfficientNet-Lite4", 300, {1.4, 1.8}, {13.0, 2.64, table, high}},
  }};
}();

}  // namespace nascent::zoo
