// SPDX-License-Identifier: Apache-2.0
#include "nascent/search/detail/network_limit.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

namespace {

using Catch::Approx;
using namespace nascent;

/// What networks do to their kernels, fitted to 60 networks of 0.2 to 4 million weights that follow a law: their
/// kernels take longer by these powers of size and length.
placement_effects effects_of(double size, double length) {
  std::vector<latency_entry> rows;
  for (int k = 0; k < 30; ++k)
    for (int p = 1; p <= 60; ++p) {
      if ((k + p) % 3 == 0) continue;
      const double weights = 2e5 * std::pow(1.05, p);
      const double ms = 2 * std::pow(1.04, p * 29 % 60);
      const double time = .01 * (1 + k % 7) * std::pow(weights / 1e6, size) * std::pow(ms, length);
      rows.push_back({.signature = "k" + std::to_string(100 + k),
                      .time = {.median_ms = time, .trimmed_mean_ms = time, .low_ms = time, .high_ms = time, .count = 9},
                      .placement = p,
                      .network_weights = static_cast<std::int64_t>(weights),
                      .network_ms = ms});
    }
  return placement_effects(rows);
}

TEST_CASE("bounds of a limit hold for every network, and are near the limit") {
  for (const auto& [size, length] :
       {std::pair{0., 0.}, std::pair{.1, .05}, std::pair{-.08, .1}, std::pair{.15, -.05}}) {
    const placement_effects effects = effects_of(size, length);
    constexpr double limit_ms = 7;
    constexpr double least_weights = 1e5;
    constexpr double most_weights = 6e6;
    const detail::network_limit limit(effects, limit_ms, least_weights, most_weights);
    CAPTURE(size, length);
    // The most ms that kernels of a network with so many weights may take.
    const auto most_of = [&](double weights) {
      double low = .1;
      double high = 100;
      for (int i = 0; i < 80; ++i) {
        const double middle = (low + high) / 2;
        (middle * effects.network_factor(weights, middle) <= limit_ms ? low : high) = middle;
      }
      return low;
    };
    double largest = 0;
    double smallest = 1e9;
    for (double weights = least_weights; weights <= most_weights; weights *= 1.02) {
      const double most = most_of(weights);
      largest = std::max(largest, most);
      smallest = std::min(smallest, most);
      CHECK(limit.holds(most * .9999, weights));
      CHECK_FALSE(limit.holds(most * 1.0001, weights));
      for (const double at : {least_weights, 4e5, 2e6, most_weights}) {
        const auto line = limit.line_at(at);
        CHECK(most + line.per_weight * weights <= line.most * (1 + 1e-9));
      }
      // One more weight takes no more, and no less, than the slopes say.
      const double slope = (most_of(weights) - most_of(weights * 1.01)) / (.01 * weights);
      const auto [least_slope, most_slope] = limit.slopes();
      CHECK(slope >= least_slope - 1e-10);
      CHECK(slope <= most_slope + 1e-10);
    }
    CHECK(limit.most_ms() >= largest);
    CHECK(limit.most_ms() == Approx(largest).epsilon(2e-3));
    CHECK(limit.least_ms() <= smallest);
    CHECK(limit.least_ms() == Approx(smallest).epsilon(2e-3));
    // Where larger networks may take more, the curve bends down, and a line is tight where it is asked for.
    if (size > 0) continue;
    for (const double at : {3e5, 1e6, 3e6}) {
      const auto line = limit.line_at(at);
      CHECK((line.most - line.per_weight * at) / most_of(at) < 1.05);
    }
    if (size == 0) {
      CHECK(std::fabs(limit.slopes().first) < 1e-12);
      CHECK(std::fabs(limit.slopes().second) < 1e-12);
    }
  }
}

TEST_CASE("a network of no weights counts as one of one") {
  const placement_effects none;
  const detail::network_limit limit(none, 5, 0, 0);
  CHECK(limit.most_ms() == Approx(5).epsilon(1e-6));
  CHECK(limit.least_ms() == Approx(5).epsilon(1e-6));
  CHECK(limit.holds(5, 0));
  CHECK_FALSE(limit.holds(5.001, 0));
}

}  // namespace
