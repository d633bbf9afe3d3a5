// SPDX-License-Identifier: Apache-2.0
#include "nascent/search/nsga2.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include "macro_space.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/cost/cost.hpp"
#include "nascent/reward/pareto.hpp"
#include "nascent/search/random_search.hpp"

using namespace nascent;

namespace {

/// In units of the whole table: its front spans about 1.
cost_gain point_of(const macro_candidate& c) {
  return {.cost = static_cast<double>(count(c).macs) / 105'660'928, .gain = macro_accuracy(c)};
}
constexpr cost_gain worst{.cost = 1, .gain = 80};

}  // namespace

TEST_CASE("fronts by brute force, and crowding by hand") {
  random_engine rng(5);
  std::vector<std::vector<double>> points;
  for (int i = 0; i < 60; ++i)
    points.push_back({static_cast<double>(random_below(rng, std::uint64_t{8})),
                      static_cast<double>(random_below(rng, std::uint64_t{8})),
                      static_cast<double>(random_below(rng, std::uint64_t{3}))});
  const nondominated_order order(points);
  for (std::size_t i = 0; i < points.size(); ++i) {
    // A point's front is one more than the last front of those that dominate it.
    std::size_t expected = 0;
    for (std::size_t j = 0; j < points.size(); ++j)
      if (nondominated_order::dominates(points[j], points[i])) expected = std::max(expected, order.front[j] + 1);
    CHECK(order.front[i] == expected);
  }
  const nondominated_order line({{0, 4}, {1, 2}, {4, 0}});
  CHECK(line.crowding[1] == 2);  // 4 / 4 + 4 / 4
  CHECK(line.crowding[0] == std::numeric_limits<double>::infinity());
  CHECK(line.comes_before(0, 1));
}

TEST_CASE("a front of NAS-Bench-Macro: hypervolume against random search at equal evaluations") {
  constexpr int seeds = 10;
  constexpr int evaluations = 200;
  double random_sum = 0;
  double found_sum = 0;
  int wins = 0;
  for (int seed = 1; seed <= seeds; ++seed) {
    const auto of = [&](auto searching, auto&& tell) {
      std::vector<cost_gain> points;
      for (int i = 0; i < evaluations; ++i) {
        const auto c = searching.ask();
        points.push_back(point_of(*c));
        tell(searching, *c, points.back());
      }
      return hypervolume(points, worst);
    };
    const auto with_seed = static_cast<std::uint64_t>(seed);
    const double by_chance = of(random_search(macro_space, {.seed = with_seed}),
                                [](auto& s, const auto& c, const cost_gain& p) { s.tell(c, p.gain); });
    const double found =
        of(nsga2(macro_space, {.population = 20, .seed = with_seed}), [](auto& s, const auto& c, const cost_gain& p) {
          s.tell(c, std::array{p.gain, -p.cost});
        });
    random_sum += by_chance / seeds;
    found_sum += found / seeds;
    wins += found > by_chance;
  }
  std::vector<cost_gain> all;
  for (std::uint64_t rank = 0; rank < 6561; ++rank) all.push_back(point_of(macro_space.unrank(rank)));
  const double most = hypervolume(all, worst);
  INFO("of " << most << ": random " << random_sum << ", NSGA-II " << found_sum);
  CHECK(wins >= 9);
  CHECK(most - found_sum < 0.5 * (most - random_sum));
}

TEST_CASE("objectives that are none") {
  nsga2 s(macro_space);
  const auto c = *s.ask();
  CHECK_THROWS_AS(s.tell(c, std::array{std::numeric_limits<double>::quiet_NaN()}), search_error);
  CHECK_THROWS_AS(s.tell(c, std::span<const double>()), search_error);
  CHECK(s.tell(c, std::array{1.0, 2.0}));
  CHECK_FALSE(s.tell(c, std::array{1.0, 2.0}));
  CHECK_THROWS_AS(s.tell(*s.ask(), std::array{1.0}), search_error);
  CHECK_THROWS_AS(nsga2(macro_space, {.population = 1}), search_error);
  CHECK_THROWS_AS(nsga2(macro_space, {.crossover = 2}), search_error);
}
