// SPDX-License-Identifier: Apache-2.0
/// \file
/// What the entries of a latency table add up to.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "nascent/latency/entry.hpp"
#include "nascent/latency/placement_effects.hpp"

namespace nascent {

/// Latency of a network as the sum of its kernels. Incomplete where kernels are missing.
/// The interval adds up those of the entries as if all erred alike, because a noisy minute does that to all that is
/// measured in it; and twice the deviation of the sum by placement, as if each kernel of the network drew its own and
/// all of them the speed of the machine.
struct latency_prediction {
  double ms = 0;  ///< sum of trimmed means
  double low_ms = 0;
  double high_ms = 0;
  double placement_deviation_ms =
      0;  ///< standard deviation of the sum, as far as it is known: entries with one placement add none
  std::size_t kernels = 0;
  std::size_t missing = 0;    ///< kernels that the table has no entry for, counted as 0 ms
  std::size_t estimated = 0;  ///< kernels whose entry was not measured

  bool complete() const { return missing == 0; }
};

namespace detail {

/// What kernels add up to, before roots are taken.
struct prediction_sum {
  double ms = 0;
  double below_ms = 0;  ///< from the mean to the lower end of the intervals
  double above_ms = 0;
  double variance = 0;
  std::size_t kernels = 0;
  std::size_t missing = 0;
  std::size_t estimated = 0;
  double weights = 0;  ///< numbers of them, of all kernels

  /// `e` is null for a kernel that the table lacks; `weights_of_it` are the kernel's.
  void add(const latency_entry* e, double weights_of_it) {
    ++kernels;
    weights += weights_of_it;
    if (e == nullptr) {
      ++missing;
      return;
    }
    ms += e->time.trimmed_mean_ms;
    below_ms += e->time.median_ms - e->time.low_ms;
    above_ms += e->time.high_ms - e->time.median_ms;
    // The kernel's own draw, and the error of the average.
    const double squared = e->placement_deviation_ms * e->placement_deviation_ms;
    variance += squared * (1 + 1 / static_cast<double>(e->placements));
    estimated += e->estimated;
  }
  void add(const prediction_sum& part, int times) {
    const auto n = static_cast<std::size_t>(times);
    ms += times * part.ms;
    below_ms += times * part.below_ms;
    above_ms += times * part.above_ms;
    variance += times * part.variance;
    weights += times * part.weights;
    kernels += n * part.kernels;
    missing += n * part.missing;
    estimated += n * part.estimated;
  }
  /// The sum as a network of this size and time has it.
  latency_prediction result(const placement_effects& effects) const {
    const double factor = effects.network_factor(weights, ms);
    const double whole = effects.deviation() * ms;  // all kernels have it in common
    const double deviation = factor * std::sqrt(variance + whole * whole);
    return {.ms = factor * ms,
            .low_ms = std::max(0.0, factor * (ms - below_ms) - 2 * deviation),
            .high_ms = factor * (ms + above_ms) + 2 * deviation,
            .placement_deviation_ms = deviation,
            .kernels = kernels,
            .missing = missing,
            .estimated = estimated};
  }
};

}  // namespace detail

}  // namespace nascent
