// SPDX-License-Identifier: Apache-2.0
#include "nascent/latency/entry.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
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

TEST_CASE("each field of an entry is made of the rows' same field, in whatever order they come") {
  // Distances between rows differ from field to field, and the smallest minimum is neither first nor last.
  std::vector<latency_entry> rows{row(6), row(2), row(3), row(4)};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto n = static_cast<double>(i);
    rows[i].time.median_ms = 10 + n;
    rows[i].time.trimmed_mean_ms = 20 + 3 * n * n;
    rows[i].time.low_ms = 9 + n / 2;
    rows[i].time.high_ms = 30 + 5 * n;
    rows[i].time.spread = .1 + .02 * n;
    rows[i].time.cpu_median_ms = 7 + .3 * n;
    rows[i].time.count = 5 + i;
    rows[i].time.spoilt = i;
    rows[i].time.involuntary_switches = static_cast<std::int64_t>(2 * i);
    rows[i].network = "n" + std::to_string(i);
    rows[i].measured_at = "2026-01-0" + std::to_string(i + 1) + "T12:00:00Z";
    rows[i].network_weights = 1000;
    rows[i].network_ms = 50;
  }
  const latency_entry e = combine(rows);
  CHECK(e.signature == "k");
  CHECK(e.time.median_ms == Approx(11.5));
  CHECK(e.time.trimmed_mean_ms == Approx(20 + 3 * 14 / 4.));
  CHECK(e.time.low_ms == Approx(9.75));
  CHECK(e.time.high_ms == Approx(37.5));
  CHECK(e.time.spread == Approx(.13));
  CHECK(e.time.cpu_median_ms == Approx(7.45));
  CHECK(e.time.minimum_ms == Approx(1));
  CHECK(e.time.count == 26);
  CHECK(e.time.spoilt == 6);
  CHECK(e.time.involuntary_switches == 12);
  CHECK(e.placements == 4);
  CHECK(e.network == "n3");
  CHECK(e.measured_at == "2026-01-04T12:00:00Z");
  CHECK(e.placement == 0);
  CHECK(e.network_weights == 0);
  CHECK(e.network_ms == 0);
  // Of 20, 23, 32, 47 around 30.5.
  CHECK(e.placement_deviation_ms == Approx(std::sqrt((10.5 * 10.5 + 7.5 * 7.5 + 1.5 * 1.5 + 16.5 * 16.5) / 3)));
  // The median of four is between the middle two; their deviation is around the mean all the same.
  const latency_entry m = combine(rows, placement_average::median);
  CHECK(m.time.trimmed_mean_ms == Approx(27.5));
  CHECK(m.time.high_ms == Approx(37.5));
  CHECK(m.placement_deviation_ms == Approx(e.placement_deviation_ms));
}

TEST_CASE("times of nothing have no relative error") {
  const latency_entry e = combine(std::vector{row(0), row(0)});
  CHECK(e.standard_error() == 0);
  CHECK(combine(std::vector{row(1), row(1)}).standard_error() == 0);
}

TEST_CASE("rows of one kernel are visited together") {
  std::vector<latency_entry> rows{row(1), row(2), row(3), row(4)};
  rows[0].signature = "a";
  rows[3].signature = "z";
  std::vector<std::size_t> counts;
  std::vector<double> first;
  for_each_kernel(std::span(rows), [&](std::span<latency_entry> mine) {
    counts.push_back(mine.size());
    first.push_back(mine.front().time.median_ms);
  });
  CHECK(counts == std::vector<std::size_t>{1, 2, 1});
  CHECK(first == std::vector<double>{1, 2, 4});
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
  const latency_entry mixed = combine(std::vector{row(1, true), row(5), row(9, true), row(7)});
  CHECK(mixed.time.median_ms == 6);
  CHECK(mixed.placements == 2);
  CHECK(combine(std::vector{row(1, true), row(3, true)}).time.median_ms == 2);
}

TEST_CASE("processor time is the source where most placements rest on it") {
  std::vector<latency_entry> rows{row(1), row(1), row(1)};
  rows[0].time.source = time_source::thread_cpu;
  CHECK(combine(rows).time.source == time_source::wall);
  rows[1].time.source = time_source::thread_cpu;
  CHECK(combine(rows).time.source == time_source::thread_cpu);
  rows.push_back(row(1));  // half of them is not most
  CHECK(combine(rows).time.source == time_source::wall);
  for (latency_entry& r : rows) r.time.source = time_source::device;
  CHECK(combine(rows).time.source == time_source::device);
}

}  // namespace
