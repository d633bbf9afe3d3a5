// SPDX-License-Identifier: Apache-2.0
/// \file
/// Scaled families as they were published: dimensions, coefficients, latencies. Facts, contradictions included.
///
/// Dimensions: tensorflow/tpu, models/official/efficientnet at 7dc921f (Apache-2.0). Coefficients: EfficientNet (2019)
/// and Table 2 of the EfficientNet-X paper (2021). In print the latter do not yield the former: the published X
/// families follow (1.29, 1.16, 1.07) on GPU, and the levels of EfficientNet itself are no powers of its coefficients
/// at whole numbers phi.
#pragma once

#include <array>
#include <cmath>

#include "nascent/scaling/compound.hpp"
#include "nascent/scaling/phi_interval.hpp"

namespace nascent::published {

/// One level of a family.
struct family_member {
  const char* name;
  dimensions scale;
  double dropout;  ///< before the classifier
};

inline constexpr compound_coefficients efficientnet_coefficients{.alpha = 1.2, .beta = 1.1, .gamma = 1.15};
inline constexpr compound_coefficients efficientnet_x_gpu_coefficients{.alpha = 1.28, .beta = 1.17, .gamma = 1.07};
inline constexpr compound_coefficients efficientnet_x_tpu_coefficients{.alpha = 1.25, .beta = 1.17, .gamma = 1.09};

/// EfficientNet-B0 to B7, and the later B8 and L2; EfficientNet-X without latency-aware scaling is the same up to B7.
inline constexpr std::array<family_member, 10> efficientnet{{
    {"b0", {.width = 1.0, .depth = 1.0, .resolution = 224}, .2},
    {"b1", {.width = 1.0, .depth = 1.1, .resolution = 240}, .2},
    {"b2", {.width = 1.1, .depth = 1.2, .resolution = 260}, .3},
    {"b3", {.width = 1.2, .depth = 1.4, .resolution = 300}, .3},
    {"b4", {.width = 1.4, .depth = 1.8, .resolution = 380}, .4},
    {"b5", {.width = 1.6, .depth = 2.2, .resolution = 456}, .4},
    {"b6", {.width = 1.8, .depth = 2.6, .resolution = 528}, .5},
    {"b7", {.width = 2.0, .depth = 3.1, .resolution = 600}, .5},
    {"b8", {.width = 2.2, .depth = 3.6, .resolution = 672}, .5},
    {"l2", {.width = 4.3, .depth = 5.3, .resolution = 800}, .5},
}};

/// EfficientNet-X scaled by LACS for GPUs.
inline constexpr std::array<family_member, 8> efficientnet_x_gpu{{
    {"b0", {.width = 1.00, .depth = 1.00, .resolution = 224}, .2},
    {"b1", {.width = 1.05, .depth = 1.09, .resolution = 229}, .2},
    {"b2", {.width = 1.13, .depth = 1.24, .resolution = 237}, .3},
    {"b3", {.width = 1.31, .depth = 1.63, .resolution = 255}, .3},
    {"b4", {.width = 1.63, .depth = 2.40, .resolution = 282}, .4},
    {"b5", {.width = 1.94, .depth = 3.29, .resolution = 306}, .4},
    {"b6", {.width = 2.25, .depth = 4.28, .resolution = 328}, .5},
    {"b7", {.width = 2.58, .depth = 5.46, .resolution = 350}, .5},
}};

/// EfficientNet-X scaled by LACS for TPUs.
inline constexpr std::array<family_member, 8> efficientnet_x_tpu{{
    {"b0", {.width = 1.00, .depth = 1.00, .resolution = 224}, .2},
    {"b1", {.width = 1.05, .depth = 1.09, .resolution = 229}, .2},
    {"b2", {.width = 1.13, .depth = 1.29, .resolution = 244}, .3},
    {"b3", {.width = 1.27, .depth = 1.62, .resolution = 263}, .3},
    {"b4", {.width = 1.54, .depth = 2.38, .resolution = 299}, .4},
    {"b5", {.width = 1.96, .depth = 2.76, .resolution = 332}, .4},
    {"b6", {.width = 2.75, .depth = 3.01, .resolution = 328}, .5},
    {"b7", {.width = 3.26, .depth = 3.44, .resolution = 350}, .5},
}};

/// Layers and resolution of EfficientNet-X-B0 to B7 (arXiv text, Table 6; supplement, Table 7) scaled for accuracy
/// alone, and by LACS for GPUs and TPUs. The layers are floor(16 x depth), not a count of blocks; for TPUs at B3 to B7
/// they are those of the public GPU family.
inline constexpr std::array<printed_dimensions, 8> printed_efficientnet_x{
    {{16, 224}, {17, 240}, {19, 260}, {22, 300}, {28, 380}, {35, 456}, {41, 528}, {49, 600}}};
inline constexpr std::array<printed_dimensions, 8> printed_efficientnet_x_gpu{
    {{16, 224}, {17, 229}, {20, 241}, {25, 258}, {36, 289}, {49, 317}, {62, 343}, {79, 368}}};
inline constexpr std::array<printed_dimensions, 8> printed_efficientnet_x_tpu{
    {{16, 224}, {17, 229}, {20, 243}, {26, 263}, {38, 298}, {52, 331}, {68, 361}, {87, 391}}};

/// A row of the ablation study of LACS on GPUs: coefficients, and the dimensions of B7 that they are said to yield.
struct ablation_row {
  compound_coefficients by;
  printed_dimensions b7;
};
/// The arXiv text's Table 5: LACS at the level of B1, and of B7.
inline constexpr std::array<ablation_row, 2> lacs_ablation{{{{.alpha = 1.27, .beta = 1.16, .gamma = 1.08}, {75, 368}},
                                                            {{.alpha = 1.28, .beta = 1.17, .gamma = 1.07}, {79, 350}}}};
/// The supplement's Table 6: the same dimensions, other coefficients.
inline constexpr std::array<ablation_row, 2> lacs_ablation_supplement{
    {{{.alpha = 1.29, .beta = 1.16, .gamma = 1.07}, {75, 368}},
     {{.alpha = 1.29, .beta = 1.14, .gamma = 1.08}, {79, 350}}}};

/// EfficientNet-X-B0 to B7 on a V100 at batch 128 (paper, Table 3): latency and ImageNet top-1 accuracy.
struct latency_and_accuracy {
  double latency_ms;
  double top1;  ///< per cent
};
inline constexpr std::array<latency_and_accuracy, 8> efficientnet_x_v100{{{22.5, 77.3},
                                                                          {34.4, 79.4},
                                                                          {45.5, 80.0},
                                                                          {66.6, 81.4},
                                                                          {149.2, 83.0},
                                                                          {290.2, 83.7},
                                                                          {467.2, 84.4},
                                                                          {847.7, 84.7}}};

/// A family's error as a saturating power of its latency: floor + gain x (latency / base)^-power, in per cent.
struct accuracy_law {
  double floor;
  double gain;
  double power;
  double base_ms;

  double error(double latency_ms) const { return floor + gain * std::pow(latency_ms / base_ms, -power); }
  double top1(double latency_ms) const { return 100 - error(latency_ms); }
};

/// Fitted to the eight levels of `efficientnet_x_v100`: within 0.20 points of each. Standard deviations 0.30, 0.27 and
/// 0.05.
inline constexpr accuracy_law efficientnet_x_law{.floor = 14.36, .gain = 8.29, .power = 0.60, .base_ms = 22.5};

}  // namespace nascent::published
