// SPDX-License-Identifier: Apache-2.0
#include "nascent/search/exact_front.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "../kernels/spaces.hpp"
#include "macro_space.hpp"
#include "sum_of.hpp"
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include "nascent/cost/cost.hpp"
#include "nascent/reward/pareto.hpp"
#include "nascent/search/sum_over_decisions.hpp"
#include "nascent/space/to_network.hpp"

namespace {

using Catch::Approx;
using namespace nascent;

using test::random_sum;
using test::sum_of;

/// Every network of a space, and its two sums.
template <class Space>
std::vector<cost_gain> all_of(const kernel_trellis<Space>& trellis, const sum_over_kernels& cost,
                              const sum_over_kernels& gain) {
  std::vector<cost_gain> all;
  for (uint128 r = 0; r < Space::size(); ++r) {
    const auto c = Space::unrank(r);
    if (trellis.walk(c, [](std::int32_t, int) {})) all.push_back({sum_of(trellis, cost, c), sum_of(trellis, gain, c)});
  }
  return all;
}

template <class Space>
void check_against_all(const Space& space) {
  const kernel_trellis trellis(space);
  for (const int most : {4, 1000})
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      INFO("space " << space.name() << ", seed " << seed << ", numbers below " << most);
      const sum_over_kernels cost = random_sum(trellis, 2 * seed, most);
      const sum_over_kernels gain = random_sum(trellis, 2 * seed + 1, most);
      const std::vector<cost_gain> all = all_of(trellis, cost, gain);
      const std::vector<std::size_t> expected = pareto_front(all);
      const auto found = pareto_front(trellis, price{.cost = cost, .gain = gain});
      CHECK(found.slack == 0);
      REQUIRE(found.points.size() == expected.size());
      for (std::size_t i = 0; i < expected.size(); ++i) {
        const auto& point = found.points[i];
        REQUIRE(cost_gain{point.cost, point.gain} == all[expected[i]]);
        space.validate(point.what);
        REQUIRE(sum_of(trellis, cost, point.what) == point.cost);
        REQUIRE(sum_of(trellis, gain, point.what) == point.gain);
      }

      CHECK(cheapest(trellis, cost).cost == found.points.front().cost);
      CHECK(sum_of(trellis, cost, cheapest(trellis, cost).what) == found.points.front().cost);
      const double target = all[expected[expected.size() / 2]].cost;
      const auto under = pareto_front(trellis, price{.cost = cost, .gain = gain}, {.target = target});
      REQUIRE(under.points.size() == expected.size() / 2 + 1);
      CHECK(best_under(trellis, price{.cost = cost, .gain = gain}, target).gain ==
            all[expected[expected.size() / 2]].gain);

      const double epsilon = most / 4.0;
      const auto thin = pareto_front(trellis, price{.cost = cost, .gain = gain}, {.epsilon = epsilon});
      CHECK(thin.slack <= epsilon);
      CHECK(thin.labels <= found.labels);
      for (const std::size_t i : expected) {
        double best = -std::numeric_limits<double>::infinity();
        for (const auto& point : thin.points)
          if (point.cost <= all[i].cost) best = std::max(best, point.gain);
        REQUIRE(best >= all[i].gain - thin.slack);
      }
    }
}

/// Layers beyond what a map has room for: some decisions make no network.
inline constexpr auto shrinking = define([] {
  return search_space("shrinking")
      .input(3, one_of(5, 7))
      .stage("1", conv{.filters = one_of(8, 16), .kernel = one_of(1, 3, 5), .pad = padding::valid})
      .layers(range(1, 3))
      .head(global_pool{}, dense{10});
});

TEST_CASE("the exact front is that of all networks, one by one") {
  check_against_all(test::plain);
  check_against_all(test::tied);
  check_against_all(test::independent_layers);
  check_against_all(test::connected);
  check_against_all(test::constrained);
  check_against_all(shrinking);
  check_against_all(macro_space);
}

/// Slots of decisions that follow each other, with random whole numbers for their options.
template <class Space>
void check_decisions(const Space& space, int remembered) {
  const kernel_trellis trellis(space, {.remembered = remembered});
  CHECK(trellis.networks() == kernel_trellis(space).networks());
  std::vector<std::size_t> options(Space::slot_count, 0);
  for (uint128 r = 0; r < space.size(); ++r) {
    const auto c = space.unrank(r);
    for (std::size_t k = 0; k < options.size(); ++k)
      options[k] = std::max(options[k], static_cast<std::size_t>(c.digits[k] + 1));
  }
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    INFO("space " << space.name() << ", remembered " << remembered << ", seed " << seed);
    std::mt19937_64 rng(seed);
    const auto numbers = [&](std::size_t count) {
      std::vector<double> list(count);
      for (double& v : list) v = static_cast<double>(rng() % 100);
      return list;
    };
    std::vector<std::vector<double>> values;
    for (const std::size_t n : options) values.push_back(numbers(n));
    std::vector<decision_pair> pairs;
    for (int a = 0; a < static_cast<int>(options.size()); ++a)
      for (int b = 0; b < static_cast<int>(options.size()); ++b) {
        const auto apart = static_cast<int>(trellis.step_of(b)) - static_cast<int>(trellis.step_of(a));
        if (a == b || std::abs(apart) > remembered) continue;
        decision_pair pair{.first = a, .second = b};
        for (std::size_t n = 0; n < options[static_cast<std::size_t>(a)]; ++n)
          pair.values.push_back(numbers(options[static_cast<std::size_t>(b)]));
        pairs.push_back(std::move(pair));
      }
    const sum_over_decisions gain(trellis, values, pairs);
    const sum_over_kernels cost = random_sum(trellis, seed, 1000);
    std::vector<cost_gain> all;
    for (uint128 r = 0; r < space.size(); ++r) {
      const auto c = space.unrank(r);
      all.push_back({sum_of(trellis, cost, c), gain(c)});
    }
    const std::vector<std::size_t> expected = pareto_front(all);
    const auto found = pareto_front(trellis, price{.cost = cost, .gain = gain});
    REQUIRE(found.points.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      REQUIRE(cost_gain{found.points[i].cost, found.points[i].gain} == all[expected[i]]);
      REQUIRE(gain(found.points[i].what) == found.points[i].gain);
    }
  }
}

TEST_CASE("a sum over decisions, and over pairs of neighbours, is at its largest where all networks say") {
  check_decisions(test::plain, 0);
  check_decisions(test::plain, 1);
  check_decisions(test::tied, 1);
  check_decisions(test::independent_layers, 1);
  check_decisions(test::constrained, 2);
}

TEST_CASE("MACs, parameters and traffic of the cheapest networks are what their layers cost") {
  const auto check = [](const auto& space) {
    const kernel_trellis trellis(space);
    costs least{.params = INT64_MAX, .macs = INT64_MAX, .traffic = INT64_MAX};
    for (uint128 r = 0; r < space.size(); ++r) {
      const costs c = cost(space.unrank(r), {.type = data_type::f32, .batch = 2});
      least = {.params = std::min(least.params, c.params),
               .macs = std::min(least.macs, c.macs),
               .traffic = std::min(least.traffic, c.traffic)};
    }
    const auto small = smallest(trellis);
    CHECK(small.cost == static_cast<double>(least.params));
    CHECK(cost(small.what).params == least.params);
    const auto few = cheapest(trellis, macs_sum(trellis));
    CHECK(few.cost == static_cast<double>(least.macs));
    CHECK(cost(few.what).macs == least.macs);
    CHECK(cheapest(trellis, traffic_sum(trellis, {.batch = 2})).cost == static_cast<double>(least.traffic));
  };
  check(test::plain);
  check(test::tied);
  check(test::independent_layers);
  check(test::constrained);
}

template <class Error, class Call>
std::string message_of(Call&& call) {
  try {
    call();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

TEST_CASE("what cannot be answered is said") {
  const kernel_trellis trellis(test::tied);
  const sum_over_kernels macs = macs_sum(trellis);
  const price p{.cost = macs, .gain = params_sum(trellis)};
  CHECK(message_of<search_error>([&] { pareto_front(trellis, p, {.epsilon = -1}); }) ==
        "nascent: exact_front_options.epsilon: found -1; allowed: 0 or more, in units of gain");
  CHECK(message_of<search_error>([&] { pareto_front(trellis, p, {.epsilon = std::nan("")}); }) ==
        "nascent: exact_front_options.epsilon: found nan; allowed: 0 or more, in units of gain");
  CHECK(message_of<search_error>([&] { best_under(trellis, p, std::nan("")); }) ==
        "nascent: exact_front_options.target: found nan; allowed: numbers, or infinity for no limit");
  const auto least = cheapest(trellis, macs);
  CHECK(message_of<search_error>([&] { best_under(trellis, p, 10); }) ==
        "nascent: exact_front_options.target: found 10; allowed: " + exact_text(least.cost) +
            " or more: so much costs the cheapest network of space 'tied', rank " +
            to_decimal(test::tied.rank(least.what)).c_str());
  CHECK(best_under(trellis, p, least.cost).cost == least.cost);
  const std::string first = trellis.kernels().front().signature;
  CHECK(message_of<search_error>([&] {
          sum_over_kernels(trellis, [](const space_kernel& k) { return k.per_network > 0 ? std::nan("") : 1.0; });
        }) == "nascent: sum_over_kernels, kernel '" + first + "': found nan; allowed: finite numbers");
}

TEST_CASE("decisions that a trellis has forgotten make no pair") {
  const kernel_trellis trellis(test::plain);
  using space = std::remove_cvref_t<decltype(test::plain)>;
  std::vector<std::vector<double>> values(space::slot_count, std::vector<double>(4, 0.0));
  const int last = static_cast<int>(space::slot_count) - 1;
  const auto apart = std::to_string(trellis.step_of(last) - trellis.step_of(0));
  CHECK(message_of<search_error>([&] { sum_over_decisions(trellis, values, {{.first = 0, .second = last}}); }) ==
        "nascent: sum_over_decisions, pairs[0]: found decisions " + apart +
            " steps apart; allowed: as far as the trellis remembers; kernel_trellis(space, {.remembered = " + apart +
            "}) does");
  CHECK(message_of<search_error>([&] { sum_over_decisions(trellis, values, {{.first = 0, .second = 99}}); }) ==
        "nascent: sum_over_decisions, pairs[0]: found slots 0 and 99; allowed: two different ones below " +
            std::to_string(space::slot_count));
  values[0][0] = std::nan("");
  CHECK(message_of<search_error>([&] { sum_over_decisions(trellis, values); }) ==
        "nascent: sum_over_decisions, values[0]: found nan; allowed: finite numbers");
}

}  // namespace
