// SPDX-License-Identifier: Apache-2.0
/// \file
/// Compound scaling (Tan and Le, 2019): depth, width and resolution grow together, each by a power of one exponent phi.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string>

#include "nascent/base/error.hpp"
#include "nascent/base/number_text.hpp"
#include "nascent/cost/cost.hpp"

namespace nascent {

/// Coefficients, targets or latencies that nothing can be scaled by. The text says where, what was found, and what is
/// allowed.
struct scaling_error : error {
  using error::error;
};

namespace detail {
/// "8 ms", "8.0625 ms".
inline std::string ms_text(double ms) { return rounded_text(ms, 6) + " ms"; }
inline void check_scaling(bool ok, const std::string& where, double found, const char* allowed) {
  if (!ok) throw scaling_error("scaling.option", where, exact_text(found), allowed);
}
}  // namespace detail

/// depth = alpha^phi, width = beta^phi, resolution = base x gamma^phi. The default is EfficientNet's. Triplets on one
/// ray, as (1.2, 1.1, 1.15) and its squares, describe the same networks by other values of phi.
struct compound_coefficients {
  double alpha = 1.2;   ///< depth, 1 or more
  double beta = 1.1;    ///< width, 1 or more
  double gamma = 1.15;  ///< resolution, 1 or more

  friend constexpr bool operator==(const compound_coefficients&, const compound_coefficients&) = default;

  /// What MACs are multiplied by when phi grows by 1, before rounding.
  constexpr double macs_factor() const { return alpha * beta * beta * gamma * gamma; }

  /// The triplet on the same ray by which MACs double. \throws scaling_error
  compound_coefficients per_doubling() const {
    check();
    const double phi = std::log(2) / std::log(macs_factor());
    return {std::pow(alpha, phi), std::pow(beta, phi), std::pow(gamma, phi)};
  }

  /// Dimensions at `phi`, 0 or more. The resolution goes up from the base's in steps of `resolution_step` pixels, to
  /// the nearest; building the network rounds widths as the space declares and layers up. \throws
  /// scaling_error
  dimensions at(double phi, int base_resolution, int resolution_step = 1) const {
    check();
    detail::check_scaling(phi >= 0 && phi < 1e6, "compound_coefficients, phi", phi, "0 up to 1e6");
    detail::check_scaling(base_resolution >= 1, "compound_coefficients, base resolution", base_resolution, "1 or more");
    detail::check_scaling(resolution_step >= 1, "compound_coefficients, resolution step", resolution_step, "1 or more");
    const double steps = base_resolution * (std::pow(gamma, phi) - 1) / resolution_step;
    detail::check_scaling(steps * resolution_step < 1e6, "compound_coefficients, resolution", steps * resolution_step,
                          "below 1e6");
    return {.width = std::pow(beta, phi),
            .depth = std::pow(alpha, phi),
            .resolution = base_resolution + static_cast<int>(std::lround(steps)) * resolution_step};
  }

  /// \throws scaling_error unless each is at least 1 and one is above 1.
  void check() const {
    const auto one = [](const char* name, double value) {
      detail::check_scaling(value >= 1 && value < 1e6, std::string("compound_coefficients.") + name, value,
                            "1 up to 1e6");
    };
    one("alpha", alpha);
    one("beta", beta);
    one("gamma", gamma);
    if (alpha == 1 && beta == 1 && gamma == 1)
      throw scaling_error("scaling.option", "compound_coefficients", "1, 1, 1",
                          "at least one above 1, or nothing grows");
  }
};

namespace detail {
struct input_probe {
  int resolution = 0;
  constexpr void operator()(const layer& l) {
    if (resolution == 0) resolution = std::max(l.input.height, l.input.width);
  }
};
}  // namespace detail

/// Height and width of a candidate's input in pixels, the longer where they differ.
template <network_candidate Candidate>
constexpr int resolution_of(const Candidate& c) {
  detail::input_probe probe;
  net<detail::input_probe> n(probe);
  build(c, n);
  return probe.resolution;
}

/// The same where the space has state.
template <network_space Space>
constexpr int resolution_of(const Space& s, const candidate<Space>& c) {
  detail::input_probe probe;
  net<detail::input_probe> n(probe);
  s.build(c, n);
  return probe.resolution;
}

/// A candidate at `phi`: `scaled(b0, compound_coefficients{}, 1.5)`. \throws scaling_error
template <class Space>
scaled_candidate<Space> scaled(const candidate<Space>& base, const compound_coefficients& by, double phi,
                               int resolution_step = 1) {
  return scaled(base, by.at(phi, resolution_of(base), resolution_step));
}

/// How well given dimensions are a power of given coefficients.
struct phi_fit {
  double phi = 0;  ///< common exponent: least squares of the three logarithms
  double from_depth = std::numeric_limits<double>::quiet_NaN();  ///< of each alone; NaN where its coefficient is 1
  double from_width = std::numeric_limits<double>::quiet_NaN();
  double from_resolution = std::numeric_limits<double>::quiet_NaN();
  double residual = 0;  ///< largest relative difference between a dimension and its coefficient to the power of phi
};

/// \throws scaling_error
inline phi_fit fit_phi(const dimensions& d, int base_resolution, const compound_coefficients& by) {
  by.check();
  detail::check_scaling(d.depth > 0 && d.width > 0, "fit_phi, depth and width", std::min(d.depth, d.width), "above 0");
  detail::check_scaling(d.resolution >= 1 && base_resolution >= 1, "fit_phi, resolutions",
                        std::min(d.resolution, base_resolution), "1 or more");
  const double grown[] = {std::log(d.depth), std::log(d.width),
                          std::log(static_cast<double>(d.resolution) / base_resolution)};
  const double per_phi[] = {std::log(by.alpha), std::log(by.beta), std::log(by.gamma)};
  phi_fit fit;
  double* alone[] = {&fit.from_depth, &fit.from_width, &fit.from_resolution};
  double products = 0;
  double squares = 0;
  for (int i = 0; i < 3; ++i) {
    products += grown[i] * per_phi[i];
    squares += per_phi[i] * per_phi[i];
    if (per_phi[i] > 0) *alone[i] = grown[i] / per_phi[i];
  }
  fit.phi = products / squares;
  for (int i = 0; i < 3; ++i)
    fit.residual = std::max(fit.residual, std::abs(std::expm1(grown[i] - fit.phi * per_phi[i])));
  return fit;
}

/// The coefficients that a family follows: each level's phi comes from its resolution and the given gamma (which only
/// sets the unit of phi), alpha and beta from least squares of logarithms through the origin. \throws scaling_error
inline compound_coefficients fit_coefficients(std::span<const dimensions> family, int base_resolution, double gamma) {
  detail::check_scaling(gamma > 1, "fit_coefficients, gamma", gamma, "above 1");
  double squares = 0;
  double depth = 0;
  double width = 0;
  for (const dimensions& d : family) {
    const phi_fit fit = fit_phi(d, base_resolution, {.alpha = 1, .beta = 1, .gamma = gamma});
    squares += fit.from_resolution * fit.from_resolution;
    depth += fit.from_resolution * std::log(d.depth);
    width += fit.from_resolution * std::log(d.width);
  }
  detail::check_scaling(squares > 0, "fit_coefficients, levels above the base's resolution", 0, "1 or more");
  return {.alpha = std::exp(depth / squares), .beta = std::exp(width / squares), .gamma = gamma};
}

}  // namespace nascent
