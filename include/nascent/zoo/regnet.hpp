// SPDX-License-Identifier: Apache-2.0
/// \file
/// RegNetX and RegNetY (Radosavovic et al., 2020, "Designing Network Design Spaces"): the rule that generates widths,
/// depths and groups out of five numbers, and the networks of the paper.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "nascent/base/error.hpp"
#include "nascent/block/block.hpp"
#include "nascent/zoo/model.hpp"

namespace nascent::zoo {

/// What generates a RegNet: block j would have w0 + wa * j channels, quantised to w0 * wm^s for whole s.
struct regnet_rule {
  int w0;     ///< initial width
  double wa;  ///< slope, channels per block
  double wm;  ///< quantisation: ratio of the widths of neighbouring stages
  int depth;  ///< blocks
  int group;  ///< channels of a group
};

/// Blocks of equal width.
struct regnet_stage {
  int width;
  int layers;
  int groups;
  friend constexpr bool operator==(const regnet_stage&, const regnet_stage&) = default;
};

/// The stages of a RegNet, at most eight.
struct regnet_stages {
  std::array<regnet_stage, 8> stages{};
  std::size_t count = 0;

  constexpr const regnet_stage* begin() const { return stages.data(); }
  constexpr const regnet_stage* end() const { return stages.data() + count; }
};

namespace detail {

/// The nearest multiple of `divisor`, halves to the even one, as numpy rounds: 136 is 8.5 x 16 and becomes 128.
constexpr int round_half_even(double width, int divisor) {
  const double exact = width / divisor;
  const int floor = static_cast<int>(exact);
  const double rest = exact - floor;
  return (rest > .5 || (rest == .5 && floor % 2 == 1) ? floor + 1 : floor) * divisor;
}

/// w0 * wm^s, where s = round(log(width / w0) / log(wm)). Without logarithms, which constant expressions lack: s is the
/// least whole number for which the width lies below w0 * wm^(s + 1/2), both squared.
constexpr double regnet_width(const regnet_rule& rule, double width) {
  const double ratio = width / rule.w0;
  double quantised = 1;
  while (ratio * ratio > quantised * quantised * rule.wm) quantised *= rule.wm;
  return rule.w0 * quantised;
}

}  // namespace detail

/// The rule of the paper's section 3.3 with the rounding of its public code: widths to multiples of 8, equal ones are a
/// stage, then to multiples of the group, which is at most the width. \throws nascent::error where the rule
/// makes no network
constexpr regnet_stages generate(const regnet_rule& rule) {
  constexpr double widest = 100'000;
  if (rule.w0 < 8 || !(rule.wa >= 0) || !(rule.wm > 1) || rule.depth < 1 || rule.group < 1 ||
      !(rule.w0 + rule.wa * rule.depth < widest))
    throw error("zoo.regnet", "RegNet rule",
                nascent::detail::joined("w0 ", rule.w0, ", wa ", rule.wa, ", wm ", rule.wm, ", depth ", rule.depth,
                                        ", group ", rule.group),
                "w0 of 8 or more, wa of 0 or more, wm above 1, depth and group of 1 or more, widths below 100000");
  regnet_stages made;
  int before = 0;
  for (int j = 0; j < rule.depth; ++j) {
    const int width = detail::round_half_even(detail::regnet_width(rule, rule.w0 + rule.wa * j), 8);
    if (width == before) {
      ++made.stages[made.count - 1].layers;
      continue;
    }
    if (made.count == made.stages.size())
      throw error("zoo.regnet", "RegNet rule", "more than eight stages", "at most eight");
    before = width;
    const int group = rule.group < width ? rule.group : width;
    const int whole = detail::round_half_even(width, group);
    made.stages[made.count++] = {.width = whole, .layers = 1, .groups = whole / group};
  }
  return made;
}

/// A 3x3 convolution to 32 filters, stages of bottlenecks of ratio 1 that all begin with stride 2, the classifier.
struct regnet_body {
  regnet_stages stages;
  double se;  ///< squeeze-and-excite ratio, of a block's input: 0 in RegNetX, 0.25 in RegNetY

  /// The blocks of a stage. Not inside a template: clang 19 loses fields of other types than the defaults there.
  constexpr auto block(const regnet_stage& stage) const {
    return bottleneck{.filters = stage.width, .ratio = 1., .groups = stage.groups, .se = se, .pad = padding::symmetric};
  }

  constexpr tensor operator()(auto& net, tensor x) const {
    constexpr std::array<std::string_view, 8> names{"1", "2", "3", "4", "5", "6", "7", "8"};
    net.stage("stem");
    x = net.conv(x, {.filters = 32, .kernel = 3, .stride = 2, .act = relu, .pad = padding::symmetric});
    std::size_t i = 0;
    for (const regnet_stage& stage : stages) x = add_stage(net, x, names[i++], block(stage), stage.layers, 2);
    return classify(net, x);
  }
};

namespace detail {

constexpr regnet_body regnet(const regnet_rule& rule, double se) { return {generate(rule), se}; }

inline constexpr std::string_view pycls = "RegNet's public model zoo (facebookresearch/pycls)";
inline constexpr std::string_view table_3 = "EfficientNet-X paper, Table 3";

}  // namespace detail

// Rules: huggingface/pytorch-image-models, timm/models/regnet.py (Apache-2.0).

inline constexpr model regnet_x_200mf{
    "RegNetX-200MF", 224, detail::regnet({24, 36.44, 2.49, 13, 8}, 0), {2.7, 0.2, detail::pycls}};
inline constexpr model regnet_x_400mf{
    "RegNetX-400MF", 224, detail::regnet({24, 24.48, 2.54, 22, 16}, 0), {5.2, 0.4, detail::pycls}};
inline constexpr model regnet_x_600mf{
    "RegNetX-600MF", 224, detail::regnet({48, 36.97, 2.24, 16, 24}, 0), {6.2, 0.6, detail::pycls}};
inline constexpr model regnet_x_800mf{
    "RegNetX-800MF", 224, detail::regnet({56, 35.73, 2.28, 16, 16}, 0), {7.3, 0.8, detail::pycls}};
inline constexpr model regnet_x_1_6gf{
    "RegNetX-1.6GF", 224, detail::regnet({80, 34.01, 2.25, 18, 24}, 0), {9.2, 1.6, detail::pycls}};
inline constexpr model regnet_x_3_2gf{
    "RegNetX-3.2GF", 224, detail::regnet({88, 26.31, 2.25, 25, 48}, 0), {15.3, 3.2, detail::pycls}};
inline constexpr model regnet_x_4_0gf{
    "RegNetX-4.0GF", 224, detail::regnet({96, 38.65, 2.43, 23, 40}, 0), {22.1, 4.0, detail::pycls}};
inline constexpr model regnet_x_6_4gf{
    "RegNetX-6.4GF", 224, detail::regnet({184, 60.83, 2.07, 17, 56}, 0), {26.2, 6.5, detail::pycls}};
inline constexpr model regnet_x_8_0gf{
    "RegNetX-8.0GF", 224, detail::regnet({80, 49.56, 2.88, 23, 120}, 0), {39.6, 8.0, detail::pycls}};
inline constexpr model regnet_x_12gf{
    "RegNetX-12GF", 224, detail::regnet({168, 73.36, 2.37, 19, 112}, 0), {46.1, 12.1, detail::pycls}};
inline constexpr model regnet_x_16gf{
    "RegNetX-16GF", 224, detail::regnet({216, 55.59, 2.1, 22, 128}, 0), {54.3, 15.9, detail::pycls}};
inline constexpr model regnet_x_32gf{
    "RegNetX-32GF", 224, detail::regnet({320, 69.86, 2.0, 23, 168}, 0), {107.8, 31.7, detail::pycls}};

inline constexpr model regnet_y_200mf{"RegNetY-200MF",
                                      224,
                                      detail::regnet({24, 36.44, 2.49, 13, 8}, .25),
                                      {3.2, 0.2, detail::pycls, "params printed with two digits"}};
inline constexpr model regnet_y_400mf{"RegNetY-400MF",
                                      224,
                                      detail::regnet({48, 27.89, 2.09, 16, 8}, .25),
                                      {4.3, 0.4, detail::pycls, "params printed with two digits"}};
inline constexpr model regnet_y_600mf{
    "RegNetY-600MF", 224, detail::regnet({48, 32.54, 2.32, 15, 16}, .25), {6.1, 0.6, detail::pycls}};
inline constexpr model regnet_y_800mf{
    "RegNetY-800MF", 224, detail::regnet({56, 38.84, 2.4, 14, 16}, .25), {6.3, 0.8, detail::table_3}};
inline constexpr model regnet_y_1_6gf{
    "RegNetY-1.6GF", 224, detail::regnet({48, 20.71, 2.65, 27, 24}, .25), {11.2, 1.6, detail::pycls}};
inline constexpr model regnet_y_3_2gf{
    "RegNetY-3.2GF", 224, detail::regnet({80, 42.63, 2.66, 21, 24}, .25), {19.4, 3.2, detail::pycls}};
inline constexpr model regnet_y_4_0gf{
    "RegNetY-4.0GF",
    224,
    detail::regnet({96, 31.41, 2.24, 22, 64}, .25),
    {26, 4.0, detail::table_3, "params: no public definition has 26 M, the authors' own list 20.6 M"}};
inline constexpr model regnet_y_6_4gf{
    "RegNetY-6.4GF", 224, detail::regnet({112, 33.22, 2.27, 25, 72}, .25), {30.6, 6.4, detail::pycls}};
inline constexpr model regnet_y_8_0gf{
    "RegNetY-8.0GF", 224, detail::regnet({192, 76.82, 2.19, 17, 56}, .25), {39.2, 8.0, detail::table_3}};
inline constexpr model regnet_y_12gf{
    "RegNetY-12GF", 224, detail::regnet({168, 73.36, 2.37, 19, 112}, .25), {51.8, 12.1, detail::pycls}};
inline constexpr model regnet_y_16gf{
    "RegNetY-16GF", 224, detail::regnet({200, 106.23, 2.48, 18, 112}, .25), {83.6, 15.9, detail::pycls}};
inline constexpr model regnet_y_32gf{
    "RegNetY-32GF", 224, detail::regnet({232, 115.89, 2.53, 20, 232}, .25), {145.0, 32.3, detail::pycls}};

}  // namespace nascent::zoo
