// SPDX-License-Identifier: Apache-2.0
/// \file
/// FBNetV2 (Wan et al., 2020) and FBNetV3 (Dai et al., 2021), by their public definitions:
/// facebookresearch/mobile-vision, mobile_cv/arch/fbnet_v2 (Apache-2.0).
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "nascent/block/block.hpp"
#include "nascent/choice/rounding.hpp"
#include "nascent/zoo/model.hpp"

namespace nascent::zoo {

/// One row of a table: `layers` inverted bottlenecks, the first with the stride.
struct fbnet_row {
  std::string_view stage;
  int filters;
  double expand = 6;  ///< 0 for "skip": the input, through a 1x1 convolution where the filters differ
  int kernel = 3;
  int stride = 1;
  int layers = 1;
  bool se = false;
  activation act = hswish;
  padding pad = padding::symmetric;
};

namespace detail {

/// Widths are multiples of 8 and never below 95 % of what was asked for.
constexpr int fbnet_channels(double width) { return make_divisible(width, 8, .95); }

/// A row's layer on `input` channels. Squeeze-and-excite hides a quarter of the expanded channels, or with `less_se` of
/// the input's. Its gate is a piecewise linear sigmoid. A ratio of (hidden + 1/2) / input is cut to `hidden`.
constexpr auto fbnet_bottleneck(const fbnet_row& row, bool less_se, int input) {
  const int expanded = fbnet_channels(input * row.expand);
  const int hidden = fbnet_channels(static_cast<int>(expanded * (less_se ? .25 / row.expand : .25)));
  return mbconv{.filters = row.filters,
                .kernel = row.kernel,
                .expand = static_cast<double>(expanded) / input,
                .se = row.se ? (hidden + .5) / input : 0.,
                .act = row.act,
                .pad = row.pad,
                .se_gate = hsigmoid};
}

struct fbnet_layer {
  fbnet_row row;
  bool less_se;

  constexpr tensor operator()(auto& net, const tensor& input, int stride) const {
    if (row.expand > 0) return place(net, fbnet_bottleneck(row, less_se, input.channels), input, stride);
    return input.channels == row.filters ? input : net.conv(input, {.filters = row.filters, .act = relu});
  }
};

}  // namespace detail

/// A 3x3 convolution with stride 2, the rows, then a 1x1 convolution to six times the channels, pooling, a 1x1
/// convolution without normalisation to `head`, and the classifier.
template <std::size_t Rows>
struct fbnet_network {
  int stem;
  std::array<fbnet_row, Rows> rows;
  int head;
  bool less_se;
  int classes = 1000;

  constexpr tensor operator()(auto& net, tensor x) const {
    net.stage("stem");
    x = net.conv(x, {.filters = stem, .kernel = 3, .stride = 2, .act = hswish, .pad = padding::symmetric});
    for (const fbnet_row& row : rows)
      x = add_stage(net, x, row.stage, detail::fbnet_layer{row, less_se}, row.layers, row.stride);
    net.stage("head");
    x = net.global_pool(net.conv(x, {.filters = 6 * x.channels, .act = hswish}));
    x = net.conv(x, {.filters = head, .act = hswish, .batch_norm = false});
    return classify(net, x, classes);
  }
};

/// What the public figures count.
inline constexpr std::string_view fbnet_source = "facebookresearch/mobile-vision, model_info";
inline constexpr std::string_view fbnet_counting =
    "params without normalisations and biases; MACs with one for each input of a global pool";

namespace detail {

/// The same with another head.
template <std::size_t Rows>
constexpr fbnet_network<Rows> with_head(fbnet_network<Rows> network, int head) {
  network.head = head;
  return network;
}

/// The same with symmetric padding everywhere.
template <std::size_t Rows>
constexpr fbnet_network<Rows> symmetric(fbnet_network<Rows> network) {
  for (fbnet_row& row : network.rows) row.pad = padding::symmetric;
  return network;
}

/// FBNetV2-F1 and F2 are one network at two sizes; F3 has a wider head.
inline constexpr fbnet_network<15> fbnet_v2_f1_rows{
    8,
    {{{.stage = "1", .filters = 8, .expand = 1, .kernel = 5, .act = relu},
      {.stage = "2a", .filters = 24, .expand = 5.4566, .kernel = 5, .stride = 2, .act = relu},
      {.stage = "2b", .filters = 24, .expand = 4.7912, .kernel = 5, .act = relu},
      {.stage = "3a", .filters = 32, .expand = 5.3501, .kernel = 5, .stride = 2, .se = true, .act = relu},
      {.stage = "3b", .filters = 24, .expand = 4.5379, .kernel = 5, .se = true, .act = relu},
      {.stage = "4a", .filters = 56, .expand = 5.7133, .kernel = 5, .stride = 2},
      {.stage = "4b", .filters = 56, .expand = 4.1212},
      {.stage = "4c", .filters = 56, .expand = 5.1246, .se = true},
      {.stage = "4d", .filters = 80, .expand = 0},
      {.stage = "4e", .filters = 80, .expand = 4.507, .kernel = 5, .se = true},
      {.stage = "4f", .filters = 80, .expand = 1.7712, .kernel = 5, .se = true},
      {.stage = "5a", .filters = 144, .expand = 4.5685, .stride = 2, .se = true},
      {.stage = "5b", .filters = 144, .expand = 5.84, .kernel = 5, .se = true},
      {.stage = "5c", .filters = 144, .expand = 6.8754, .kernel = 5, .se = true},
      {.stage = "5d", .filters = 224, .expand = 0}}},
    1600,
    false};

/// FBNetV2-F4.
inline constexpr fbnet_network<17> fbnet_v2_f4_rows{
    16,
    {{{.stage = "1", .filters = 16, .expand = 1},
      {.stage = "2a", .filters = 24, .expand = 5.4566, .kernel = 5, .stride = 2},
      {.stage = "2b", .filters = 24, .expand = 1.7912, .kernel = 5, .layers = 2},
      {.stage = "3a", .filters = 32, .expand = 5.3501, .kernel = 5, .stride = 2, .se = true, .act = relu},
      {.stage = "3b", .filters = 32, .expand = 3.5379, .kernel = 5, .se = true, .act = relu},
      {.stage = "3c", .filters = 32, .expand = 4.5379, .kernel = 5, .layers = 2, .se = true, .act = relu},
      {.stage = "4a", .filters = 64, .expand = 5.7133, .kernel = 5, .stride = 2},
      {.stage = "4b", .filters = 64, .expand = 2.1212},
      {.stage = "4c", .filters = 64, .expand = 0},
      {.stage = "4d", .filters = 104, .expand = 5.0333},
      {.stage = "4e", .filters = 104, .expand = 2.507, .kernel = 5, .se = true},
      {.stage = "4f", .filters = 104, .expand = 1.7712, .kernel = 5, .se = true},
      {.stage = "4g", .filters = 112, .expand = 3.7712, .kernel = 5, .se = true},
      {.stage = "5a", .filters = 184, .expand = 5.5685, .stride = 2, .se = true},
      {.stage = "5b", .filters = 184, .expand = 2.84, .kernel = 5, .se = true},
      {.stage = "5c", .filters = 184, .expand = 4.8754, .kernel = 5, .se = true},
      {.stage = "5d", .filters = 224, .expand = 0}}},
    1984,
    false};

/// FBNetV2-L1 and L2 are one network at two sizes.
inline constexpr fbnet_network<21> fbnet_v2_l_rows{
    16,
    {{{.stage = "1", .filters = 16, .expand = 1},
      {.stage = "2a", .filters = 24, .expand = 5.4566, .kernel = 5, .stride = 2},
      {.stage = "2b", .filters = 24, .expand = 1.7912, .kernel = 5},
      {.stage = "2c", .filters = 24, .expand = 1.7912},
      {.stage = "2d", .filters = 24, .expand = 1.7912, .kernel = 5},
      {.stage = "3a", .filters = 40, .expand = 5.3501, .kernel = 5, .stride = 2, .se = true},
      {.stage = "3b", .filters = 32, .expand = 3.5379, .kernel = 5, .se = true},
      {.stage = "3c", .filters = 32, .expand = 4.5379, .kernel = 5, .layers = 2, .se = true},
      {.stage = "4a", .filters = 64, .expand = 5.7133, .kernel = 5, .stride = 2},
      {.stage = "4b", .filters = 64, .expand = 2.1212},
      {.stage = "4c", .filters = 64, .expand = 0},
      {.stage = "4d", .filters = 64, .expand = 3.1246},
      {.stage = "4e", .filters = 112, .expand = 5.0333},
      {.stage = "4f", .filters = 112, .expand = 2.507, .kernel = 5, .se = true},
      {.stage = "4g", .filters = 112, .expand = 1.7712, .kernel = 5, .se = true},
      {.stage = "4h", .filters = 112, .expand = 2.7712, .kernel = 5, .se = true},
      {.stage = "4i", .filters = 112, .expand = 3.7712, .kernel = 5, .layers = 2, .se = true},
      {.stage = "5a", .filters = 184, .expand = 5.5685, .stride = 2, .se = true},
      {.stage = "5b", .filters = 184, .expand = 2.84, .kernel = 5, .layers = 2, .se = true},
      {.stage = "5c", .filters = 184, .expand = 4.8754, .kernel = 5, .layers = 2, .se = true},
      {.stage = "5d", .filters = 224, .expand = 0}}},
    1984,
    false};

}  // namespace detail

inline constexpr model fbnet_v2_f1{
    "FBNetV2-F1", 128, detail::fbnet_v2_f1_rows, {5.999408, .05641056, fbnet_source, fbnet_counting}};
inline constexpr model fbnet_v2_f2{
    "FBNetV2-F2", 160, detail::fbnet_v2_f1_rows, {5.999408, .085441392, fbnet_source, fbnet_counting}};
inline constexpr model fbnet_v2_f3{"FBNetV2-F3",
                                   192,
                                   detail::with_head(detail::fbnet_v2_f1_rows, 1984),
                                   {6.899504, .121824, fbnet_source, fbnet_counting}};
inline constexpr model fbnet_v2_f4{
    "FBNetV2-F4", 224, detail::fbnet_v2_f4_rows, {6.994824, .238351984, fbnet_source, fbnet_counting}};
inline constexpr model fbnet_v2_l1{
    "FBNetV2-L1", 224, detail::fbnet_v2_l_rows, {8.49652, .326023008, fbnet_source, fbnet_counting}};
inline constexpr model fbnet_v2_l2{
    "FBNetV2-L2", 256, detail::fbnet_v2_l_rows, {8.49652, .423912768, fbnet_source, fbnet_counting}};

namespace detail {

/// FBNetV3-A and B are one network at two sizes.
inline constexpr fbnet_network<12> fbnet_v3_a_rows{
    16,
    {{{.stage = "1", .filters = 16, .expand = 1, .layers = 2},
      {.stage = "2a", .filters = 24, .expand = 4, .kernel = 5, .stride = 2},
      {.stage = "2b", .filters = 24, .expand = 2, .kernel = 5, .layers = 3},
      {.stage = "3a", .filters = 40, .expand = 5, .kernel = 5, .stride = 2, .se = true},
      {.stage = "3b", .filters = 40, .expand = 3, .kernel = 5, .layers = 4, .se = true},
      {.stage = "4a", .filters = 72, .expand = 5, .kernel = 5, .stride = 2, .pad = padding::narrow},
      {.stage = "4b", .filters = 72, .expand = 3, .layers = 4},
      {.stage = "4c", .filters = 120, .expand = 5, .se = true},
      {.stage = "4d", .filters = 120, .expand = 3, .kernel = 5, .layers = 5, .se = true},
      {.stage = "5a", .filters = 184, .stride = 2, .se = true, .pad = padding::narrow},
      {.stage = "5b", .filters = 184, .expand = 4, .kernel = 5, .layers = 5, .se = true},
      {.stage = "5c", .filters = 224, .kernel = 5, .se = true}}},
    1984,
    true};

/// FBNetV3-C.
inline constexpr fbnet_network<12> fbnet_v3_c_rows{
    16,
    {{{.stage = "1", .filters = 16, .expand = 1, .layers = 2},
      {.stage = "2a", .filters = 24, .expand = 5, .kernel = 5, .stride = 2},
      {.stage = "2b", .filters = 24, .expand = 3, .layers = 4},
      {.stage = "3a", .filters = 48, .expand = 5, .kernel = 5, .stride = 2, .se = true},
      {.stage = "3b", .filters = 48, .expand = 2, .kernel = 5, .layers = 4, .se = true},
      {.stage = "4a", .filters = 88, .expand = 4, .kernel = 5, .stride = 2, .pad = padding::narrow},
      {.stage = "4b", .filters = 88, .expand = 3, .layers = 4},
      {.stage = "4c", .filters = 120, .expand = 4, .se = true},
      {.stage = "4d", .filters = 120, .expand = 3, .kernel = 5, .layers = 5, .se = true},
      {.stage = "5a", .filters = 216, .expand = 5, .kernel = 5, .stride = 2, .se = true, .pad = padding::narrow},
      {.stage = "5b", .filters = 216, .expand = 5, .kernel = 5, .layers = 5, .se = true},
      {.stage = "5c", .filters = 216, .kernel = 5, .se = true}}},
    1984,
    true};

/// FBNetV3-D.
inline constexpr fbnet_network<12> fbnet_v3_d_rows{
    24,
    {{{.stage = "1", .filters = 16, .expand = 1, .layers = 2},
      {.stage = "2a", .filters = 24, .expand = 5, .stride = 2},
      {.stage = "2b", .filters = 24, .expand = 2, .layers = 5},
      {.stage = "3a", .filters = 40, .expand = 4, .kernel = 5, .stride = 2, .se = true},
      {.stage = "3b", .filters = 40, .expand = 3, .layers = 4, .se = true},
      {.stage = "4a", .filters = 72, .expand = 5, .stride = 2},
      {.stage = "4b", .filters = 72, .expand = 3, .layers = 4},
      {.stage = "4c", .filters = 128, .expand = 5, .se = true},
      {.stage = "4d", .filters = 128, .expand = 3, .kernel = 5, .layers = 6, .se = true},
      {.stage = "5a", .filters = 208, .stride = 2, .se = true},
      {.stage = "5b", .filters = 208, .expand = 5, .kernel = 5, .layers = 5, .se = true},
      {.stage = "5c", .filters = 240, .kernel = 5, .se = true}}},
    1984,
    true};

/// FBNetV3-E.
inline constexpr fbnet_network<12> fbnet_v3_e_rows{
    24,
    {{{.stage = "1", .filters = 16, .expand = 1, .layers = 3},
      {.stage = "2a", .filters = 24, .expand = 4, .kernel = 5, .stride = 2},
      {.stage = "2b", .filters = 24, .expand = 2, .kernel = 5, .layers = 4},
      {.stage = "3a", .filters = 48, .expand = 4, .kernel = 5, .stride = 2, .se = true},
      {.stage = "3b", .filters = 48, .expand = 3, .kernel = 5, .layers = 4, .se = true},
      {.stage = "4a", .filters = 80, .expand = 5, .kernel = 5, .stride = 2, .pad = padding::narrow},
      {.stage = "4b", .filters = 80, .expand = 3, .layers = 4},
      {.stage = "4c", .filters = 128, .expand = 5, .se = true},
      {.stage = "4d", .filters = 128, .expand = 3, .kernel = 5, .layers = 7, .se = true},
      {.stage = "5a", .filters = 216, .stride = 2, .se = true},
      {.stage = "5b", .filters = 216, .expand = 5, .kernel = 5, .layers = 5, .se = true},
      {.stage = "5c", .filters = 240, .kernel = 5, .se = true}}},
    1984,
    true};

/// FBNetV3-F.
inline constexpr fbnet_network<12> fbnet_v3_f_rows{
    24,
    {{{.stage = "1", .filters = 24, .expand = 1, .layers = 3},
      {.stage = "2a", .filters = 32, .expand = 4, .kernel = 5, .stride = 2},
      {.stage = "2b", .filters = 32, .expand = 2, .kernel = 5, .layers = 4},
      {.stage = "3a", .filters = 56, .expand = 4, .kernel = 5, .stride = 2, .se = true},
      {.stage = "3b", .filters = 56, .expand = 3, .kernel = 5, .layers = 4, .se = true},
      {.stage = "4a", .filters = 88, .expand = 5, .kernel = 5, .stride = 2},
      {.stage = "4b", .filters = 88, .expand = 3, .layers = 4},
      {.stage = "4c", .filters = 144, .expand = 5, .se = true},
      {.stage = "4d", .filters = 144, .expand = 3, .kernel = 5, .layers = 8, .se = true},
      {.stage = "5a", .filters = 248, .stride = 2, .se = true, .pad = padding::narrow},
      {.stage = "5b", .filters = 248, .expand = 5, .kernel = 5, .layers = 6, .se = true},
      {.stage = "5c", .filters = 272, .kernel = 5, .se = true}}},
    1984,
    true};

/// FBNetV3-G.
inline constexpr fbnet_network<12> fbnet_v3_g_rows{
    32,
    {{{.stage = "1", .filters = 24, .expand = 1, .layers = 3},
      {.stage = "2a", .filters = 40, .expand = 4, .kernel = 5, .stride = 2},
      {.stage = "2b", .filters = 40, .expand = 2, .kernel = 5, .layers = 4},
      {.stage = "3a", .filters = 56, .expand = 4, .kernel = 5, .stride = 2, .se = true},
      {.stage = "3b", .filters = 56, .expand = 3, .kernel = 5, .layers = 4, .se = true},
      {.stage = "4a", .filters = 104, .expand = 5, .kernel = 5, .stride = 2},
      {.stage = "4b", .filters = 104, .expand = 3, .layers = 4},
      {.stage = "4c", .filters = 160, .expand = 5, .se = true},
      {.stage = "4d", .filters = 160, .expand = 3, .kernel = 5, .layers = 8, .se = true},
      {.stage = "5a", .filters = 264, .stride = 2, .se = true},
      {.stage = "5b", .filters = 264, .expand = 5, .kernel = 5, .layers = 6, .se = true},
      {.stage = "5c", .filters = 288, .kernel = 5, .layers = 2, .se = true}}},
    1984,
    true};

}  // namespace detail

inline constexpr model fbnet_v3_a{
    "FBNetV3-A", 224, detail::fbnet_v3_a_rows, {8.542224, .35659828, fbnet_source, fbnet_counting}};
inline constexpr model fbnet_v3_b{
    "FBNetV3-B", 248, detail::fbnet_v3_a_rows, {8.542224, .461550136, fbnet_source, fbnet_counting}};
/// timm's fbnetv3_b, for which weights are public: its strided convolutions of stages 4a and 5a pad symmetrically,
/// where the authors' code, whose figures are printed, pads one less.
inline constexpr model fbnet_v3_b_timm{"FBNetV3-B (timm)", 248, detail::symmetric(detail::fbnet_v3_a_rows)};
inline constexpr model fbnet_v3_c{
    "FBNetV3-C", 248, detail::fbnet_v3_c_rows, {9.907136, .556969904, fbnet_source, fbnet_counting}};
inline constexpr model fbnet_v3_d{
    "FBNetV3-D", 248, detail::fbnet_v3_d_rows, {10.237552, .644420352, fbnet_source, fbnet_counting}};
inline constexpr model fbnet_v3_e{
    "FBNetV3-E", 264, detail::fbnet_v3_e_rows, {10.699464, .762046336, fbnet_source, fbnet_counting}};
inline constexpr model fbnet_v3_f{
    "FBNetV3-F", 272, detail::fbnet_v3_f_rows, {13.803072, 1.18164452, fbnet_source, fbnet_counting}};
inline constexpr model fbnet_v3_g{
    "FBNetV3-G", 320, detail::fbnet_v3_g_rows, {16.513648, 2.129656384, fbnet_source, fbnet_counting}};

}  // namespace nascent::zoo
