// SPDX-License-Identifier: Apache-2.0
/// \file
/// Hot paths allocate nothing: every allocation of this program is counted.
#include <cstdlib>
#include <new>
#include <vector>

#include "spaces.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/cost/cost.hpp"
#include "nascent/space/features.hpp"
#include "nascent/zoo/efficientnet.hpp"
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
}
