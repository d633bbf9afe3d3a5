// SPDX-License-Identifier: Apache-2.0
/// \file
/// EfficientNet-X (Li et al., 2021, "Searching for Fast Model Families on Datacenter Accelerators") as models: the
/// family by EfficientNet's own scaling, those by latency-aware scaling for TPUs and GPUs, the h variants, and the
/// steps from EfficientNet-B0 to EfficientNet-X-B0.
///
/// By the public definition: tensorflow/tpu, models/official/efficientnet, 7dc921f (Apache-2.0). It differs from the
/// paper's Table 1 in the kernel of stage 1 (2x2, not 3x3) and in the squeeze-and-excite ratio, and it has one pattern
/// of activations for TPU and GPU (the paper: relu alone on GPUs). The parameters that the paper prints are those of
/// this definition.
#pragma once

#include <array>

#include "nascent/zoo/model.hpp"

namespace nascent::zoo {

/// One network of the family. A trainable space-to-depth convolution makes four times the channels of half the map
/// before stage 1; stages 2 and 3 have full convolutions instead of depthwise ones.
struct efficientnet_x_body {
  double width = 1;  ///< multiplies filters: to multiples of 8, by the 10 % rule
  double depth = 1;  ///< multiplies layers: rounded up
  double se = 1;     ///< squeeze-and-excite, hidden channels relative to a block's input: 1 in B0, 0.5 in B1, else 0.25
  double early_expand = 6;  ///< expansion of stages 2 to 4; 4 in the h variants
  bool fused = true;        ///< full convolutions in stages 2 and 3; without: EfficientNet-B0 with space-to-depth
  bool hybrid = true;       ///< swish in stages 2 and 3, relu elsewhere; without: swish everywhere

  constexpr tensor operator()(auto& net, tensor x) const {
    const double e = early_expand;
    x = add_stage(net, x, "stem", conv{.filters = channels(32), .act = act()}, 1, 2);
    x = add_stage(net, x, "reshape", space_to_depth{.factor = 2, .act = act()});
    // Ratios refer to channels before space-to-depth; the maps that enter the first layers of stages 1 and 2 have four
    // times as many. It makes stage 1's kernel of 3 one of 2, and takes stage 2's stride.
    x = add_stage(net, x, "1", inverted(4 * channels(16), 2, 1, se / 4));
    x = repeat(net, x, inverted(4 * channels(16), 2, 1, se), layers(1) - 1);
    net.stage("2");
    x = early(net, x, inverted(channels(24), 3, e / 4, se / 4), 1);
    x = early(net, x, inverted(channels(24), 3, e, se), layers(2) - 1);
    net.stage("3");
    x = early(net, x, inverted(channels(40), 5, e, se), layers(2), 2);
    x = add_stage(net, x, "4", inverted(channels(80), 3, e, se), layers(3), 2);
    x = add_stage(net, x, "5", inverted(channels(112), 5, 6, se), layers(3));
    x = add_stage(net, x, "6", inverted(channels(192), 5, 6, se), layers(4), 2);
    x = add_stage(net, x, "7", inverted(channels(320), 3, 6, se), layers(1));
    x = add_stage(net, x, "head", conv{.filters = channels(1280), .kernel = 1, .act = act()});
    return classify(net, x);
  }

 private:
  using block = mbconv<int, int, double>;

  constexpr int channels(int base) const { return make_divisible(width * base); }
  constexpr int layers(int base) const { return scale_depth(base, depth); }
  constexpr activation act() const { return hybrid ? relu : swish; }
  constexpr block inverted(int filters, int kernel, double expand, double ratio) const {
    return {.filters = filters, .kernel = kernel, .expand = expand, .se = ratio, .act = act()};
  }
  /// Stages 2 and 3.
  constexpr tensor early(auto& net, const tensor& x, const block& b, int times, int stride = 1) const {
    if (!fused) return repeat(net, x, b, times, stride);
    const fused_mbconv<int, int, double> full{
        .filters = b.filters, .kernel = b.kernel, .expand = b.expand, .se = b.se, .act = swish};
    return repeat(net, x, full, times, stride);
  }
};

/// One network of these families.
using efficientnet_x_model = model<efficientnet_x_body>;

/// EfficientNet-X-B0 to B7 scaled as EfficientNet is, for accuracy alone. Table 3's parameters and MACs are theirs; its
/// operational intensities and latencies fit the networks of latency-aware scaling better.
inline constexpr std::array<efficientnet_x_model, 8> efficientnet_x_family = [] {
  constexpr std::string_view table = "EfficientNet-X paper, Table 3";
  constexpr std::string_view low = "MACs printed 1 to 2 % below the count: unexplained; they are lower at every level";
  return std::array<efficientnet_x_model, 8>{{
      {"EfficientNet-X-B0", 224, {1.0, 1.0, 1.0}, {7.6, 0.91, table, low}},
      {"EfficientNet-X-B1", 240, {1.0, 1.1, 0.5}, {9.6, 1.58, table, low}},
      {"EfficientNet-X-B2", 260, {1.1, 1.2, .25}, {10.0, 2.3, table}},
      {"EfficientNet-X-B3", 300, {1.2, 1.4, .25}, {13.3, 4.3, table}},
      {"EfficientNet-X-B4",
       380,
       {1.4, 1.8, .25},
       {21.6, 10.4, table,
        "params printed 2.2 % above the count: unexplained, no squeeze-and-excite ratio gives them; MACs 1.2 % below"}},
      {"EfficientNet-X-B5", 456, {1.6, 2.2, .25}, {33.4, 24.4, table}},
      {"EfficientNet-X-B6", 528, {1.8, 2.6, .25}, {47.7, 47, table, low}},
      {"EfficientNet-X-B7", 600, {2.0, 3.1, .25}, {73.2, 91, table}},
  }};
}();

/// EfficientNet-X-TPU-B0 to B7, by latency-aware scaling. The paper prints no parameters and MACs of them.
inline constexpr std::array<efficientnet_x_model, 8> efficientnet_x_tpu_family{{
    {"EfficientNet-X-TPU-B0", 224, {1.00, 1.00, 1.0}},
    {"EfficientNet-X-TPU-B1", 229, {1.05, 1.09, 0.5}},
    {"EfficientNet-X-TPU-B2", 244, {1.13, 1.29, .25}},
    {"EfficientNet-X-TPU-B3", 263, {1.27, 1.62, .25}},
    {"EfficientNet-X-TPU-B4", 299, {1.54, 2.38, .25}},
    {"EfficientNet-X-TPU-B5", 332, {1.96, 2.76, .25}},
    {"EfficientNet-X-TPU-B6", 328, {2.75, 3.01, .25}},
    {"EfficientNet-X-TPU-B7", 350, {3.26, 3.44, .25}},
}};

/// EfficientNet-X-GPU-B0 to B7, by latency-aware scaling. The paper prints no parameters and MACs of them.
inline constexpr std::array<efficientnet_x_model, 8> efficientnet_x_gpu_family{{
    {"EfficientNet-X-GPU-B0", 224, {1.00, 1.00, 1.0}},
    {"EfficientNet-X-GPU-B1", 229, {1.05, 1.09, 0.5}},
    {"EfficientNet-X-GPU-B2", 237, {1.13, 1.24, .25}},
    {"EfficientNet-X-GPU-B3", 255, {1.31, 1.63, .25}},
    {"EfficientNet-X-GPU-B4", 282, {1.63, 2.40, .25}},
    {"EfficientNet-X-GPU-B5", 306, {1.94, 3.29, .25}},
    {"EfficientNet-X-GPU-B6", 328, {2.25, 4.28, .25}},
    {"EfficientNet-X-GPU-B7", 350, {2.58, 5.46, .25}},
}};

/// EfficientNet-H: expansion 4 instead of 6 in stages 2 to 4, wider in return. In the public code, not in the paper.
inline constexpr std::array<efficientnet_x_model, 6> efficientnet_h_family{{
    {"EfficientNet-H-B5", 456, {1.92, 2.20, .25, 4}},
    {"EfficientNet-H-B6", 528, {2.16, 2.60, .25, 4}},
    {"EfficientNet-H-B7", 600, {2.40, 3.10, .25, 4}},
    {"EfficientNet-H-TPU-B5", 332, {2.30, 2.76, .25, 4}},
    {"EfficientNet-H-TPU-B6", 328, {3.00, 3.01, .25, 4}},
    {"EfficientNet-H-TPU-B7", 350, {3.60, 3.44, .25, 4}},
}};

/// From EfficientNet-B0 to EfficientNet-X-B0, step by step (supplement, Table 5; the arXiv text's Table 4). The last
/// step is EfficientNet-X-B0 itself. The first step's parameters come from its larger squeeze-and-excite, not from
/// space-to-depth.
inline constexpr std::array<efficientnet_x_model, 3> efficientnet_x_steps = [] {
  constexpr std::string_view table = "EfficientNet-X supplement, Table 5";
  constexpr std::string_view low = "MACs printed 1.1 % below the count: unexplained, as for EfficientNet-X-B0";
  return std::array<efficientnet_x_model, 3>{{
      {"EfficientNet-B0 + space-to-depth",
       224,
       {1, 1, 1, 6, false, false},
       {7.2, 0.47, table, "MACs printed 3 % above the count: unexplained"}},
      {"EfficientNet-B0 + space-to-depth + fused", 224, {1, 1, 1, 6, true, false}, {7.6, 0.91, table, low}},
      {"EfficientNet-B0 + space-to-depth + fused + activation", 224, {1, 1, 1, 6, true, true}, {7.6, 0.91, table, low}},
  }};
}();

}  // namespace nascent::zoo
