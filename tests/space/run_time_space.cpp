// SPDX-License-Identifier: Apache-2.0
// What needs a space asks the object: a space that is written by hand, has state and is known at run time only goes
// through everything that the concept promises.
#include "run_time_space.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "spaces.hpp"
#include <catch2/catch_test_macros.hpp>
#include <range/v3/range/conversion.hpp>

#include "nascent/cost/bounds.hpp"
#include "nascent/cost/cost.hpp"
#include "nascent/cost/run_time_bounds.hpp"
#include "nascent/space/describe.hpp"
#include "nascent/space/naive_size.hpp"
#include "nascent/space/to_network.hpp"
#include "nascent/space/views.hpp"

using namespace nascent;
using namespace test;

namespace {

static_assert(space<listed_space> && network_space<listed_space>);
static_assert(!declared_space<listed_space> && !stateless_space<listed_space>);
static_assert(space<decltype(depths::space)> && declared_space<decltype(depths::space)>);
static_assert(!space<int> && !space<std::vector<int>>);
// A declaration that was not given to `define` is none.
static_assert(!space<decltype(search_space("s").input(3, 16))>);

}  // namespace

TEST_CASE("ranks of a space made at run time number its candidates") {
  const listed_space s = make_listed_space();
  REQUIRE(s.size() == 120);
  std::set<std::vector<int>> seen;
  for (uint128 r = 0; r < s.size(); ++r) {
    const auto c = s.unrank(r);
    CHECK(s.rank(c) == r);
    CHECK(s.decode(s.encode(c)) == c);
    CHECK(seen.insert(s.encode(c)).second);
  }
  CHECK(seen.size() == 120);
  CHECK_THROWS_AS(s.unrank(120), space_error);
}

TEST_CASE("samples and moves of a space made at run time") {
  const listed_space s = make_listed_space();
  constexpr std::uint64_t seed = 4;
  CAPTURE(seed);
  random_engine rng(seed);
  std::vector<int> seen(120);
  constexpr int draws = 24'000;
  for (int i = 0; i < draws; ++i) ++seen[static_cast<std::size_t>(s.rank(s.sample(rng)))];
  CHECK(chi_square_excess(seen, draws) < 5);
  const auto c = s.sample(rng);
  std::set<std::vector<int>> near;
  s.for_each_neighbour(c, [&](const auto& other) {
    CHECK(distance(c, other) == 1);
    CHECK(near.insert(s.encode(other)).second);
  });
  CHECK(near.size() == 2 + 3 + 0 + 1 + 4);
  for (int i = 0; i < 100; ++i) CHECK(distance(c, s.mutate(c, rng)) <= 1);
}

TEST_CASE("views, sizes, networks and costs of a space made at run time") {
  const listed_space s = make_listed_space();
  const auto part = s | views::candidates | views::shard(1, 3) | ranges::to<std::vector>();
  REQUIRE(part.size() == 40);
  CHECK(s.rank(part.front()) == 40);
  CHECK_THROWS_AS(s | views::candidates | views::from(121), space_error);
  CHECK(naive_size(s) == "120");

  const auto c = s.decode(std::vector<int>{0, 1, 0, 1, 4});  // kernels 1, 3, 3, 5, 9
  const network graph = to_network(s, c);
  REQUIRE(graph.layers().size() == 5);
  CHECK(graph.name() == "listed");
  CHECK(graph.stage_of(3) == "d");
  CHECK(graph.layers()[4].kernel_height == 9);
  // Without biases, batch normalisation in two numbers per filter.
  CHECK(count(s, c).params == 3 * 4 + 4 * 4 * (9 + 9 + 25 + 81) + 5 * 2 * 4);
  CHECK(cost(s, c).macs == count(s, c).macs);
  CHECK(describe(s, c) == "a = 1, b = 3, c = 3, d = 5, e = 9");
}

TEST_CASE("bounds of cost of a space made at run time are those of its candidates") {
  const listed_space s = make_listed_space();
  std::int64_t least = count(s, s.unrank(0)).macs;
  std::int64_t most = least;
  for (uint128 r = 0; r < s.size(); ++r) {
    least = std::min(least, count(s, s.unrank(r)).macs);
    most = std::max(most, count(s, s.unrank(r)).macs);
  }
  CHECK(min_macs(s) == least);
  CHECK(max_macs(s) == most);
  CHECK(max_params(s) - min_params(s) == 3 * 4 * 24 + 16 * (48 + 16 + 80));
}

TEST_CASE("a space without state costs its users nothing") {
  struct holder {
    [[no_unique_address]] std::remove_const_t<decltype(depths::space)> space;
    std::uint64_t other;
  };
  CHECK(sizeof(holder) == sizeof(std::uint64_t));
  CHECK(sizeof(candidate_view<std::remove_const_t<decltype(depths::space)>>) == 2 * sizeof(uint128));
}
