// SPDX-License-Identifier: Apache-2.0
/// \file
/// What the EfficientNet-X paper (Li et al., 2021) prints about speed: operational intensity, efficiency and latency of
/// 28 networks at batch 128, bf16 on one TPUv3 chip and f16 on a V100. Facts, contradictions included; docs/roofline.md
/// holds them against each other.
#pragma once

#include <array>
#include <string_view>

#include "nascent/cost/roofs.hpp"

namespace nascent::zoo {

/// A row of Table 3, or of the ablation study (arXiv text, Table 4; supplement, Table 5).
struct printed_speed {
  static constexpr int batch = 128;

  std::string_view model;  ///< as the zoo names it
  double top1;             ///< per cent, ImageNet
  double params_m;         ///< millions
  double macs_g;           ///< thousand millions, "#FLOPs"
  double intensity;        ///< I, operations per byte, on TPUv3
  double efficiency;       ///< E, 0 to 1, on TPUv3 "w.r.t. to roofline"
  double tpu_v3_ms;        ///< for the batch
  double v100_ms;          ///< for the batch

  /// W: two operations per MAC, which is the reading under which I, E and latency belong to a TPUv3.
  constexpr double operations() const { return 2e9 * macs_g * batch; }
  /// C on TPUv3, operations per second.
  constexpr double tpu_v3_rate() const { return 1e3 * operations() / tpu_v3_ms; }
  constexpr double v100_rate() const { return 1e3 * operations() / v100_ms; }
  /// C_ideal that E was taken of, operations per second.
  constexpr double implied_ideal_rate() const {
    return nascent::implied_ideal_rate(operations(), tpu_v3_ms, efficiency);
  }
  /// The bandwidth of a memory-bound row with this E, bytes per second.
  constexpr double implied_bandwidth() const {
    return nascent::implied_bandwidth(operations(), tpu_v3_ms, efficiency, intensity);
  }
  /// Latency on TPUv3 by equation 1 from the printed W, I and E under these roofs.
  constexpr double predicted_tpu_v3_ms(const roofs& r) const {
    return 1e3 * operations() / (r.ideal_rate(intensity) * efficiency);
  }
};

/// Table 3 in its order.
inline constexpr std::array<printed_speed, 26> printed_speeds{{
    {"EfficientNet-X-B0", 77.3, 7.6, 0.91, 63.8, .573, 8.71, 22.5},
    {"EfficientNet-B0", 77.3, 5.3, 0.39, 19.7, .524, 13.4, 38.1},
    {"ResNet-50", 76.0, 26, 4.1, 122.5, .572, 35.1, 35.6},
    {"RegNetY-800MF", 76.3, 6.3, 0.8, 12.7, .300, 45.1, 33.9},
    {"EfficientNet-X-B1", 79.4, 9.6, 1.58, 65.5, .592, 13.6, 34.4},
    {"EfficientNet-B1", 79.2, 7.8, 0.7, 21.4, .513, 22.3, 60.5},
    {"Inception-v3", 78.8, 24, 5.7, 94.6, .345, 104.8, 55.6},
    {"RegNetY-4.0GF", 79.4, 26, 4.0, 19.4, .292, 109.5, 75.1},
    {"EfficientNet-X-B2", 80.0, 10.0, 2.3, 73.0, .548, 15.7, 45.5},
    {"EfficientNet-B2", 80.3, 9.2, 1.0, 24.1, .488, 29.8, 77.2},
    {"Inception-v4", 80.0, 48, 13, 148.5, .353, 75.1, 119.9},
    {"RegNetY-8.0GF", 79.9, 39.2, 8.0, 27.9, .324, 190.5, 122.1},
    {"EfficientNet-X-B3", 81.4, 13.3, 4.3, 84.0, .512, 31.9, 66.6},
    {"EfficientNet-B3", 81.7, 12, 1.8, 26.1, .513, 48.1, 128.8},
    {"EfficientNet-X-B4", 83.0, 21.6, 10.4, 101.5, .477, 64.9, 149.2},
    {"EfficientNet-B4", 83.0, 19, 4.2, 31.29, .478, 102.6, 310.7},
    {"NASNet-A Large", 82.7, 89, 24, 55.2, .438, 269.5, 481.2},
    {"ResNeSt-101", 83.0, 48, 13, 71.7, .281, 92.3, 149.4},
    {"EfficientNet-X-B5", 83.7, 33.4, 24.4, 126.1, .478, 125.9, 290.2},
    {"EfficientNet-B5", 83.7, 30, 9.9, 39.7, .468, 192.5, 640.1},
    {"ResNeSt-200", 83.9, 70, 36.3, 68.7, .699, 244.3, 415.6},
    {"EfficientNet-X-B6", 84.4, 47.7, 47, 167.5, .362, 237.6, 467.2},
    {"EfficientNet-B6", 84.4, 43, 19, 43.9, .450, 334.2, 1040.6},
    {"EfficientNet-X-B7", 84.7, 73.2, 91, 194.3, .394, 433.9, 847.7},
    {"EfficientNet-B7", 84.7, 66, 37, 48.3, .434, 621.4, 1471.3},
    {"ResNeSt-269", 84.5, 111, 77, 72.9, .702, 501.9, 864.9},
}};

/// The first two steps of the ablation study.
inline constexpr std::array<printed_speed, 2> printed_step_speeds{{
    {"EfficientNet-B0 + space-to-depth", 77.5, 7.2, 0.47, 25.3, .558, 11.9, 35.6},
    {"EfficientNet-B0 + space-to-depth + fused", 77.8, 7.6, 0.91, 62.5, .561, 9.5, 30.5},
}};

/// The printed row of a model, or null.
constexpr const printed_speed* find_printed_speed(std::string_view model) {
  for (const printed_speed& row : printed_speeds)
    if (row.model == model) return &row;
  for (const printed_speed& row : printed_step_speeds)
    if (row.model == model) return &row;
  return nullptr;
}

/// The roofs under which the 16 EfficientNet and EfficientNet-X rows of Table 3 are reproduced best: a fit (mean of the
/// logarithms' sizes 5.7 %), not the device. TPUv3's own are 900 GB/s and 123e12.
inline constexpr roofs fitted_tpu_v3{.bytes_per_s = 735e9, .ops_per_s = 136e12};

}  // namespace nascent::zoo
