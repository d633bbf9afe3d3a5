// SPDX-License-Identifier: Apache-2.0
#include "nascent/latency/placement_effects.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

namespace {

using Catch::Approx;
using namespace nascent;

latency_entry row(int kernel, std::int64_t placement, double ms) {
  return {.signature = "k" + std::to_string(1000 + kernel),
          .time = {.median_ms = ms, .trimmed_mean_ms = ms, .minimum_ms = ms, .low_ms = ms, .high_ms = ms, .count = 9},
          .placement = placement};
}

double time_of(int kernel) { return 0.01 * std::pow(1.2, kernel % 20); }

/// Rows of some kernels in each placement, in the order of a table. Bounds below are at least seven standard deviations
/// (over 2,000 seeds) from what `noise` makes, and a third of the effects that they tell apart or less, but for single
/// kernels.
template <class Slowdown>
std::vector<latency_entry> rows_of(int kernels, int placements, double share, double noise, std::mt19937_64& rng,
                                   Slowdown&& slowdown) {
  std::normal_distribution<double> normal;
  std::bernoulli_distribution has(share);
  std::vector<latency_entry> rows;
  for (int k = 0; k < kernels; ++k)
    for (int p = 1; p <= placements; ++p)
      if (has(rng)) rows.push_back(row(k, p, time_of(k) * slowdown(p) * std::exp(noise * normal(rng))));
  return rows;
}

/// Mean of the logarithms of corrected over true times, over the rows that are asked for.
template <class Select>
double mean_rest(const placement_effects& effects, const std::vector<latency_entry>& rows, Select&& select) {
  double sum = 0;
  int count = 0;
  for (const latency_entry& r : rows) {
    if (!select(r)) continue;
    const double truth = time_of(std::stoi(r.signature.substr(1)) - 1000);
    sum += std::log(effects.corrected(r).time.trimmed_mean_ms / truth);
    ++count;
  }
  return sum / count;
}

TEST_CASE("a machine of two speeds is told apart from its kernels") {
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 rng(seed);
  const auto slowdown = [](int p) { return p % 3 == 0 ? 1.12 : 1.0; };
  const auto rows = rows_of(60, 30, .4, .02, rng, slowdown);
  const placement_effects drift(rows);
  for (int p = 1; p <= 30; ++p) CHECK(drift.slowdown(p) / slowdown(p) == Approx(1).margin(.045));
  CHECK(drift.deviation() == Approx(std::log(1.12) * std::sqrt(2. / 9 * 30 / 29)).margin(.012));
  CHECK(drift.range().second == Approx(1.12).margin(.05));
  // What was measured in slow placements is as fast as the rest now: of log 1.12 = 0.113 nothing is left but the noise
  // of a mean over some 240 rows, and the twentieth that counts as usual.
  CHECK(std::fabs(mean_rest(drift, rows, [](const latency_entry& r) { return r.placement % 3 == 0; }) -
                  mean_rest(drift, rows, [](const latency_entry& r) { return r.placement % 3 != 0; })) < .025);
}

TEST_CASE("a corrected row is the row over its placement's factors, all times of it") {
  std::mt19937_64 rng(7);
  auto rows = rows_of(40, 60, .5, .01, rng, [](int p) { return (1 + .002 * p) * (p % 5 == 0 ? 1.2 : 1); });
  for (latency_entry& r : rows) {
    const double ms = r.time.trimmed_mean_ms;
    r.time = {.median_ms = 1.1 * ms,
              .trimmed_mean_ms = ms,
              .minimum_ms = .7 * ms,
              .low_ms = .9 * ms,
              .high_ms = 1.3 * ms,
              .spread = .25,
              .cpu_median_ms = 1.05 * ms,
              .count = 9,
              .spoilt = 2,
              .involuntary_switches = 4};
    r.network_weights = 1'000'000 + 10'000 * r.placement;
    r.network_ms = 5 + .1 * static_cast<double>(r.placement);
  }
  const placement_effects effects(rows);
  double largest = 0;
  for (const latency_entry& r : rows) {
    const latency_entry c = effects.corrected(r);
    const double factor = r.time.trimmed_mean_ms / c.time.trimmed_mean_ms;
    largest = std::max(largest, factor / effects.slowdown(r.placement));
    CHECK(c.time.median_ms * factor == Approx(r.time.median_ms));
    CHECK(c.time.minimum_ms * factor == Approx(r.time.minimum_ms));
    CHECK(c.time.low_ms * factor == Approx(r.time.low_ms));
    CHECK(c.time.high_ms * factor == Approx(r.time.high_ms));
    CHECK(c.time.cpu_median_ms * factor == Approx(r.time.cpu_median_ms));
    CHECK(c.time.spread == r.time.spread);
    CHECK(c.time.count == r.time.count);
    CHECK(c.time.spoilt == r.time.spoilt);
    CHECK(c.placement == r.placement);
    // The network's time as the table adds it up: without what the placement's rows have in common.
    const double common = effects.network_factor(static_cast<double>(r.network_weights), r.network_ms / factor);
    CHECK(factor / effects.slowdown(r.placement) / common == Approx(1).margin(.003));
  }
  CHECK(largest > 1.01);  // the network's part is seen at all
}

TEST_CASE("kernels that were never measured in the same minutes are tied by others") {
  // Half of the kernels only in slow placements, half only in fast ones, a few in both.
  std::vector<latency_entry> rows;
  for (int k = 0; k < 60; ++k)
    for (int p = 1; p <= 10; ++p) {
      const bool slow = p > 5;
      if (k < 25 && slow) continue;
      if (k >= 25 && k < 50 && !slow) continue;
      rows.push_back(row(k, p, time_of(k) * (slow ? 1.3 : 1.0)));
    }
  const placement_effects drift(rows);
  const double fast = drift.slowdown(1);
  CHECK(drift.slowdown(6) / fast == Approx(1.3).epsilon(.04));
  for (const latency_entry& r : rows) {
    const int k = std::stoi(r.signature.substr(1)) - 1000;
    CHECK(drift.corrected(r).time.median_ms == Approx(time_of(k) / fast).epsilon(.04));
  }
}

TEST_CASE("a few small kernels do not say how fast the machine was") {
  // Networks of another resolution share kernels with each other, and with the rest only ones that take a hundredth of
  // their time: these are twice as slow there, because so much else goes through the caches.
  constexpr int common = 12;
  std::vector<latency_entry> rows;
  for (int k = 0; k < 100; ++k)
    for (int p = 1; p <= 20; ++p) {
      const bool larger = p > 10;
      if (k >= common && larger != (k >= 56)) continue;
      rows.push_back(row(k, p, k < common ? 0.01 * time_of(19) * (larger ? 2 : 1) : time_of(k)));
    }
  const placement_effects drift(rows);
  CHECK(drift.slowdown(20) / drift.slowdown(1) == Approx(1).margin(.08));

  placement_effects later;
  std::vector<std::pair<double, double>> known(12, {.02, .01});
  later.add(1, 1e6, 24, known);
  CHECK(later.slowdown(1) == Approx(1).margin(.15));
  known.resize(1200, {.02, .01});
  later.add(2, 1e6, 24, known);
  CHECK(later.slowdown(2) == Approx(2).epsilon(.05));
}

TEST_CASE("the order of measurement does not matter") {
  std::mt19937_64 rng(20261126);
  auto rows = rows_of(40, 12, .6, .01, rng, [](int p) { return 1 + .01 * p; });
  const placement_effects first(rows);
  for (latency_entry& r : rows) r.placement = 100 - r.placement;
  std::ranges::sort(rows, [](const latency_entry& a, const latency_entry& b) {
    return a.signature != b.signature ? a.signature < b.signature : a.placement < b.placement;
  });
  const placement_effects second(rows);
  for (int p = 1; p <= 12; ++p) CHECK(second.slowdown(100 - p) == Approx(first.slowdown(p)).epsilon(1e-3));
}

TEST_CASE("large networks make all kernels slower, and long ones: that is the network, not the machine") {
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 rng(seed);
  constexpr int placements = 240;
  const auto weights = [](int p) { return 1e6 * std::pow(1.012, p); };
  const auto ms = [](int p) { return 5 * std::pow(1.01, p * 77 % placements); };  // in another order than the weights
  const auto truth_of_size = [](double w) { return 1 + .05 * std::log(w / 1e6); };
  const auto truth_of_length = [](double t) { return 1 + .08 * std::sqrt(std::log(t / 4)); };
  const auto truth = [&](int p) { return truth_of_size(weights(p)) * truth_of_length(ms(p)); };
  const auto slowdown = [](int p) { return p % 7 == 0 ? 1.25 : 1.0; };
  auto rows = rows_of(80, placements, .5, .02, rng, [&](int p) { return truth(p) * slowdown(p); });
  const double median_weights = weights(placements / 2);
  const double median_ms = 5 * std::pow(1.01, placements / 2);
  const double median = truth_of_size(median_weights) * truth_of_length(median_ms);
  for (latency_entry& r : rows) {
    const int p = static_cast<int>(r.placement);
    r.network_weights = static_cast<std::int64_t>(weights(p));
    r.network_ms = ms(p) * slowdown(p) * truth(p) / median;
  }
  const placement_effects effects(rows);
  CHECK(effects.network_factor(median_weights, median_ms) == Approx(1).margin(.01));
  for (const int p : {12, 60, 120, 180, 228}) {
    CHECK(effects.network_factor(weights(p), median_ms) ==
          Approx(truth_of_size(weights(p)) / truth_of_size(median_weights)).margin(.03));
    CHECK(effects.network_factor(median_weights, ms(p)) ==
          Approx(truth_of_length(ms(p)) / truth_of_length(median_ms)).margin(.03));
  }
  for (int p = 1; p <= placements; ++p) CHECK(effects.slowdown(p) == Approx(slowdown(p)).margin(.06));
  // Rows of slow minutes, of large networks and of long ones are as the others, and all as in a network of median size.
  const auto in = [&](auto select) { return mean_rest(effects, rows, select); };
  const double all = in([](const latency_entry&) { return true; });
  CHECK(all == Approx(std::log(median)).margin(.02));
  CHECK(in([](const latency_entry& r) { return r.placement % 7 == 0; }) == Approx(all).margin(.03));  // of 0.22
  CHECK(in([](const latency_entry& r) { return r.placement > 3 * placements / 4; }) == Approx(all).margin(.02));
  CHECK(in([&](const latency_entry& r) { return ms(static_cast<int>(r.placement)) > 30; }) == Approx(all).margin(.02));
  // Nothing is known beyond the smallest and the longest, nor of what is not said.
  CHECK(effects.network_factor(1, median_ms) == effects.network_factor(weights(1), median_ms));
  CHECK(effects.network_factor(0, 1e6) == effects.network_factor(0, 5 * std::pow(1.01, placements + 99)));
  CHECK(effects.network_factor(0, 0) == 1);

  // Rows of older tables do not say how long networks took: their size counts still, here with what length does to it.
  for (latency_entry& r : rows) r.network_ms = 0;
  const placement_effects by_size(rows);
  CHECK(by_size.network_factor(median_weights, 1) == by_size.network_factor(median_weights, 1e3));
  CHECK(by_size.network_factor(weights(228), 1) ==
        Approx(truth_of_size(weights(228)) / truth_of_size(median_weights)).margin(.05));
  // Too few networks tell nothing.
  std::erase_if(rows, [](const latency_entry& r) { return r.placement > 20; });
  CHECK(placement_effects(rows).network_factor(1e7, 3) == 1);
}

TEST_CASE("what size does is found to the end where lengths are not told") {
  std::mt19937_64 rng(8);
  const auto weights = [](int p) { return 1e6 * std::pow(1.04, p); };
  const auto truth = [](double w) { return std::pow(w / 1e6, .1); };
  auto rows = rows_of(40, 60, .6, 0, rng, [&](int p) { return truth(weights(p)); });
  for (latency_entry& r : rows) r.network_weights = static_cast<std::int64_t>(weights(static_cast<int>(r.placement)));
  const placement_effects effects(rows);
  for (const int p : {3, 15, 30, 45, 58})
    CHECK(effects.network_factor(weights(p), 0) / effects.network_factor(weights(30), 0) ==
          Approx(truth(weights(p)) / truth(weights(30))).epsilon(.012));
  for (int p = 1; p <= 60; ++p) CHECK(effects.slowdown(p) == Approx(1).margin(.01));
}

TEST_CASE("one kernel in trouble does not make a placement slow") {
  std::vector<latency_entry> rows;
  for (int k = 0; k < 20; ++k)
    for (int p = 1; p <= 5; ++p) rows.push_back(row(k, p, (k == 3 && p == 2 ? 7 : 1) * time_of(k)));
  const placement_effects drift(rows);
  CHECK(drift.slowdown(2) == Approx(1).epsilon(.01));
  CHECK(drift.corrected(rows[16]).time.median_ms == Approx(7 * time_of(3)).epsilon(.01));
}

TEST_CASE("placements that share too little, estimates and rows of unknown origin have no speed") {
  std::vector<latency_entry> rows;
  for (int k = 0; k < 20; ++k)
    for (int p = 1; p <= 4; ++p) {
      if (p == 4 && k >= static_cast<int>(placement_effects::least_shared) - 1) continue;
      rows.push_back(row(k, p, (p == 4 ? 2 : 1) * time_of(k)));
    }
  rows.push_back(row(30, 5, 1));
  rows.push_back(row(31, 0, 1));
  rows.push_back(row(32, 6, 1));
  rows.back().estimated = true;
  const placement_effects drift(rows);
  for (const std::int64_t p : {0, 1, 4, 5, 6, 99}) CHECK(drift.slowdown(p) == Approx(1));
  CHECK(placement_effects().slowdown(1) == 1);
  CHECK(placement_effects().deviation() == 0);
  CHECK(placement_effects(std::vector<latency_entry>{}).range() == std::pair(1., 1.));
}

TEST_CASE("of a placement that comes later, what its network's size and time do is no slowdown") {
  std::mt19937_64 rng(3);
  const auto factor = [](double weights, double ms) { return std::pow(weights / 1e6, .05) * std::pow(ms, .08); };
  const auto weights = [](int p) { return 1e6 * std::pow(1.05, p); };
  const auto ms = [](int p) { return 2 * std::pow(1.04, p * 17 % 60); };
  auto rows = rows_of(40, 60, .6, .002, rng, [&](int p) { return factor(weights(p), ms(p)); });
  for (latency_entry& r : rows) {
    r.network_weights = static_cast<std::int64_t>(weights(static_cast<int>(r.placement)));
    r.network_ms =
        ms(static_cast<int>(r.placement)) * factor(weights(static_cast<int>(r.placement)), 5) / factor(6e6, 5);
  }
  placement_effects effects(rows);
  // Two later ones, a small short network and a large long one, whose kernels are as the fit says; then a large one in
  // a slow minute. Its small kernels are slower than its large ones, so that no row is like the sum.
  double all = 0;
  for (int k = 0; k < 40; ++k) all += time_of(k);
  const auto later = [&](std::int64_t placement, double w, double table_ms, double slow) {
    std::vector<std::pair<double, double>> seen;
    double now = 0;
    double usual = 0;
    for (int k = 0; k < 40; ++k) {
      const double own = time_of(k) * table_ms / all;
      const double uneven = k % 2 == 0 ? 1.04 : 1 / 1.04;
      seen.emplace_back(own * effects.network_factor(w, table_ms) * slow * (k == 0 ? 3 : uneven), own);
      now += seen.back().first;
      usual += own;
    }
    effects.add(placement, w, table_ms * now / usual, seen);
    return effects.slowdown(placement);
  };
  CHECK(effects.network_factor(1.5e7, 15.) / effects.network_factor(1.2e6, 3.) > 1.15);
  CHECK(later(1001, 1.2e6, 3, 1) == Approx(1).margin(.05));
  CHECK(later(1002, 1.5e7, 15, 1) == Approx(1).margin(.05));
  CHECK(later(1003, 1.5e7, 15, 1.5) == Approx(1.5).margin(.12));
  // A row of it is corrected by both.
  const latency_entry corrected = effects.corrected(row(3, 1003, 7));
  CHECK(corrected.time.median_ms ==
        Approx(7 / effects.slowdown(1003) / effects.network_factor(1.5e7, 15)).epsilon(.01));
  CHECK(effects.range().second == Approx(effects.slowdown(1003)));
}

TEST_CASE("a placement that comes later is compared with the table") {
  placement_effects drift;
  std::vector<std::pair<double, double>> rows(placement_effects::least_shared, {2.4, 2.});
  rows.emplace_back(7, 1);  // one kernel in trouble
  drift.add(11, 1e6, 27, rows);
  CHECK(drift.slowdown(11) == Approx(1.2).margin(.015));
  const double first = drift.slowdown(11);
  drift.add(11, 1e6, 30, std::vector<std::pair<double, double>>(20, {2., 1.}));  // it is known
  CHECK(drift.slowdown(11) == first);
  drift.add(12, 1e6, 30, std::vector<std::pair<double, double>>{{3., 1.}});
  CHECK(drift.slowdown(12) == 1);
}

}  // namespace
