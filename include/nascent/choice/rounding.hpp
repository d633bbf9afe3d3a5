// SPDX-License-Identifier: Apache-2.0
/// \file
/// Rounding of widths to multiples of a divisor. The families of the literature use two rules that give different
/// results.
#pragma once

#include "nascent/base/language.hpp"

namespace nascent {

/// The nearest multiple of `divisor`, halves up, at least one divisor (TuNAS: int(f * m / 8 + 0.5) * 8).
constexpr int round_half_up(double width, int divisor = 8) {
  const int n = static_cast<int>(width / divisor + 0.5) * divisor;
  return n < divisor ? divisor : n;
}

/// The same, but never below `limit` of the width asked for (MobileNet, EfficientNet: the 10 % rule).
constexpr int make_divisible(double width, int divisor = 8, double limit = 0.9) {
  int n = static_cast<int>(width + divisor / 2.0) / divisor * divisor;
  if (n < divisor) n = divisor;
  return n < limit * width ? n + divisor : n;
}

/// How widths are rounded after scaling: to a multiple of `divisor`, halves up, at least one; up to the next where that
/// is below `limit` of the exact width. The default is MobileNet's and EfficientNet's; limit 0 is TuNAS's.
struct width_rounding {
  int divisor = 8;
  double limit = 0.9;

  constexpr int operator()(double width) const { return make_divisible(width, divisor, limit); }
};

/// Layers after depth scaling: ceil(depth * layers), as EfficientNet does.
constexpr int scale_depth(int layers, double depth) {
  const double exact = depth * layers;
  const int floor = static_cast<int>(exact);
  return exact - floor > 1e-9 ? floor + 1 : floor;
}

}  // namespace nascent
