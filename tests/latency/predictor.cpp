// SPDX-License-Identifier: Apache-2.0
#include "nascent/latency/predictor.hpp"

#include <cmath>
#include <cstdlib>
#include <new>
#include <string>
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
