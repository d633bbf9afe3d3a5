// SPDX-License-Identifier: Apache-2.0
/// \file
/// Hot paths allocate nothing: every allocation of this program is counted.
#include <cstdlib>
#include <new>
#include <vector>

#include "spaces.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/cost/cost.hpp"
#include "nascent/space/constraint.hpp"
#include "nascent/space/features.hpp"
#include "nascent/zoo/efficientnet_x.hpp"
#include "nascent/zoo/gpunet.hpp"
#include "nascent/zoo/once_for_all.hpp"
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

using namespace nascent;

namespace {

/// Allocations while 100 candidates are drawn, ranked, encoded, written as rows, counted and moved.
template <class Space>
std::size_t allocations_in(const Space& space) {
  random_engine rng(3);
  const candidate_features encode(space);
  std::vector<double> row(encode.size());
  std::int64_t sum = 0;
  const std::size_t before = allocations;
  for (int i = 0; i < 100; ++i) {
    const auto a = space.sample(rng);
    const auto b = space.unrank(space.rank(space.sample_decisions(rng)));
    const auto c = space.mutate(space.crossover(a, b, rng), rng);
    for (const int decision : space.encode(c)) sum += decision;
    encode(a, row);
    sum += row.front() >= 0 ? 1 : 0;
    space.for_each_neighbour(a, [&](const auto& near) { sum += near.digits[0]; });
    sum += count(a).macs + cost(b).traffic + distance(a, c);
  }
  const std::size_t made = allocations - before;
  CHECK(sum > 0);
  return made;
}

/// Followed by running totals: a sum, a listed sum, a product, a count, an order.
constexpr auto bounded = define([] {
  return search_space("bounded")
      .input(3, 32)
      .stage("1", mbconv{.filters = range(8, 32, 8), .kernel = one_of(3, 5), .expand = one_of(1.5, 3.)})
      .layers(independent(range(1, 3)))
      .stage("2", conv{.filters = range(8, 32, 8), .kernel = one_of(3, 5)})
      .layers(range(0, 3))
      .stage("3", conv{.filters = range(8, 32, 8)})
      .layers(range(1, 3))
      .require(sum("*.layers") <= 6)
      .require(sum(priced("2.filters", 1, 1e6, 2e6, 3.5e6), priced("3.filters", 2, 1e6 + 1, 2e6, 3e6)) <= 5'000'000)
      .require(product("1[0].expand", "2.kernel", "3.layers") >= 6)
      .require(count("*.kernel", 5) <= 2)
      .require(monotone("1.layers", "2.layers", "3.layers"));
});

}  // namespace

TEST_CASE("drawing, ranking, counting and moving allocate nothing") {
  const auto* watched = new int(0);
  CHECK(allocations > 0);  // the counter works
  delete watched;
  CHECK(allocations_in(zoo::gpunet) == 0);
  CHECK(allocations_in(zoo::once_for_all) == 0);
  CHECK(allocations_in(zoo::mobilenet_v3_like) == 0);
  CHECK(allocations_in(zoo::efficientnet_x) == 0);
  CHECK(allocations_in(test::constrained::space) == 0);
  CHECK(allocations_in(bounded) == 0);
}
