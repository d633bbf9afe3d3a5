// SPDX-License-Identifier: Apache-2.0
#include "nascent/space/detail/constraints.hpp"

#include <algorithm>
#include <set>

#include "spaces.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>

#include "nascent/zoo/efficientnet_x.hpp"

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

namespace {

constexpr auto equal = [](int a, int b) { return a == b; };

/// n pairs of which each is equal, the halves of all pairs before the other halves: in this order n choices are open.
constexpr auto in_pairs = [] {
  constexpr auto any = conv{.filters = one_of(8, 16)};
  const auto a = search_space("pairs").input(3, 32).stage("a0", any).stage("a1", any).stage("a2", any).stage("a3", any);
  const auto b = a.stage("a4", any).stage("a5", any).stage("a6", any).stage("a7", any).stage("a8", any);
  const auto c = b.stage("b0", any).stage("b1", any).stage("b2", any).stage("b3", any).stage("b4", any);
  return c.stage("b5", any).stage("b6", any).stage("b7", any).stage("b8", any);
};
constexpr auto nine_pairs = define([] {
  return in_pairs()
      .require("a0.filters", "b0.filters", equal)
      .require("a1.filters", "b1.filters", equal)
      .require("a2.filters", "b2.filters", equal)
      .require("a3.filters", "b3.filters", equal)
      .require("a4.filters", "b4.filters", equal)
      .require("a5.filters", "b5.filters", equal)
      .require("a6.filters", "b6.filters", equal)
      .require("a7.filters", "b7.filters", equal)
      .require("a8.filters", "b8.filters", equal);
});

/// The same of five options each: 5^9 states in the order of the declaration, 6 in another.
constexpr auto wide_pairs = define([] {
  constexpr auto any = conv{.filters = range(8, 40, 8)};
  const auto a = search_space("wide pairs").input(3, one_of(16, 32)).stage("a0", any).stage("a1", any).stage("a2", any);
  const auto b = a.stage("a3", any).stage("a4", any).stage("a5", any).stage("a6", any).stage("a7", any);
  const auto c = b.stage("a8", conv{.filters = range(8, 40, 8), .kernel = one_of(3, 5)}).layers(range(0, 2));
  const auto d = c.stage("b0", any).stage("b1", any).stage("b2", any).stage("b3", any).stage("b4", any);
  return d.stage("b5", any)
      .stage("b6", any)
      .stage("b7", any)
      .stage("b8", any)
      .require(value_of("a0.filters") == value_of("b0.filters"))
      .require(all_equal("a1.filters", "b1.filters"))
      .require("a2.filters", "b2.filters", equal)
      .require("a3.filters", "b3.filters", equal)
      .require(table({"a4.filters", "b4.filters"}, {{8, 8}, {16, 16}, {24, 24}, {32, 32}, {40, 40}}))
      .require("a5.filters", "b5.filters", equal)
      .require("a6.filters", "b6.filters", equal)
      .require(monotone("b7.filters", "a7.filters"))
      .require(monotone("a7.filters", "b7.filters"))
      .require("a8.filters", "b8.filters", equal);
});

/// Stages of six depths.
template <class... Constraint>
constexpr auto depths_with(Constraint... constraint) {
  constexpr auto any = conv{.filters = 8};
  return search_space("depths")
      .input(3, 32)
      .stage("0", any)
      .layers(range(1, 4))
      .stage("1", any)
      .layers(range(1, 4))
      .stage("2", any)
      .layers(range(1, 4))
      .stage("3", any)
      .layers(range(1, 4))
      .stage("4", any)
      .layers(range(1, 4))
      .stage("5", any)
      .layers(range(1, 4))
      .require(constraint...);
}
constexpr auto at_most_14 = define([] { return depths_with(sum("*.layers") <= 14); });
constexpr auto rising_depths = define(
    [] { return depths_with(monotone("0.layers", "1.layers", "2.layers", "3.layers", "4.layers", "5.layers")); });
constexpr auto by_predicate = define([] {
  return depths_with("0.layers", "1.layers", "2.layers", "3.layers", "4.layers", "5.layers",
                     [](int a, int b, int c, int d, int e, int f) { return a + b + c + d + e + f <= 14; });
});
/// MACs of stages that do not depend on each other, as they are: no unit, no rounding.
constexpr auto priced_depths = define([] {
  return depths_with(sum(priced("0.layers", 21'676'032, 43'352'064, 65'028'097, 86'704'128),
                         priced("1.layers", 10'838'016, 20'000'003, 32'514'048, 43'352'064),
                         priced("2.layers", 5'419'009, 10'838'016, 16'257'024, 21'676'032),
                         priced("3.layers", 11'111'111, 22'222'222, 33'333'333, 44'444'444),
                         priced("4.layers", 1.5, 2.25, 7'000'000, 8'000'000.125), "5.layers") <= 120'000'000);
});

template <class Keeps>
constexpr unsigned count_depths(Keeps keeps) {
  unsigned n = 0;
  for (int i = 0; i < 4096; ++i) {
    const int d[] = {i >> 10, i >> 8 & 3, i >> 6 & 3, i >> 4 & 3, i >> 2 & 3, i & 3};
    n += keeps(d) ? 1U : 0U;
  }
  return n;
}

}  // namespace

TEST_CASE("slots are decided in another order where too many would be open") {
  STATIC_CHECK(nine_pairs.size() == 512);
  STATIC_CHECK(!counter_of<decltype(nine_pairs)>::rearranged);
  STATIC_CHECK(counter_of<decltype(wide_pairs)>::rearranged);
  uint128 expected = 2 * (1 * 5 + 2 * 2 * 5);
  for (int i = 0; i < 8; ++i) expected *= 5;
  CHECK(wide_pairs.size() == expected);
  random_engine rng(8);
  for (int i = 0; i < 2000; ++i) {
    const uint128 r = random_below(rng, wide_pairs.size());
    const auto c = wide_pairs.unrank(r);
    REQUIRE(wide_pairs.rank(c) == r);
    REQUIRE_NOTHROW(wide_pairs.validate(c));
    REQUIRE_NOTHROW(wide_pairs.validate(wide_pairs.sample_decisions(rng)));
    const auto other = wide_pairs.find("a7.filters");
    REQUIRE(c.digits[other] == c.digits[wide_pairs.find("b7.filters")]);
  }
}

TEST_CASE("layers in all, six monotone depths, prices that add up") {
  STATIC_CHECK(at_most_14.size() ==
               count_depths([](const int* d) { return 6 + d[0] + d[1] + d[2] + d[3] + d[4] + d[5] <= 14; }));
  STATIC_CHECK(by_predicate.size() == at_most_14.size());
  STATIC_CHECK(rising_depths.size() == 84);  // multisets of 6 from 4: 9 over 3
  const double prices[5][4] = {{21'676'032, 43'352'064, 65'028'097, 86'704'128},
                               {10'838'016, 20'000'003, 32'514'048, 43'352'064},
                               {5'419'009, 10'838'016, 16'257'024, 21'676'032},
                               {11'111'111, 22'222'222, 33'333'333, 44'444'444},
                               {1.5, 2.25, 7'000'000, 8'000'000.125}};
  const unsigned expected = count_depths([&](const int* d) {
    double total = d[5] + 1;
    for (int i = 0; i < 5; ++i) total += prices[i][d[i]];
    return total <= 120'000'000;
  });
  CHECK(expected > 500);
  CHECK(priced_depths.size() == expected);
  random_engine rng(9);
  for (int i = 0; i < 500; ++i) {
    const auto c = priced_depths.sample(rng);
    REQUIRE(priced_depths.unrank(priced_depths.rank(c)) == c);
    REQUIRE_NOTHROW(priced_depths.validate(c));
  }
}

TEST_CASE("a space says what its constraints are, and a candidate which one it breaks") {
  STATIC_CHECK(priced_depths.constraint_count == 1);
  constexpr constraint_description c = at_most_14.constraint(0);
  STATIC_CHECK(c.kind == constraint_kind::sum);
  STATIC_CHECK(c.compares == relation::less_equal);
  STATIC_CHECK(c.bound == 14);
  STATIC_CHECK(c.slots.size() == 6);
  STATIC_CHECK(to_text(c) == "sum(*.layers) <= 14");
  STATIC_CHECK(to_text(rising_depths.constraint(0)) == "monotone(0.layers, 1.layers, ..., 5.layers)");
  STATIC_CHECK(to_text(wide_pairs.constraint(0)) == "a0.filters == b0.filters");
  CHECK_THROWS_WITH(at_most_14.decode(std::array{3, 3, 3, 3, 3, 3}),
                    "nascent: space 'depths', constraint 0: found 0.layers 4, 1.layers 4, ..., 5.layers 4; allowed: "
                    "sum(*.layers) <= 14");
  CHECK_THROWS_WITH(permutations.decode(std::array{0, 1, 2, 1}),
                    "nascent: space 'permutations', constraint 4: found b.filters 2, d.filters 2; allowed: what its "
                    "predicate accepts");
}
