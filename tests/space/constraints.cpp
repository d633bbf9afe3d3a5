// SPDX-License-Identifier: Apache-2.0
#include "nascent/space/detail/constraints.hpp"

#include <algorithm>
#include <set>

#include "spaces.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/zoo/efficientnet.hpp"

using namespace nascent;
using namespace test;

namespace {

constexpr auto differ = [](int a, int b) { return a != b; };

/// Four values in any order.
constexpr auto permutations = define([] {
  constexpr auto any = conv{.filters = range(1, 4)};
  return search_space("permutations")
      .input(3, 32)
      .stage("a", any)
      .stage("b", any)
      .stage("c", any)
      .stage("d", any)
      .require("a.filters", "b.filters", differ)
      .require("a.filters", "c.filters", differ)
      .require("a.filters", "d.filters", differ)
      .require("b.filters", "c.filters", differ)
      .require("b.filters", "d.filters", differ)
      .require("c.filters", "d.filters", differ);
});

/// The middle of three is the sum of its neighbours; an untouched stage of more than 64 bits lies between.
constexpr auto sums = define([] {
  return search_space("sums")
      .input(3, 32)
      .stage("a", conv{.filters = range(1, 30)})
      .stage("free", mbconv{.filters = range(8, 15), .kernel = one_of(3, 5)})
      .layers(independent(20))
      .stage("b", conv{.filters = range(1, 30)})
      .stage("c", conv{.filters = range(1, 30)})
      .require("a.filters", "b.filters", "c.filters", [](int a, int b, int c) { return b == a + c; });
});

/// Constraints over strides, connections, blocks and texts.
constexpr auto kinds = define([] {
  return search_space("kinds")
      .input(3, one_of(16, 32))
      .stage("1", conv{.filters = 8})
      .stride(one_of(1, 2, 4))
      .stage("2", conv{.filters = 8, .act = one_of(relu, swish)})
      .skip(one_of("none", "1"))
      .layers(range(0, 2))
      .require("input.resolution", "1.stride",
               [](int resolution, int stride) { return resolution / stride == 8 || resolution / stride == 16; })
      .require("2.act", "2.skip", [](activation act, std::string_view from) { return act == swish || from == "none"; });
});

/// The first option of "a" leaves nothing, which shows only after all of "b" and "c".
constexpr auto late = define([] {
  return search_space("late")
      .input(3, 32)
      .stage("a", conv{.filters = range(1, 2)})
      .stage("b", conv{.filters = range(1, 50)})
      .stage("c", conv{.filters = range(1, 50)})
      .stage("d", conv{.filters = one_of(1)})
      .require("b.filters", "c.filters", [](int, int) { return true; })
      .require("a.filters", "d.filters", differ);
});

template <class Space>
using counter_of = detail::constrained_counter<typename Space::declaration_type>;

}  // namespace

TEST_CASE("a declaration looks for one network; where it takes too many tries, it counts them") {
  STATIC_CHECK(counter_of<decltype(permutations)>::finds_candidate());
  STATIC_CHECK(counter_of<decltype(sums)>::finds_candidate());
  STATIC_CHECK(counter_of<decltype(kinds)>::finds_candidate());
  STATIC_CHECK(!counter_of<decltype(late)>::finds_candidate());
  STATIC_CHECK(late.size() == 50 * 50);
}

TEST_CASE("all different: as many as there are permutations") {
  STATIC_CHECK(permutations.size() == 4 * 3 * 2);
  std::vector<int> v{0, 1, 2, 3};
  std::set<std::vector<int>> expected;
  do expected.insert(v);
  while (std::next_permutation(v.begin(), v.end()));
  std::set<std::vector<int>> listed;
  for (const auto& c : all_candidates(permutations)) listed.insert(vector_of(c));
  CHECK(listed == expected);
}

TEST_CASE("stages that no constraint touches multiply, however large") {
  // a + c = b <= 30 with a, c >= 1: 29 + 28 + ... + 1
  STATIC_CHECK(sums.size() == uint128{29 * 30 / 2} << 80);
  random_engine rng(4);
  for (int i = 0; i < 2000; ++i) {
    const uint128 r = random_below(rng, sums.size());
    const auto c = sums.unrank(r);
    REQUIRE(sums.rank(c) == r);
    REQUIRE(c.digits[sums.find("b.filters")] ==
            c.digits[sums.find("a.filters")] + c.digits[sums.find("c.filters")] + 1);
    REQUIRE_NOTHROW(sums.validate(sums.sample(rng)));
    REQUIRE_NOTHROW(sums.validate(sums.sample_decisions(rng)));
  }
}

TEST_CASE("constraints take every kind of choice, by value") {
  // (16, 1), (16, 2), (32, 2), (32, 4); stage 2: absent, or one of 3 pairs with 1 or 2 layers.
  STATIC_CHECK(kinds.size() == 4 * (1 + 2 * 3));
}

TEST_CASE("where a choice of a constraint is inactive, it holds") {
  constexpr const auto& space = constrained::space;
  int without = 0;
  for (const auto& c : all_candidates(space)) without += c.digits[space.find("2.layers")] == 0 ? 1 : 0;
  CHECK(without == 4 * 3 * 2 * 3);
}

TEST_CASE("the EfficientNet-X space keeps the stride and the width that space-to-depth needs") {
  constexpr const auto& space = zoo::efficientnet_x;
  random_engine rng(11);
  int reshaped = 0;
  for (int i = 0; i < 2000; ++i) {
    const auto c = i % 2 == 0 ? space.sample(rng) : space.sample_decisions(rng);
    const auto value = [&](const char* path) {
      const auto k = space.find(path);
      return std::string(space.value(k, c.digits[k]).text().view());
    };
    const bool reshapes = value("reshape.layers") == "1";
    REQUIRE(value("2.stride") == (reshapes ? "1" : "2"));
    REQUIRE((value("1.filters") == "64") == reshapes);
    reshaped += reshapes ? 1 : 0;
  }
  CHECK(reshaped > 100);
  CHECK(reshaped < 1900);
}
