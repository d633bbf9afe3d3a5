// SPDX-License-Identifier: Apache-2.0
#include "nascent/latency/predictor.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "../kernels/spaces.hpp"
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include "nascent/space/to_network.hpp"
#include "nascent/zoo/efficientnet_x.hpp"
#include "nascent/zoo/gpunet.hpp"
#include "nascent/zoo/tunas.hpp"

namespace {

std::size_t allocations = 0;

}  // namespace

// Not inlined: g++ would see malloc and free without the operators around them, and warn.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* p = std::malloc(size == 0 ? 1 : size)) return p;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }

namespace {

using Catch::Approx;
using namespace nascent;

/// Made-up times for all kernels but every `gap`-th.
template <class Space>
latency_table filled(const kernel_trellis<Space>& trellis, std::size_t gap = 0) {
  latency_table table(":memory:", device_description{.device = "none", .library = "none", .isa = "any"});
  std::vector<latency_entry> entries;
  std::size_t n = 0;
  for (const space_kernel& k : trellis.kernels()) {
    ++n;
    if (gap > 0 && n % gap == 0) continue;
    const double ms = std::exp(-static_cast<double>(n % 101) / 10);
    for (int placement = 1; placement <= (n % 3 == 0 ? 2 : 1); ++placement)
      entries.push_back({.signature = k.signature,
                         .time = {.median_ms = ms,
                                  .trimmed_mean_ms = 1.01 * ms * placement,
                                  .minimum_ms = ms,
                                  .low_ms = .9 * ms,
                                  .high_ms = 1.3 * ms,
                                  .count = 3},
                         .estimated = n % 7 == 0,
                         .placement = placement});
  }
  table.add(entries);
  return table;
}

template <class Space>
void check_equal(const Space& space, std::size_t gap, int samples) {
  CAPTURE(space.name(), gap);
  const kernel_trellis trellis(space);
  const latency_table table = filled(trellis, gap);
  const latency_predictor predictor(trellis, table);
  CHECK(predictor.missing() == (gap == 0 ? 0 : trellis.kernels().size() / gap));
  REQUIRE(predictor.kernel_ms().size() == trellis.kernels().size());
  for (std::size_t k = 0; k < predictor.kernel_ms().size(); ++k) {
    const auto known = table.id(trellis.kernels()[k].signature);
    if (known) REQUIRE(predictor.kernel_ms()[k] == table.entries()[*known].time.trimmed_mean_ms);
    else REQUIRE(std::isnan(predictor.kernel_ms()[k]));
  }
  random_engine rng(20260131);
  for (int i = 0; i < samples; ++i) {
    const auto c = space.sample(rng);
    const latency_prediction by_graph = table.predict(to_network(c));
    const latency_prediction p = predictor.predict(c);
    REQUIRE(p.ms == Approx(by_graph.ms).epsilon(1e-12));
    REQUIRE(p.low_ms == Approx(by_graph.low_ms).epsilon(0).margin(1e-12 * by_graph.ms));  // a difference
    REQUIRE(p.high_ms == Approx(by_graph.high_ms).epsilon(1e-12));
    REQUIRE(p.placement_deviation_ms == Approx(by_graph.placement_deviation_ms).epsilon(1e-12));
    REQUIRE(p.kernels == by_graph.kernels);
    REQUIRE(p.missing == by_graph.missing);
    REQUIRE(p.estimated == by_graph.estimated);
    if (p.complete()) REQUIRE(predictor.ms(c) == Approx(by_graph.ms).epsilon(1e-12));
    else REQUIRE(std::isnan(predictor.ms(c)));
  }
}

/// The same with what networks do to all their kernels: measured in 48 networks whose sizes and lengths differ, in
/// which kernels take longer the larger and the longer the network is.
template <class Space>
latency_table filled_with_effects(const kernel_trellis<Space>& trellis) {
  latency_table table(":memory:", device_description{.device = "none", .library = "none", .isa = "any"});
  std::vector<latency_entry> entries;
  std::size_t n = 0;
  for (const space_kernel& k : trellis.kernels()) {
    ++n;
    for (int p = 1; p <= 48; ++p) {
      if ((n + static_cast<std::size_t>(p)) % 3 == 0) continue;
      const double weights = 2e3 * std::pow(1.2, p);
      const double network_ms = .5 * std::pow(1.1, p * 29 % 48);
      const double ms = std::exp(-static_cast<double>(n % 17) / 10) * std::pow(weights, .03) *
                        std::pow(network_ms, .05) *
                        (1 + .02 * static_cast<double>((n * 7 + static_cast<std::size_t>(p)) % 5));
      entries.push_back({.signature = k.signature,
                         .time = {.median_ms = ms,
                                  .trimmed_mean_ms = 1.01 * ms,
                                  .minimum_ms = .8 * ms,
                                  .low_ms = .9 * ms,
                                  .high_ms = 1.3 * ms,
                                  .count = 3},
                         .placement = p,
                         .network_weights = static_cast<std::int64_t>(weights),
                         .network_ms = network_ms});
    }
  }
  table.add(entries);
  return table;
}

template <class Space>
void check_with_effects(const Space& space) {
  CAPTURE(space.name());
  const kernel_trellis trellis(space);
  const latency_table table = filled_with_effects(trellis);
  const latency_predictor predictor(trellis, table);
  random_engine rng(20261129);
  double farthest = 0;
  for (int i = 0; i < 100; ++i) {
    const auto c = space.sample(rng);
    const network graph = to_network(c);
    double weights = 0;
    double sum = 0;
    for (const kernel& k : fuse(graph)) {
      weights += static_cast<double>(params(k.core));
      sum += table.find(k)->time.trimmed_mean_ms;
    }
    const double factor = table.effects().network_factor(weights, sum);
    farthest = std::max(farthest, std::fabs(factor - 1));
    const latency_prediction by_graph = table.predict(graph);
    const latency_prediction p = predictor.predict(c);
    REQUIRE(by_graph.ms == Approx(factor * sum).epsilon(1e-12));
    REQUIRE(p.ms == Approx(by_graph.ms).epsilon(1e-12));
    REQUIRE(predictor.ms(c) == Approx(by_graph.ms).epsilon(1e-12));
    REQUIRE(p.low_ms == Approx(by_graph.low_ms).epsilon(0).margin(1e-12 * by_graph.ms));
    REQUIRE(p.high_ms == Approx(by_graph.high_ms).epsilon(1e-12));
    REQUIRE(p.placement_deviation_ms == Approx(by_graph.placement_deviation_ms).epsilon(1e-12));
  }
  CHECK(farthest > .03);  // the factor is not neutral
}

TEST_CASE("a predictor says what the table says where networks make their kernels slower") {
  check_with_effects(test::plain);
  check_with_effects(test::independent_layers);
  check_with_effects(zoo::proxylessnas);
}

TEST_CASE("a prediction adds up times, intervals and deviations as it says") {
  latency_entry a{.time = {.median_ms = 10, .trimmed_mean_ms = 11, .low_ms = 9, .high_ms = 13},
                  .placements = 4,
                  .placement_deviation_ms = .2};
  latency_entry b{.time = {.median_ms = 20, .trimmed_mean_ms = 19, .low_ms = 18.5, .high_ms = 20.25},
                  .estimated = true,
                  .placements = 1,
                  .placement_deviation_ms = 0};
  detail::prediction_sum sum;
  sum.add(&a, 100);
  sum.add(&b, 50);
  sum.add(nullptr, 25);
  detail::prediction_sum twice;
  twice.add(sum, 2);
  // Each draw of `a` varies by 0.2, the average of four by half of that: variances add up, twice.
  const double deviation = std::sqrt(2 * .04 * 1.25);
  const latency_prediction p = twice.result(placement_effects());
  CHECK(p.ms == Approx(60));
  CHECK(p.placement_deviation_ms == Approx(deviation));
  CHECK(p.low_ms == Approx(60 - 2 * (1 + 1.5) - 2 * deviation));
  CHECK(p.high_ms == Approx(60 + 2 * (3 + .25) + 2 * deviation));
  CHECK(p.kernels == 6);
  CHECK(p.missing == 2);
  CHECK(p.estimated == 2);
  CHECK(!p.complete());
  CHECK(twice.weights == 350);
  // A machine whose speed varies makes all kernels vary together.
  placement_effects uneven;
  std::vector<std::pair<double, double>> slow(200, {1.3, 1.});
  std::vector<std::pair<double, double>> usual(200, {1., 1.});
  uneven.add(1, 0, 0, slow);
  uneven.add(2, 0, 0, usual);
  REQUIRE(uneven.deviation() > .1);
  const latency_prediction q = twice.result(uneven);
  CHECK(q.ms == Approx(60));
  CHECK(q.placement_deviation_ms == Approx(std::hypot(deviation, 60 * uneven.deviation())));
  CHECK(q.low_ms == Approx(60 - 5 - 2 * q.placement_deviation_ms));
  // Never below nothing.
  latency_entry wide = a;
  wide.time.low_ms = -100;
  detail::prediction_sum one;
  one.add(&wide, 0);
  CHECK(one.result(placement_effects()).low_ms == 0);
}

TEST_CASE("a predictor says what the table says of the network") {
  for (const std::size_t gap : {std::size_t{0}, std::size_t{5}}) {
    check_equal(test::plain, gap, 200);
    check_equal(test::tied, gap, 200);
    check_equal(test::independent_layers, gap, 200);
    check_equal(test::connected, gap, 200);
    check_equal(test::constrained, gap, 200);
    check_equal(zoo::efficientnet_x, gap, 200);
    check_equal(zoo::proxylessnas_enlarged, gap, 200);
  }
  check_equal(zoo::gpunet, 0, 300);
}

TEST_CASE("predicting a candidate allocates nothing") {
  const kernel_trellis trellis(zoo::proxylessnas);
  const latency_predictor predictor(trellis, filled(trellis));
  random_engine rng(1);
  std::vector<decltype(zoo::proxylessnas.unrank(0))> all;
  for (int i = 0; i < 100; ++i) all.push_back(zoo::proxylessnas.sample(rng));
  double sum = 0;
  const std::size_t before = allocations;
  for (const auto& c : all) sum += predictor.ms(c) + predictor.predict(c).high_ms;
  CHECK(allocations == before);
  CHECK(sum > 0);
}

TEST_CASE("a predictor takes over what the table has learnt since") {
  const kernel_trellis trellis(test::plain);
  latency_table table = filled(trellis, 3);
  latency_predictor predictor(trellis, table);
  CHECK(predictor.missing() > 0);
  std::vector<latency_entry> rest;
  for (const space_kernel& k : trellis.kernels())
    rest.push_back(
        {.signature = k.signature, .time = {.median_ms = 1, .trimmed_mean_ms = 1, .low_ms = 1, .high_ms = 1}});
  table.add(rest);
  predictor.refresh(table);
  CHECK(predictor.missing() == 0);
  const auto c = test::plain.unrank(3);
  CHECK(predictor(c) == Approx(table.predict(to_network(c)).ms).epsilon(1e-12));
}

inline constexpr auto shrinking = define([] {
  return search_space("shrinking")
      .input(3, 5)
      .stage("1", conv{.filters = 8, .kernel = one_of(1, 5), .pad = padding::valid})
      .layers(range(1, 2))
      .head(global_pool{}, dense{10});
});

TEST_CASE("a candidate that cannot be built is refused") {
  const kernel_trellis trellis(shrinking);
  const latency_predictor predictor(trellis, filled(trellis));
  int refused = 0;
  for (uint128 r = 0; r < shrinking.size(); ++r) {
    try {
      static_cast<void>(predictor.ms(shrinking.unrank(r)));
    } catch (const space_error&) {
      CHECK_THROWS_AS(predictor.predict(shrinking.unrank(r)), space_error);
      ++refused;
    }
  }
  CHECK(refused == 1);
}

}  // namespace
