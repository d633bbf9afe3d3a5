// SPDX-License-Identifier: Apache-2.0
/// \file
/// Whether printed coefficients can yield printed dimensions: dimensions and coefficients are rounded in print, so the
/// exponents that fit are an interval.
#pragma once

#include <algorithm>
#include <cmath>

#include "nascent/scaling/compound.hpp"

namespace nascent {

/// Dimensions as the EfficientNet-X paper prints them for EfficientNet-X-B0 to B7.
struct printed_dimensions {
  int layers = 16;       ///< floor(16 x depth)
  int resolution = 224;  ///< px, rounded

  friend constexpr bool operator==(const printed_dimensions&, const printed_dimensions&) = default;
};

/// Exponents from `low` to `high`; none where `low` is larger.
struct phi_interval {
  double low = 0;
  double high = 0;

  constexpr bool is_empty() const { return low > high; }
};

constexpr phi_interval intersect(const phi_interval& a, const phi_interval& b) {
  return {std::max(a.low, b.low), std::min(a.high, b.high)};
}

/// The exponents at which a coefficient that is printed within `rounding` grows 1 to a factor from `least` to `most`.
/// \throws scaling_error
inline phi_interval phis_between(double coefficient, double least, double most, double rounding = 0) {
  detail::check_scaling(coefficient - rounding > 1, "phis_between, coefficient", coefficient - rounding, "above 1");
  detail::check_scaling(least > 0 && least <= most, "phis_between, factor", least, "above 0, up to the larger one");
  const auto phi = [&](double factor, bool lowest) {
    const bool largest_base = lowest == (factor >= 1);
    return std::log(factor) / std::log(coefficient + (largest_base ? rounding : -rounding));
  };
  return {phi(least, true), phi(most, false)};
}

/// The exponents at which alpha gives the printed layers.
inline phi_interval phis_of_layers(const compound_coefficients& by, const printed_dimensions& d, double rounding = 0,
                                   int base_layers = 16) {
  return phis_between(by.alpha, static_cast<double>(d.layers) / base_layers,
                      static_cast<double>(d.layers + 1) / base_layers, rounding);
}

/// The exponents at which gamma gives the printed resolution.
inline phi_interval phis_of_resolution(const compound_coefficients& by, const printed_dimensions& d,
                                       double rounding = 0, int base_resolution = 224) {
  return phis_between(by.gamma, (d.resolution - .5) / base_resolution, (d.resolution + .5) / base_resolution, rounding);
}

/// The exponents at which coefficients give printed dimensions, with `rounding` 0 as they are printed, with 0.005 for
/// any that are printed so in two decimals. Empty: they cannot. \throws scaling_error
inline phi_interval phis_that_yield(const compound_coefficients& by, const printed_dimensions& d, double rounding = 0) {
  return intersect(phis_of_layers(by, d, rounding), phis_of_resolution(by, d, rounding));
}

}  // namespace nascent
