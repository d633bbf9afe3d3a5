// SPDX-License-Identifier: Apache-2.0
/// \file
/// What the accuracy model assumes about things that its data do not contain. Nothing here was fitted.
#pragma once

#include "nascent/base/language.hpp"

namespace nascent::accuracy_priors {

/// Points of ImageNet top-1 and how far they may be off.
struct prior {
  double points = 0;
  double standard_error = 0;
};

// EfficientNet-X paper, supplement, Table 5 (accuracy column), one step after another from EfficientNet-B0.

/// Space to depth after the stem: 77.3 to 77.5. The step also enlarges squeeze-and-excite.
inline constexpr prior space_to_depth{0.2, 0.2};
/// Fused MBConv in the first 4 blocks or more at 1/8 of the input or finer: 77.5 to 77.8. Proportional below 4.
inline constexpr prior fused_early{0.3, 0.3};
/// relu (or relu6) instead of swish in every block: 77.8 to 77.3 (GPU), in 12 of 16: to 77.4 (TPU). Proportional to the
/// share of the blocks.
inline constexpr prior rectified{-0.5, 0.3};

// No published ablation: the effect is taken as none or as a small loss, with a wide margin.

/// Fused MBConv in every block at 1/16 or 1/32. Proportional to the share of the blocks there.
inline constexpr prior fused_late{0.0, 0.6};
/// hswish, or no activation known to the data, in every block. Proportional to the share.
inline constexpr prior other_activation{-0.1, 0.3};
/// 7x7 kernels in every block: the fitted step from 3x3 to 5x5 times `kernel_7_gain`, with this margin.
inline constexpr prior kernel_7{0.0, 0.5};
/// Part of the fitted gain from 3x3 to 5x5 that 7x7 has: a quarter more.
inline constexpr double kernel_7_gain = 1.25;
/// Squeeze-and-excite with less than the trained 0.25 of the block's input in every block: the fitted gain shrinks as
/// ratio to the power of `small_se_power` (0.76 of it at 0.125), with this margin. A larger ratio gains nothing.
inline constexpr prior small_se{0.0, 0.3};
inline constexpr double small_se_power = 0.4;
/// A level of resolution without blocks, as a stride of 4 leaves behind.
inline constexpr prior skipped_level{-0.5, 0.5};

}  // namespace nascent::accuracy_priors
