// SPDX-License-Identifier: Apache-2.0
// Searchers hold their space and call it: one with state, made at run time, is searched like a declared one.
#include "../space/run_time_space.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include "nascent/cost/cost.hpp"
#include "nascent/search/exact_front.hpp"
#include "nascent/search/front_search.hpp"
#include "nascent/search/search.hpp"
#include "nascent/search/sum_over_decisions.hpp"

using namespace nascent;
using namespace test;

namespace {

/// Best at one candidate, with one slope to it everywhere.
double closeness(const candidate<listed_space>& c) {
  const int best[] = {2, 1, 0, 0, 3};
  double value = 0;
  for (std::size_t k = 0; k < c.digits.size(); ++k) value -= std::abs(c.digits[k] - best[k]);
  return value;
}

}  // namespace

TEMPLATE_TEST_CASE("every network of a space made at run time is proposed once", "", random_search<listed_space>,
                   local_search<listed_space>, regularized_evolution<listed_space>) {
  static_assert(searcher<TestType>);
  TestType searching(make_listed_space(), {.seed = 3});
  std::set<std::vector<int>> seen;
  while (const auto c = searching.ask()) {
    REQUIRE(seen.insert(searching.space().encode(*c)).second);
    REQUIRE(searching.tell(*c, closeness(*c)));
  }
  CHECK(seen.size() == 120);
}

TEST_CASE("two spaces of one type are searched apart") {
  const listed_space small("small", {{"a", {1, 3}}});
  const listed_space large = make_listed_space();
  random_search one(small, {.seed = 1});
  random_search other(large, {.seed = 1});
  int n = 0;
  while (one.ask()) ++n;
  CHECK(n == 2);
  CHECK(other.ask()->digits.size() == 5);
}

TEMPLATE_TEST_CASE("local search and evolution find the best of a space made at run time", "",
                   local_search<listed_space>, regularized_evolution<listed_space>) {
  TestType searching(make_listed_space(), {.seed = 9});
  const auto result = search(searching, closeness, {.trials = 100});
  CHECK(result.best().reward == 0);
}

TEST_CASE("a search over a space made at run time judges candidates by their networks") {
  const listed_space s = make_listed_space();
  const auto params_of = [](const network& graph) {
    double sum = 0;
    for (const layer& l : graph.layers()) sum += static_cast<double>(params(l));
    return -sum;
  };
  const auto result = search(s, params_of, {.trials = 1000, .seed = 2});
  CHECK(result.exhausted);
  CHECK(s.rank(result.best().candidate) == 0);  // the smallest kernel everywhere
  CHECK(-result.best().reward == static_cast<double>(count(s, result.best().candidate).params));
}

TEST_CASE("the front of a space made at run time") {
  const listed_space s = make_listed_space();
  const auto params_of = [&](const candidate<listed_space>& c) { return static_cast<double>(count(s, c).params); };
  const auto front = search_front(s, params_of, closeness, {.networks = 2000, .seed = 5});
  REQUIRE_FALSE(front.points.empty());
  CHECK(front.points.back().accuracy == 0);
  // The archive keeps one network for half a per cent of latency: the smallest one is alone there.
  CHECK(s.rank(front.points.front().what) == 0);
}

TEST_CASE("exact answers over a space made at run time") {
  const listed_space s = make_listed_space();
  const kernel_trellis trellis(s);
  CHECK(s.rank(smallest(trellis).what) == 0);
  const sum_over_decisions sum(trellis, {{0, -1, 2}, {0, 0, 0, 0}, {5}, {1, 0}, {0, 0, 0, 0, -3}});
  const auto found = cheapest(trellis, sum);
  CHECK(found.cost == -1 + 0 + 5 + 0 - 3);
  CHECK(sum(found.what) == found.cost);
  CHECK(s.encode(found.what)[0] == 1);
}

TEST_CASE("a searcher of a space without state is no larger for it") {
  using space_type = std::remove_const_t<decltype(define([] { return search_space("s").input(3, 16); }))>;
  struct without {
    detail::lazy_shuffle untouched;
    std::unordered_map<uint128, std::optional<double>, detail::rank_hash> values;
  };
  CHECK(sizeof(detail::search_memory<space_type>) == sizeof(without));
}
