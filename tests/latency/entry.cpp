// SPDX-License-Identifier: Apache-2.0
#include "nascent/latency/entry.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

namespace {

using Catch::Approx;
using namespace nascent;

latency_entry row(double ms, bool estimated = false) {
  return {.signature = "k",
          .time = {.median_ms = ms,
                   .trimmed_mean_ms = 2 * ms,
                   .minimum_ms = ms / 2,
                   .low_ms = .9 * ms,
                   .high_ms = 1.2 * ms,
                   .spread = .1,
                   .cpu_median_ms = ms,
                   .count = 5,
                   .spoilt = 1,
                   .involuntary_switches = 2},
          .estimated = estimated,
          .placement = 7};
}

TEST_CASE("one row is its entry") {
  const latency_entry e = combine(std::vector{row(3)});
  CHECK(e.time == row(3).time);
  CHECK(e.placements == 1);
  CHECK(e.placement == 7);
  CHECK(e.placement_deviation_ms == 0);
  CHECK(e.standard_error() == std::numeric_limits<double>::infinity());
}

TEST_CASE("placements average, their counts add up, the minimum is the smallest") {
  const latency_entry e = combine(std::vector{row(1), row(2), row(6)});
  CHECK(e.placements == 3);
  CHECK(e.time.median_ms == Approx(3));
  CHECK(e.time.trimmed_mean_ms == Approx(6));
  CHECK(e.time.minimum_ms == Approx(.5));
  CHECK(e.time.low_ms == Approx(2.7));
  CHECK(e.time.high_ms == Approx(3.6));
  CHECK(e.time.spread == Approx(.1));
  CHECK(e.time.count == 15);
  CHECK(e.time.spoilt == 3);
  CHECK(e.time.involuntary_switches == 6);
  CHECK(e.placement_deviation_ms == Approx(std::sqrt((16. + 4 + 36) / 2)));  // of 2, 4, 12
  CHECK(e.standard_error() == Approx(e.placement_deviation_ms / std::sqrt(3.) / 6));
}

TEST_CASE("the median of placements passes over one in a bad minute") {
  const latency_entry e = combine(std::vector{row(1), row(1), row(10)}, placement_average::median);
  CHECK(e.time.median_ms == 1);
  CHECK(e.time.trimmed_mean_ms == 2);
  CHECK(e.placement_deviation_ms > 0);
}

TEST_CASE("estimates count only where nothing was measured") {
  CHECK(combine(std::vector{row(1, true), row(5)}).time.median_ms == 5);
  CHECK(!combine(std::vector{row(1, true), row(5)}).estimated);
  CHECK(combine(std::vector{row(1, true)}).estimated);
}

TEST_CASE("processor time is the source where most placements rest on it") {
  std::vector<latency_entry> rows{row(1), row(1), row(1)};
  rows[0].time.source = time_source::thread_cpu;
  CHECK(combine(rows).time.source == time_source::wall);
  rows[1].time.source = time_source::thread_cpu;
  CHECK(combine(rows).time.source == time_source::thread_cpu);
}

}  // namespace
