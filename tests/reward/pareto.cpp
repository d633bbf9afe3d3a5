// SPDX-License-Identifier: Apache-2.0
#include "nascent/reward/pareto.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>

#include "nascent/base/random.hpp"

using namespace nascent;
using Catch::Matchers::WithinAbs;

namespace {

std::vector<cost_gain> random_points(random_engine& rng, std::size_t n, std::uint64_t values) {
  std::vector<cost_gain> points(n);
  for (cost_gain& p : points) {
    p.cost = static_cast<double>(random_below(rng, values));
    p.gain = static_cast<double>(random_below(rng, values));
  }
  return points;
}

/// Every point that no other dominates and that equals no earlier one, by cost: the definition.
std::vector<std::size_t> front_by_definition(const std::vector<cost_gain>& points) {
  std::vector<std::size_t> front;
  for (std::size_t i = 0; i < points.size(); ++i) {
    bool keep = true;
    for (std::size_t j = 0; j < points.size(); ++j)
      if (dominates(points[j], points[i]) || (j < i && points[j] == points[i])) keep = false;
    if (keep) front.push_back(i);
  }
  std::sort(front.begin(), front.end(), [&](std::size_t a, std::size_t b) { return points[a].cost < points[b].cost; });
  return front;
}

static_assert(dominates({1, 2}, {1, 1}));
static_assert(dominates({1, 2}, {2, 2}));
static_assert(!dominates({1, 2}, {1, 2}));
static_assert(dominates_or_equals({1, 2}, {1, 2}));
static_assert(!dominates_or_equals({2, 3}, {1, 2}));

TEST_CASE("the front of random points is what the definition says") {
  random_engine rng(1);
  for (int round = 0; round < 300; ++round) {
    const auto points = random_points(rng, 1 + static_cast<std::size_t>(random_below(rng, std::uint64_t{40})),
                                      round % 2 == 0 ? 6 : 1000);
    REQUIRE(pareto_front(points) == front_by_definition(points));
  }
}

struct several_costs {
  std::vector<double> costs;
  double gain;
};

TEST_CASE("the front by several costs is what the definition says") {
  random_engine rng(3);
  for (std::size_t costs = 0; costs <= 4; ++costs)
    for (int round = 0; round < 60; ++round) {
      const std::uint64_t values = round % 2 == 0 ? 4 : 1000;
      std::vector<several_costs> points(1 + static_cast<std::size_t>(random_below(rng, std::uint64_t{40})));
      for (several_costs& p : points) {
        for (std::size_t l = 0; l < costs; ++l) p.costs.push_back(static_cast<double>(random_below(rng, values)));
        p.gain = static_cast<double>(random_below(rng, values));
      }
      const auto as_good = [](const several_costs& a, const several_costs& b) {
        for (std::size_t l = 0; l < a.costs.size(); ++l)
          if (a.costs[l] > b.costs[l]) return false;
        return a.gain >= b.gain;
      };
      std::vector<std::size_t> expected;
      for (std::size_t i = 0; i < points.size(); ++i) {
        bool keep = true;
        for (std::size_t j = 0; j < points.size(); ++j)
          if (i != j && as_good(points[j], points[i])) keep = keep && as_good(points[i], points[j]) && i < j;
        if (keep) expected.push_back(i);
      }
      std::vector<std::size_t> found = nondominated(points, &several_costs::costs, &several_costs::gain);
      INFO(costs << " costs, round " << round);
      CHECK(std::ranges::is_sorted(found, std::greater{}, [&](std::size_t i) { return points[i].gain; }));
      std::ranges::sort(found);
      CHECK(found == expected);
    }
  const std::vector<several_costs> bad{{{1, std::nan("")}, 1}};
  CHECK_THROWS_AS(nondominated(bad, &several_costs::costs, &several_costs::gain), reward_error);
  CHECK(nondominated(std::vector<several_costs>{}, &several_costs::costs, &several_costs::gain).empty());
}

TEST_CASE("of equal points the first stands for all") {
  CHECK(pareto_front({{2, 1}, {1, 1}, {1, 1}, {3, 5}, {3, 5}}) == std::vector<std::size_t>{1, 3});
  CHECK(pareto_front({}).empty());
}

TEST_CASE("what to read of a point is said by members or functions") {
  const std::vector<metrics> networks{
      {.accuracy = 76, .latency_ms = 9}, {.accuracy = 77, .latency_ms = 8}, {.accuracy = 75, .latency_ms = 5}};
  CHECK(pareto_front(networks, &metrics::latency_ms, &metrics::accuracy) == std::vector<std::size_t>{2, 1});
  CHECK(pareto_front(
            networks, [](const metrics& m) { return m.latency_ms; }, [](const metrics& m) { return -m.accuracy; }) ==
        std::vector<std::size_t>{2});
}

TEST_CASE("infinities have a place in the order, what is not a number has none") {
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(pareto_front({{infinity, 1}, {1, -infinity}, {2, 0}}) == std::vector<std::size_t>{1, 2, 0});
  const auto refusal = [](auto call) -> std::string {
    try {
      call();
    } catch (const reward_error& e) {
      return e.what();
    }
    return "";
  };
  for (const cost_gain& bad : {cost_gain{std::nan(""), 1}, cost_gain{1, std::nan("")}}) {
    CHECK(refusal([&] {
            pareto_front({{1, 1}, bad});
          }) == "nascent: pareto_front, point 1: found nan; allowed: numbers");
    CHECK(refusal([&] {
            hypervolume({{1, 1}}, bad);
          }) == "nascent: hypervolume, reference: found nan; allowed: numbers");
  }
}

TEST_CASE("the area under a front is the number of unit squares under it") {
  random_engine rng(2);
  for (int round = 0; round < 200; ++round) {
    const auto points = random_points(rng, 12, 20);
    const cost_gain reference{static_cast<double>(random_below(rng, std::uint64_t{22})),
                              static_cast<double>(random_below(rng, std::uint64_t{10}))};
    int squares = 0;
    for (int x = 0; x < 25; ++x)
      for (int y = 0; y < 25; ++y) {
        const cost_gain centre{x + .5, y + .5};
        if (centre.cost > reference.cost || centre.gain < reference.gain) continue;
        squares +=
            std::any_of(points.begin(), points.end(), [&](const cost_gain& p) { return dominates(p, centre); }) ? 1 : 0;
      }
    REQUIRE_THAT(hypervolume(points, reference), WithinAbs(squares, 1e-9));
  }
}

TEST_CASE("a front of a million points takes no time to speak of") {
  random_engine rng(3);
  const auto points = random_points(rng, 1000000, 1000000000);
  const auto front = pareto_front(points);
  CHECK(front.size() > 2);
  CHECK(std::is_sorted(front.begin(), front.end(),
                       [&](std::size_t a, std::size_t b) { return points[a].gain < points[b].gain; }));
}

}  // namespace
