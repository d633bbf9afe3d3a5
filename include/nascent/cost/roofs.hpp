// SPDX-License-Identifier: Apache-2.0
/// \file
/// The two roofs of the roofline model, and what a printed time says of them: arithmetic alone, without networks and
/// devices.
#pragma once

#include <cstdint>

#include "nascent/base/language.hpp"

namespace nascent {

/// Which roof is the lower one.
enum class bound_by : std::uint8_t { memory, compute };

constexpr const char* to_string(bound_by which) { return which == bound_by::memory ? "memory" : "compute"; }

/// A bandwidth and a peak: what one device can do in one type of number out of one memory.
struct roofs {
  double bytes_per_s = 0;  ///< b
  double ops_per_s = 0;    ///< C_max

  /// Operations per byte from which on the peak is the limit.
  constexpr double ridge_point() const { return ops_per_s / bytes_per_s; }
  /// C_ideal at an operational intensity.
  constexpr double ideal_rate(double intensity) const {
    return intensity < ridge_point() ? intensity * bytes_per_s : ops_per_s;
  }
  constexpr bound_by bound(double intensity) const {
    return intensity < ridge_point() ? bound_by::memory : bound_by::compute;
  }
};

/// What equation 1 says of a printed row: from W, I, E and a latency follows the ideal rate that the authors must have
/// used.
constexpr double implied_ideal_rate(double operations, double latency_ms, double efficiency) {
  return 1e3 * operations / latency_ms / efficiency;
}

/// The bandwidth that makes this ideal rate, in bytes per second, if the row is bound by memory.
constexpr double implied_bandwidth(double operations, double latency_ms, double efficiency, double intensity) {
  return implied_ideal_rate(operations, latency_ms, efficiency) / intensity;
}

}  // namespace nascent
