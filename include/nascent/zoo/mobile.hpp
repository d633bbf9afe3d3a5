// SPDX-License-Identifier: Apache-2.0
/// \file
/// Networks for phones, each a table of inverted bottlenecks: MobileNetV2 (Sandler et al., 2018), MnasNet (Tan et al.,
/// 2019) and MobileNetV3 (Howard et al., 2019).
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "nascent/block/block.hpp"
#include "nascent/zoo/model.hpp"

namespace nascent::zoo {

/// One row of a table: `layers` equal inverted bottlenecks, the first with the stride.
struct inverted_row {
  std::string_view stage;
  int filters;
  double expand = 6;  ///< expanded channels over channels that enter
  int kernel = 3;
  int stride = 1;
  int layers = 1;
  double se = 0;  ///< squeeze-and-excite ratio
  activation act = relu;
};

/// What a network's squeeze-and-excites have in common; by default EfficientNet's.
struct excitation_form {
  se_reference from = se_reference::block_input;
  se_activation act = se_activation::of_block;
  activation gate = sigmoid;
};

/// The layers of a row. Not inside a template: clang 19 loses fields of other types than the defaults there.
constexpr auto inverted_block(const inverted_row& row, const excitation_form& se) {
  return mbconv{.filters = row.filters,
                .kernel = row.kernel,
                .expand = row.expand,
                .se = row.se,
                .act = row.act,
                .se_from = se.from,
                .se_act = se.act,
                .se_gate = se.gate};
}

/// A 3x3 convolution with stride 2, the rows, a 1x1 convolution, global pooling, a dense layer where `dense_units` > 0,
/// the classifier.
template <std::size_t Rows>
struct inverted_network {
  int stem;
  std::array<inverted_row, Rows> rows;
  int head;
  int dense_units = 0;
  activation act = relu;  ///< of stem, head and dense layer
  excitation_form se{};
  int classes = 1000;

  constexpr tensor operator()(auto& net, tensor x) const {
    net.stage("stem");
    x = net.conv(x, {.filters = stem, .kernel = 3, .stride = 2, .act = act});
    for (const inverted_row& row : rows)
      x = add_stage(net, x, row.stage, inverted_block(row, se), row.layers, row.stride);
    net.stage("head");
    x = net.global_pool(net.conv(x, {.filters = head, .act = act}));
    if (dense_units > 0) x = net.dense(x, {.units = dense_units, .act = act});
    net.stage("classifier");
    return net.dense(x, {.units = classes});
  }
};

/// The same network with a classifier of another size: TensorFlow's ImageNet has 1001 classes, one for background.
template <std::size_t Rows>
constexpr auto with_classes(model<inverted_network<Rows>> m, int classes) {
  m.body.classes = classes;
  m.printed = {};
  return m;
}

namespace detail {

/// MobileNetV3 takes the squeeze-and-excite ratio from the expanded channels, in multiples of 8; inside stands ReLU,
/// and its gate is a piecewise linear sigmoid (section 5.3 of its paper, and all public versions).
template <std::size_t Rows>
constexpr inverted_network<Rows> mobilenet_v3(const std::array<inverted_row, Rows>& rows, int head, int dense_units) {
  return {.stem = 16,
          .rows = rows,
          .head = head,
          .dense_units = dense_units,
          .act = hswish,
          .se = {se_reference::expanded_rounded, se_activation::always_relu, hsigmoid}};
}

}  // namespace detail

/// Table 2 of its paper. TuNAS and later versions write relu where the paper has relu6.
inline constexpr model mobilenet_v2{
    "MobileNetV2",
    224,
    inverted_network<7>{.stem = 32,
                        .rows = {{{.stage = "1", .filters = 16, .expand = 1, .act = relu6},
                                  {.stage = "2", .filters = 24, .stride = 2, .layers = 2, .act = relu6},
                                  {.stage = "3", .filters = 32, .stride = 2, .layers = 3, .act = relu6},
                                  {.stage = "4", .filters = 64, .stride = 2, .layers = 4, .act = relu6},
                                  {.stage = "5", .filters = 96, .layers = 3, .act = relu6},
                                  {.stage = "6", .filters = 160, .stride = 2, .layers = 3, .act = relu6},
                                  {.stage = "7", .filters = 320, .act = relu6}}},
                        .head = 1280,
                        .act = relu6},
    {3.4, .300, "MobileNetV2 paper, Table 4",
     "params printed 3 % below a straight count: unexplained, torchvision has 3504872"}};

/// MnasNet-A1: Figure 7 of its paper, found with squeeze-and-excite.
inline constexpr model mnasnet_a1{
    "MnasNet-A1",
    224,
    inverted_network<7>{
        .stem = 32,
        .rows = {{{.stage = "1", .filters = 16, .expand = 1},
                  {.stage = "2", .filters = 24, .stride = 2, .layers = 2},
                  {.stage = "3", .filters = 40, .expand = 3, .kernel = 5, .stride = 2, .layers = 3, .se = .25},
                  {.stage = "4", .filters = 80, .stride = 2, .layers = 4},
                  {.stage = "5", .filters = 112, .layers = 2, .se = .25},
                  {.stage = "6", .filters = 160, .kernel = 5, .stride = 2, .layers = 3, .se = .25},
                  {.stage = "7", .filters = 320}}},
        .head = 1280},
    {3.9, .312, "MnasNet paper, Table 1"}};

/// MnasNet-B1, found without squeeze-and-excite; by TuNAS's public code.
inline constexpr model mnasnet_b1{
    "MnasNet-B1", 224,
    inverted_network<7>{.stem = 32,
                        .rows = {{{.stage = "1", .filters = 16, .expand = 1},
                                  {.stage = "2", .filters = 24, .expand = 3, .stride = 2, .layers = 3},
                                  {.stage = "3", .filters = 40, .expand = 3, .kernel = 5, .stride = 2, .layers = 3},
                                  {.stage = "4", .filters = 80, .kernel = 5, .stride = 2, .layers = 3},
                                  {.stage = "5", .filters = 96, .layers = 2},
                                  {.stage = "6", .filters = 192, .kernel = 5, .stride = 2, .layers = 4},
                                  {.stage = "7", .filters = 320}}},
                        .head = 1280}};

/// Table 1 of its paper. The expansions are its "exp size" over the channels that enter: 64 of 16, 72 of 24, 200 and
/// 184 of 80, ...
inline constexpr model mobilenet_v3_large{
    "MobileNetV3-Large",
    224,
    detail::mobilenet_v3<9>(
        {{{.stage = "1", .filters = 16, .expand = 1},
          {.stage = "2a", .filters = 24, .expand = 4, .stride = 2},
          {.stage = "2b", .filters = 24, .expand = 3},
          {.stage = "3", .filters = 40, .expand = 3, .kernel = 5, .stride = 2, .layers = 3, .se = .25},
          {.stage = "4a", .filters = 80, .stride = 2, .act = hswish},
          {.stage = "4b", .filters = 80, .expand = 2.5, .act = hswish},
          {.stage = "4c", .filters = 80, .expand = 2.3, .layers = 2, .act = hswish},
          {.stage = "5", .filters = 112, .layers = 2, .se = .25, .act = hswish},
          {.stage = "6", .filters = 160, .kernel = 5, .stride = 2, .layers = 3, .se = .25, .act = hswish}}},
        960, 1280),
    {5.4, .219, "MobileNetV3 paper, Table 3",
     "TensorFlow's and torchvision's versions, which agree with the count, have 217 M MACs and 5483032 params"}};

/// Table 2 of its paper: 72 of 16, 88 of 24, 96 of 24, 240 of 40, ... The last convolution's squeeze-and-excite, which
/// the table marks and the public versions lack, is left out.
inline constexpr model mobilenet_v3_small{
    "MobileNetV3-Small",
    224,
    detail::mobilenet_v3<7>(
        {{{.stage = "1", .filters = 16, .expand = 1, .stride = 2, .se = .25},
          {.stage = "2a", .filters = 24, .expand = 4.5, .stride = 2},
          {.stage = "2b", .filters = 24, .expand = 88. / 24},
          {.stage = "3a", .filters = 40, .expand = 4, .kernel = 5, .stride = 2, .se = .25, .act = hswish},
          {.stage = "3b", .filters = 40, .kernel = 5, .layers = 2, .se = .25, .act = hswish},
          {.stage = "4", .filters = 48, .expand = 3, .kernel = 5, .layers = 2, .se = .25, .act = hswish},
          {.stage = "5", .filters = 96, .kernel = 5, .stride = 2, .layers = 3, .se = .25, .act = hswish}}},
        576, 1024),
    {2.5, .056, "MobileNetV3 paper, Table 3", "params cut to two digits, not rounded; MACs printed with two digits"}};

}  // namespace nascent::zoo
