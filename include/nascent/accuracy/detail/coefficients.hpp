// SPDX-License-Identifier: Apache-2.0
/// \file
/// Coefficients of the accuracy model. Written by benchmarks/accuracy/fit.py: do not edit. docs/accuracy.md says
/// what they mean and which data they come from (Accel-NASBench and pytorch-image-models, both Apache-2.0).
#pragma once

#include <array>

#include "nascent/base/language.hpp"

namespace nascent::detail::accuracy_fit {

// Shape: accuracy after the short training of Accel-NASBench. Arrays are by level, maps of 1/2 to 1/32.
inline constexpr double ceiling = 70.6432;
inline constexpr double start = 4.14612;
inline constexpr double offset = 20;
inline constexpr std::array<double, 5> weight{0.396186, 0.410169, 0.404815, 0.689333, 1.41263};
inline constexpr std::array<double, 5> exponent{0.431887, 0.633688, 0.839532, 0.801004, 0.633034};
inline constexpr std::array<double, 5> kernel_gain{0.0687297, 0.255287, 0.243775, 0.189416, 0.0598726};
inline constexpr std::array<double, 5> se_gain{0.0826831, 0.0583541, 0.181843, 0.217795, 0.154154};
inline constexpr std::array<double, 5> ends{3.32128, 0.45275, 0.154791, 0.36747, 2.38198};
inline constexpr std::array<double, 5> reference_width{16, 24, 40, 96, 256};

// Size: full training, recipe "aa" of tf_efficientnet.
inline constexpr std::array<double, 5> base_width{16, 24, 40, 94.6573, 247.871};
inline constexpr std::array<double, 5> level_share{0.0414638, 0.06966, 0.121882, 0.299733, 0.467261};
inline constexpr double base_proxy = 66.2695;
inline constexpr double base_error = 15.5139;
inline constexpr double proxy_slope = 0.790035;
inline constexpr double width_gap = 1.27869;
inline constexpr double width_rate = 1.06917;
inline constexpr double resolution_gap = 2.86817;
inline constexpr double resolution_rate = 2.0188;

// Figures, in points of top-1: of the rows that no fit saw, of 5 folds of the others, of the law of size.
inline constexpr int held_out_count = 514;
inline constexpr double held_out_r2 = 0.958058;
inline constexpr double held_out_spearman = 0.977131;
inline constexpr double held_out_mae = 0.484718;
inline constexpr double held_out_rmse = 0.630526;
inline constexpr double folds_r2 = 0.963939;
inline constexpr double folds_spearman = 0.979417;
inline constexpr double folds_rmse = 0.633724;
inline constexpr double size_rmse = 0.454546;

}  // namespace nascent::detail::accuracy_fit
