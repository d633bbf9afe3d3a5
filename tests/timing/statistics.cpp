// SPDX-License-Identifier: Apache-2.0
#include "nascent/timing/statistics.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <stdexcept>
#include <vector>

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

namespace {

using Catch::Approx;
using nascent::ordered_sample;
using nascent::time_sample;

TEST_CASE("ranks around the median are those of the tables of the sign test") {
  // 95 % two-sided, e.g. Gibbons and Chakraborti, Nonparametric Statistical Inference; coverage in percent.
  struct row {
    std::size_t n, low, high;
    double coverage;
  };
  for (const row& r : {row{6, 1, 6, 96.88}, row{7, 1, 7, 98.44}, row{8, 1, 8, 99.22}, row{9, 2, 8, 96.09},
                       row{10, 2, 9, 97.85}, row{15, 4, 12, 96.48}, row{20, 6, 15, 95.86}, row{25, 8, 18, 95.67},
                       row{30, 10, 21, 95.72}, row{50, 18, 33, 96.72}, row{100, 40, 61, 96.48}}) {
    CAPTURE(r.n);
    const auto ranks = nascent::ranks_around_median(r.n, 0.95);
    CHECK(ranks.low == r.low);
    CHECK(ranks.high == r.high);
    CHECK(100 * ranks.coverage == Approx(r.coverage).margin(0.006));
  }
  CHECK(nascent::ranks_around_median(5, 0.95).low == 0);  // even the extremes cover 93.75 % only
  CHECK(nascent::ranks_around_median(5, 0.9).low == 1);
  CHECK(nascent::ranks_around_median(0, 0.95).low == 0);
}

TEST_CASE("ranks for many samples do not underflow and approach the normal distribution") {
  const auto ranks = nascent::ranks_around_median(2000, 0.95);  // exact, by integer arithmetic: 956, 1045, 95.345 %
  CHECK(ranks.low == 956);
  CHECK(ranks.high == 1045);
  CHECK(100 * ranks.coverage == Approx(95.345).margin(0.001));
  const double n = 1e5;
  const auto many = nascent::ranks_around_median(100'000, 0.95);
  CHECK(static_cast<double>(many.low) == Approx(n / 2 - 1.959964 * std::sqrt(n) / 2).margin(2));
}

TEST_CASE("the interval of the median covers the true median as often as it says") {
  std::mt19937_64 rng(7);
  int covered = 0;
  for (int trial = 0; trial < 4000; ++trial) {
    std::vector<double> values(10);
    for (double& v : values) v = -std::log((static_cast<double>(rng() >> 11) + 0.5) * 0x1p-53);  // exponential: skewed
    const auto [low, high] = ordered_sample(values).median_interval(0.95);
    covered += low <= std::log(2.0) && std::log(2.0) <= high;
  }
  CHECK(covered / 4000.0 == Approx(0.9785).margin(0.01));  // four standard errors
}

TEST_CASE("quantiles are those that R prints") {
  // summary(women$weight): 115.0 124.5 135.0 (mean 136.7) 148.0 164.0
  const ordered_sample weights({164, 159, 154, 150, 146, 142, 139, 135, 132, 129, 126, 123, 120, 117, 115});
  CHECK(weights.minimum() == 115);
  CHECK(weights.quantile(0.25) == Approx(124.5));
  CHECK(weights.median() == 135);
  CHECK(weights.quantile(0.75) == Approx(148));
  CHECK(weights.maximum() == 164);
  CHECK(weights.trimmed_mean(1) == Approx(136.7).margin(0.05));
  CHECK(weights.spread() == Approx(23.5 / 135));
  CHECK(ordered_sample({4, 1, 3, 2}).median() == 2.5);
  CHECK(ordered_sample({4, 1, 3, 2}).quantile(0.25) == Approx(1.75));
  CHECK(ordered_sample({5}).quantile(1) == 5);
}

TEST_CASE("trimmed means are those of the manuals of R and SciPy") {
  // R, ?mean: x <- c(0:10, 50); c(mean(x), mean(x, trim = 0.10)) is 8.75 5.50
  const ordered_sample x({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 50});
  CHECK(x.trimmed_mean(1) == Approx(8.75));
  CHECK(x.trimmed_mean(0.8) == Approx(5.5));
  // scipy.stats.trim_mean(numpy.arange(20), 0.1) is 9.5
  std::vector<double> twenty(20);
  std::iota(twenty.begin(), twenty.end(), 0.0);
  CHECK(ordered_sample(twenty).trimmed_mean(0.8) == Approx(9.5));
  // 20 x 5 % is one whole sample, whatever the rounding of 1 - 0.9
  twenty.back() = 1e6;
  CHECK(ordered_sample(twenty).trimmed_mean(0.9) == Approx(9.5));
  CHECK(ordered_sample({3}).trimmed_mean(0.01) == 3);
  CHECK(ordered_sample({1, 2, 9}).trimmed_mean(0.01) == 2);
}

TEST_CASE("statistics of nothing, or of what is no number, are refused") {
  CHECK_THROWS_AS(ordered_sample({}), nascent::error);
  CHECK_THROWS_AS(ordered_sample({1, std::numeric_limits<double>::quiet_NaN()}), nascent::error);
  CHECK_THROWS_AS(ordered_sample({1}).quantile(1.1), nascent::error);
  CHECK_THROWS_AS(ordered_sample({1}).trimmed_mean(0), nascent::error);
  CHECK_THROWS_AS(nascent::ranks_around_median(10, 1.0), nascent::error);
  CHECK_THROWS_AS(nascent::summarise({}, true), nascent::error);
  CHECK_THROWS_AS(nascent::pair_up({}, {}, true), nascent::error);
}

std::vector<time_sample> samples(int quiet, int spoilt) {
  std::vector<time_sample> all;
  for (int i = 0; i < quiet; ++i) all.push_back({.wall_ms = 2 + 0.01 * i, .cpu_ms = 1.9, .switches = 0});
  for (int i = 0; i < spoilt; ++i) all.push_back({.wall_ms = 50, .cpu_ms = 2.1, .switches = 3});
  return all;
}

TEST_CASE("a summary leaves spoilt samples out while they are the smaller part") {
  const auto s = nascent::summarise(samples(11, 9), true);
  CHECK(s.source == nascent::time_source::wall);
  CHECK(s.count == 11);
  CHECK(s.spoilt == 9);
  CHECK(s.involuntary_switches == 27);
  CHECK(s.median_ms == Approx(2.05));
  CHECK(s.minimum_ms == 2);
  CHECK(s.cpu_median_ms == 1.9);
  CHECK(s.low_ms <= s.median_ms);
  CHECK(s.high_ms >= s.median_ms);
}

TEST_CASE("where most samples are spoilt, one thread's processor time stands in and is marked") {
  const auto s = nascent::summarise(samples(4, 16), true);
  CHECK(s.source == nascent::time_source::thread_cpu);
  CHECK(s.count == 20);
  CHECK(s.median_ms == 2.1);
  CHECK(s.cpu_median_ms == 2.1);
}

TEST_CASE("processor time of one thread never stands in for that of several") {
  CHECK(nascent::summarise(samples(9, 16), false).median_ms == Approx(2.04));  // what is left of the wall times
  const auto s = nascent::summarise(samples(2, 18), false);
  CHECK(s.source == nascent::time_source::wall);
  CHECK(s.count == 20);
  CHECK(s.median_ms == 50);
}

TEST_CASE("scaling a summary leaves shares and counts alone") {
  const auto s = nascent::summarise(samples(10, 0), true);
  const auto half = nascent::scaled(s, 0.5);
  CHECK(half.median_ms == s.median_ms / 2);
  CHECK(half.trimmed_mean_ms == s.trimmed_mean_ms / 2);
  CHECK(half.minimum_ms == s.minimum_ms / 2);
  CHECK(half.spread == s.spread);
  CHECK(half.count == s.count);
}

TEST_CASE("taking something off a summary leaves a tenth at least") {
  const auto s = nascent::summarise(samples(10, 0), true);
  CHECK(nascent::without(s, s.minimum_ms / 4).median_ms == s.median_ms - s.minimum_ms / 4);
  CHECK(nascent::without(s, 1e6).median_ms == s.median_ms / 10);
  CHECK(nascent::without(s, -1).low_ms == s.low_ms + 1);
  CHECK(nascent::without(s, 1).count == s.count);
}

TEST_CASE("a paired ratio cancels what slows both in one round") {
  std::vector<time_sample> first;
  std::vector<time_sample> second;
  for (int i = 0; i < 20; ++i) {
    const double weather = 1 + i % 5;
    first.push_back({.wall_ms = weather, .cpu_ms = weather});
    second.push_back({.wall_ms = 1.2 * weather, .cpu_ms = weather});
  }
  const auto ratio = nascent::pair_up(first, second, true);
  CHECK(ratio.median == Approx(1.2));
  CHECK(ratio.low == Approx(1.2));
  CHECK(ratio.high == Approx(1.2));
  CHECK(ratio.rounds == 20);
  for (int i = 0; i < 5; ++i) first[static_cast<std::size_t>(i)] = {.wall_ms = 99, .cpu_ms = 1, .switches = 1};
  CHECK(nascent::pair_up(first, second, true).rounds == 15);
  CHECK(nascent::pair_up(first, second, true).median == Approx(1.2));
}

TEST_CASE("a paired ratio of too few rounds has no interval") {
  const std::vector<time_sample> few(5, {.wall_ms = 1, .cpu_ms = 1});
  const auto ratio = nascent::pair_up(few, few, true);
  CHECK(ratio.low == 0);
  CHECK(std::isinf(ratio.high));
}

}  // namespace
