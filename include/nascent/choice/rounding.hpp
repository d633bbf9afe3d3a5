// SPDX-License-Identifier: Apache-2.0
/// \file
/// Rounding of widths to multiples of a divisor. The families of the literature use two rules that give different
/// results.
#pragma once

#include "nascent/base/language.hpp"

namespace nascent {

/// More than any network has: what is computed for a width stands here where no `int` near it holds it. Nets refuse it
/// by name.
inline constexpr int beyond_all_widths = 2147483647;

/// The whole part of a width, at least 0.
constexpr int whole_width(double width) {
  if (!(width < beyond_all_widths)) return beyond_all_widths;  // nan too
  return width < 0 ? 0 : static_cast<int>(width);
}

namespace detail {
constexpr bool can_round(double width) { return width < 1 << 30; }
}  // namespace detail

/// The nearest multiple of `divisor`, halves up, at least one divisor (TuNAS: int(f * m / 8 + 0.5) * 8).
constexpr int round_half_up(double width, int divisor = 8) {
  if (!detail::can_round(width)) return beyond_all_widths;
  const int n = whole_width(width / divisor + 0.5) * divisor;
  return n < divisor ? divisor : n;
}

/// The same, but never below `limit` of the width asked for (MobileNet, EfficientNet: the 10 % rule).
constexpr int make_divisible(double width, int divisor = 8, double limit = 0.9) {
  if (!detail::can_round(width)) return beyond_all_widths;
  int n = whole_width(width + divisor / 2.0) / divisor * divisor;
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
  if (!detail::can_round(exact)) return beyond_all_widths;
  const int floor = static_cast<int>(exact);
  return exact - floor > 1e-9 ? floor + 1 : floor;
}

}  // namespace nascent
