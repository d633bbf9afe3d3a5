// SPDX-License-Identifier: Apache-2.0
#include "nascent/space/detail/moves.hpp"

#include <map>
#include <set>

#include "spaces.hpp"
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include "nascent/space/constraint.hpp"
#include "nascent/zoo/efficientnet_x.hpp"
#include "nascent/zoo/gpunet.hpp"
#include "nascent/zoo/once_for_all.hpp"

using namespace nascent;
using namespace test;

namespace {

/// Slots in which two vectors decide differently although both decide.
int changed_decisions(const std::vector<int>& a, const std::vector<int>& b) {
  int n = 0;
  for (std::size_t k = 0; k < a.size(); ++k) n += a[k] >= 0 && b[k] >= 0 && a[k] != b[k] ? 1 : 0;
  return n;
}

/// The neighbours of a vector by brute force: of all vectors of the space, those with one changed decision. Where the
/// change makes slots active there are several; the one that takes the first options counts.
template <class Described>
std::set<std::vector<int>> neighbours_by_force(const std::vector<int>& v, const std::vector<std::vector<int>>& all) {
  std::map<std::pair<std::size_t, int>, std::vector<int>> nearest;
  for (const auto& w : all) {
    if (changed_decisions(v, w) != 1) continue;
    std::size_t k = 0;
    while (v[k] < 0 || w[k] < 0 || v[k] == w[k]) ++k;
    auto& best = nearest[{k, w[k]}];
    if (best.empty() || w < best) best = w;
  }
  std::set<std::vector<int>> found;
  for (const auto& [change, w] : nearest) found.insert(w);
  return found;
}

template <class Candidate>
std::vector<Candidate> neighbours(const Candidate& c) {
  std::vector<Candidate> all;
  typename Candidate::space_type{}.for_each_neighbour(c, [&](const Candidate& near) { all.push_back(near); });
  return all;
}

/// Two choices that must be equal: neither can change alone.
constexpr auto locked = define([] {
  return search_space("locked")
      .input(3, 16)
      .stage("1", conv{.filters = range(8, 12)})
      .stage("2", conv{.filters = range(8, 12)})
      .require("1.filters", "2.filters", [](int a, int b) { return a == b; });
});

/// Stage 2 has to be at least as wide as stage 1 where it has layers: its first option is not always allowed.
struct widening {
  static constexpr auto space = define([] {
    return search_space("widening")
        .input(3, 16)
        .stage("1", conv{.filters = range(8, 11)})
        .stage("2", either(conv{.filters = range(8, 11)}, depthwise_conv{}))
        .layers(range(0, 1))
        .stage("3", conv{.filters = range(8, 11)})
        .require("1.filters", "2.conv.filters", [](int a, int b) { return a <= b; })
        .require("2.conv.filters", "3.filters", [](int b, int c) { return b != c; });
  });
  template <class Decisions>
  static bool holds(const Decisions& d) {
    const int width = d("2.conv.filters");
    return fits(d("1.filters"), true) && fits(d("3.filters"), true) && fits(d("2.layers"), true) &&
           fits(d("2.block"), d("2.layers") == 1) && fits(width, d("2.block") == 0) &&
           (width < 0 || (d("1.filters") <= width && width != d("3.filters")));
  }
};

using searched = decltype(std::tuple_cat(small_spaces{}, std::tuple<widening>{}));

constexpr auto single = define([] { return search_space("single").input(3, 16).stage("1", conv{.filters = 8}); });

}  // namespace

TEMPLATE_LIST_TEST_CASE("neighbours are exactly the valid candidates at one changed decision", "", searched) {
  const auto all = brute_force<TestType>();
  for (const auto& c : all_candidates(TestType::space)) {
    CAPTURE(c);
    std::set<std::vector<int>> visited;
    for (const auto& near : neighbours(c)) CHECK(visited.insert(vector_of(near)).second);
    REQUIRE(visited == neighbours_by_force<TestType>(vector_of(c), all));
  }
}

TEMPLATE_LIST_TEST_CASE("a mutation is another candidate of the space", "", small_spaces) {
  constexpr const auto& space = TestType::space;
  constexpr std::uint64_t seed = 12;
  CAPTURE(seed);
  random_engine rng(seed);
  for (const auto& c : all_candidates(space)) {
    for (int i = 0; i < 20; ++i) {
      const auto changed = space.mutate(c, rng);
      REQUIRE_NOTHROW(space.validate(changed));
      REQUIRE(changed != c);
      if (detail::constraint_total<typename std::remove_cvref_t<decltype(space)>::declaration_type> == 0)
        REQUIRE(changed_decisions(vector_of(c), vector_of(changed)) == 1);
    }
  }
}

TEST_CASE("every slot mutates equally often, and each of its other options") {
  constexpr const auto& space = depths::space;
  const auto c = space.decode(std::vector<int>{0, 1, 0, 2, 2, 0});  // all slots active; 1, 1, 1, 2, 2, 1 other options
  random_engine rng(31);
  std::map<std::pair<std::size_t, int>, int> seen;
  constexpr int draws = 18'000;
  for (int i = 0; i < draws; ++i) {
    const auto v = vector_of(space.mutate(c, rng));
    std::size_t k = 0;
    while (v[k] < 0 || v[k] == c.digits[k]) ++k;
    ++seen[{k, v[k]}];
  }
  std::vector<int> slots(space.slot_count);
  for (const auto& [change, n] : seen) slots[change.first] += n;
  CHECK(seen.size() == 8);
  CHECK(chi_square_excess(slots, draws) < 5);
  CHECK(chi_square_excess({seen[{4, 0}], seen[{4, 1}]}, slots[4]) < 5);
}

TEST_CASE("a mutation of the first of two joined choices takes the second along") {
  random_engine rng(1);
  auto c = locked.unrank(0);
  std::set<int> met;
  for (int i = 0; i < 200; ++i) {
    const auto next = locked.mutate(c, rng);
    REQUIRE(next != c);
    REQUIRE(next.digits[0] == next.digits[1]);
    met.insert(next.digits[0]);
    c = next;
  }
  CHECK(met.size() == 5);
  CHECK(neighbours(c).empty());
}

TEST_CASE("where there is one network, nothing moves") {
  random_engine rng(1);
  const auto c = single.only();
  CHECK(single.mutate(c, rng) == c);
  CHECK(single.crossover(c, c, rng) == c);
  CHECK(neighbours(c).empty());
}

TEMPLATE_LIST_TEST_CASE("a child takes each decision from a parent", "", small_spaces) {
  constexpr const auto& space = TestType::space;
  constexpr std::uint64_t seed = 8;
  CAPTURE(seed);
  random_engine rng(seed);
  constexpr bool free = detail::constraint_total<typename std::remove_cvref_t<decltype(space)>::declaration_type> == 0;
  for (int i = 0; i < 2000; ++i) {
    const auto a = space.sample(rng);
    const auto b = space.sample(rng);
    const auto child = space.crossover(a, b, rng);
    CAPTURE(a, b, child);
    REQUIRE_NOTHROW(space.validate(child));
    REQUIRE(space.crossover(a, a, rng) == a);
    for (std::size_t k = 0; k < space.slot_count; ++k) {
      if (child.digits[k] < 0) continue;
      const bool inherited = child.digits[k] == a.digits[k] || child.digits[k] == b.digits[k];
      if (free && (a.digits[k] >= 0 || b.digits[k] >= 0)) REQUIRE(inherited);
    }
  }
}

TEST_CASE("a child takes from both parents alike") {
  random_engine rng(5);
  const auto a = tied::space.decode(std::vector<int>{0, 0, 0, 1});
  const auto b = tied::space.decode(std::vector<int>{2, 1, 1, 1});
  int from_a = 0;
  constexpr int draws = 10'000;
  for (int i = 0; i < draws; ++i) from_a += tied::space.crossover(a, b, rng).digits[0] == 0 ? 1 : 0;
  CHECK(chi_square_excess({from_a, draws - from_a}, draws) < 5);
}

TEMPLATE_TEST_CASE("moves stay inside large spaces", "", decltype(zoo::gpunet), decltype(zoo::once_for_all),
                   decltype(zoo::efficientnet_x)) {
  constexpr std::remove_const_t<TestType> space;
  constexpr std::uint64_t seed = 77;
  CAPTURE(seed);
  random_engine rng(seed);
  auto a = space.sample(rng);
  auto b = space.sample(rng);
  for (int i = 0; i < 500; ++i) {
    a = space.mutate(space.crossover(a, b, rng), rng);
    b = space.mutate(b, rng);
    REQUIRE_NOTHROW(space.validate(a));
    REQUIRE_NOTHROW(space.validate(b));
  }
  space.for_each_neighbour(a, [&](const auto& near) { REQUIRE_NOTHROW(space.validate(near)); });
}

TEMPLATE_LIST_TEST_CASE("distance is a metric", "", small_spaces) {
  auto all = all_candidates(TestType::space);
  if (all.size() > 60) all.resize(60);
  for (const auto& a : all)
    for (const auto& b : all) {
      REQUIRE(distance(a, b) == distance(b, a));
      REQUIRE((distance(a, b) == 0) == (a == b));
      for (const auto& c : all) REQUIRE(distance(a, c) <= distance(a, b) + distance(b, c));
    }
}

TEST_CASE("distance counts slots, also those that only one candidate decides") {
  const auto none = depths::space.decode(std::vector<int>{0, -1, -1, 0, 2, 0});
  const auto two = depths::space.decode(std::vector<int>{0, 1, 0, 2, 2, 0});
  CHECK(distance(none, two) == 3);
}
