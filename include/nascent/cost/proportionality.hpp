// SPDX-License-Identifier: Apache-2.0
/// \file
/// How far latency follows MACs on a device: the question of the EfficientNet-X paper (Li et al., 2021, section 3 and
/// supplement D).
#pragma once

#include <cmath>
#include <cstddef>
#include <span>
#include <string>

#include "nascent/base/error.hpp"
#include "nascent/base/number_text.hpp"

namespace nascent {

/// A network on a device.
struct timed_network {
  double macs = 0;
  double latency_ms = 0;
};

/// latency = factor * MACs ^ exponent. Exponent 1 means that every MAC costs the same.
struct power_law {
  double factor = 0;  ///< ms
  double exponent = 0;
  double r_squared = 0;  ///< of the logarithms: the share of their variance that the law explains

  double latency_ms(double macs) const { return factor * std::pow(macs, exponent); }
};

/// The least-squares line through the logarithms. \throws nascent::error where fewer than two different numbers
/// of MACs are given, or a figure is not above 0
inline power_law fit_power_law(std::span<const timed_network> networks) {
  const auto n = static_cast<double>(networks.size());
  double x_mean = 0;
  double y_mean = 0;
  for (const timed_network& t : networks) {
    if (!(t.macs > 0 && t.latency_ms > 0))
      throw error("cost.fit", "fit_power_law, network " + std::to_string(&t - networks.data()),
                  exact_text(t.macs) + " MACs in " + exact_text(t.latency_ms) + " ms", "both above 0");
    x_mean += std::log(t.macs) / n;
    y_mean += std::log(t.latency_ms) / n;
  }
  double xx = 0;
  double xy = 0;
  double yy = 0;
  for (const timed_network& t : networks) {
    const double x = std::log(t.macs) - x_mean;
    const double y = std::log(t.latency_ms) - y_mean;
    xx += x * x;
    xy += x * y;
    yy += y * y;
  }
  // Logarithms of equal numbers leave rounding errors behind.
  if (networks.size() < 2 || xx < 1e-12)
    throw error("cost.fit", "fit_power_law", std::to_string(networks.size()) + " networks of one number of MACs",
                "two different ones at least");
  const double exponent = xy / xx;
  return {.factor = std::exp(y_mean - exponent * x_mean),
          .exponent = exponent,
          .r_squared = yy < 1e-12 ? 1 : xy * xy / (xx * yy)};
}

/// What a MAC of the second network costs relative to one of the first: 1 where latency is proportional to MACs.
/// \throws nascent::error where a figure is not above 0
inline double mac_price_ratio(const timed_network& first, const timed_network& second) {
  for (const timed_network& t : {first, second})
    if (!(t.macs > 0 && t.latency_ms > 0))
      throw error("cost.fit", "mac_price_ratio", exact_text(t.macs) + " MACs in " + exact_text(t.latency_ms) + " ms",
                  "both above 0");
  return (second.latency_ms / second.macs) / (first.latency_ms / first.macs);
}

}  // namespace nascent
