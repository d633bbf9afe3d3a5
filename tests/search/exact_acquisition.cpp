// SPDX-License-Identifier: Apache-2.0
// Exact acquisition: all networks within limits come in the order that enumeration says, draws have the moments that
// the posterior's formulas give, and a search under limits leaves nothing out.
#include "nascent/search/exact_acquisition.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "../kernels/spaces.hpp"
#include "constrained_space.hpp"
#include "macro_space.hpp"
#include "sum_of.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "nascent/cost/cost.hpp"

using namespace nascent;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::WithinAbs;

namespace {

using test::random_sum;
using test::sum_of;

/// Every network that keeps the limits comes once, those of larger gain first.
template <class Space>
void check_lists_all(const Space& space, std::size_t limits) {
  const kernel_trellis trellis(space);
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    INFO("space " << space.name() << ", limits " << limits << ", seed " << seed);
    const sum_over_kernels gain = random_sum(trellis, 100 * seed);
    std::vector<sum_over_kernels> sums;
    std::vector<sum_limit> within;
    for (std::size_t l = 0; l < limits; ++l) {
      sums.push_back(random_sum(trellis, 100 * seed + l + 1));
      std::vector<double> all;
      for (uint128 r = 0; r < space.size(); ++r)
        if (trellis.walk(space.unrank(r), [](std::int32_t, int) {}))
          all.push_back(sum_of(trellis, sums[l], space.unrank(r)));
      std::ranges::sort(all);
      within.push_back({"limit", sums[l], all[all.size() * 2 / 5]});
    }
    std::vector<double> expected;
    for (uint128 r = 0; r < space.size(); ++r) {
      const auto c = space.unrank(r);
      if (!trellis.walk(c, [](std::int32_t, int) {})) continue;
      bool keeps = true;
      for (std::size_t l = 0; l < limits; ++l) keeps = keeps && sum_of(trellis, sums[l], c) <= within[l].most;
      if (keeps) expected.push_back(sum_of(trellis, gain, c));
    }
    std::ranges::sort(expected, std::greater<>());
    detail::best_paths paths(trellis, within);
    paths.begin(gain);
    std::vector<uint128> seen;
    std::size_t n = 0;
    bool in_order = true;
    while (const auto c = paths.next()) {
      in_order = in_order && n < expected.size() && sum_of(trellis, gain, *c) == expected[n];
      for (std::size_t l = 0; l < limits; ++l) in_order = in_order && sum_of(trellis, sums[l], *c) <= within[l].most;
      seen.push_back(space.rank(*c));
      ++n;
    }
    CHECK(in_order);
    CHECK(n == expected.size());
    std::ranges::sort(seen);
    CHECK(std::ranges::adjacent_find(seen) == seen.end());
    CHECK(!paths.gave_up());
  }
}

}  // namespace

TEST_CASE("the networks within limits come in the order that enumeration says") {
  for (const std::size_t limits : {0U, 1U, 2U, 3U}) {
    check_lists_all(test::tied, limits);
    check_lists_all(test::constrained, limits);
    check_lists_all(macro_space, limits);
  }
  check_lists_all(test::independent_layers, 1);
  check_lists_all(test::connected, 2);
}

TEST_CASE("draws from the sum of processes have the moments that the posterior's formulas give") {
  const auto& space = test::constrained_space;
  constexpr std::uint64_t seed = 5;
  CAPTURE(seed);
  random_engine rng(seed);
  detail::additive_process process(detail::distances_of(space), {3, 3, 3}, {{0, 1}, {1, 2}});
  std::vector<std::vector<int>> points;
  Eigen::VectorXd values(4);
  for (const uint128 r : {0U, 2U, 3U, 5U}) {
    values(static_cast<Eigen::Index>(points.size())) = std::sin(3.0 * static_cast<double>(r));
    points.push_back(detail::decisions_of(space, space.unrank(r)));
  }
  process.fit(points, values, 3);
  // Draws leave the constant out: what differs between two points is the same.
  const auto a = detail::decisions_of(space, space.unrank(1));
  const auto b = detail::decisions_of(space, space.unrank(4));
  const auto sum_of_terms = [&](const detail::additive_terms& f, const std::vector<int>& x) {
    double sum = 0;
    for (std::size_t k = 0; k < 3; ++k)
      if (x[k] >= 0) sum += f.values[k](x[k]);
    if (x[0] >= 0 && x[1] >= 0) sum += f.pairs[0](x[0], x[1]);
    if (x[1] >= 0 && x[2] >= 0) sum += f.pairs[1](x[1], x[2]);
    return sum;
  };
  constexpr int draws = 20000;
  double mean = 0;
  for (int i = 0; i < draws; ++i) {
    const auto f = process.draw(rng, 1);
    mean += (sum_of_terms(f, a) - sum_of_terms(f, b)) / draws;
  }
  const double expected = process.at(a).mean - process.at(b).mean;
  CHECK_THAT(mean, WithinAbs(expected, 4 * (process.at(a).deviation + process.at(b).deviation) / std::sqrt(draws)));
  // Without doubt a draw is the mean itself.
  const auto certain = process.draw(rng, 0);
  CHECK_THAT(sum_of_terms(certain, a) - sum_of_terms(certain, b), WithinAbs(expected, 1e-9));
  // What was told is believed more firmly than what was not, and nearly as it was told.
  CHECK(process.at(points[0]).deviation < process.at(a).deviation);
}

TEST_CASE("a search under limits proposes what keeps them, each once, until none is left") {
  const kernel_trellis trellis(macro_space);
  const auto macs_of = [](const auto& c) { return static_cast<double>(count(c).macs); };
  const auto params_of = [](const auto& c) { return static_cast<double>(count(c).params); };
  constexpr double most_macs = 2e7;
  constexpr double most_params = 900'000;
  std::size_t within = 0;
  for (uint128 r = 0; r < macro_space.size(); ++r) {
    const auto c = macro_space.unrank(r);
    within += macs_of(c) <= most_macs && params_of(c) <= most_params ? 1 : 0;
  }
  REQUIRE(within == 28);  // as the published records have it
  exact_acquisition s(trellis, {{"macs", macs_sum(trellis), most_macs}, {"params", params_sum(trellis), most_params}},
                      {.draws = 2, .fit_steps = 1});
  static_assert(recorded_searcher<decltype(s)>);
  std::vector<uint128> asked;
  while (const auto c = s.ask()) {
    CHECK(macs_of(*c) <= most_macs);
    CHECK(params_of(*c) <= most_params);
    CHECK(std::ranges::find(asked, macro_space.rank(*c)) == asked.end());
    asked.push_back(macro_space.rank(*c));
    s.tell(*c, macro_accuracy(*c));
  }
  CHECK(asked.size() == within);
}

TEST_CASE("a constrained space is used up by exact acquisition, whatever is pending or fails; copies go on alike") {
  const kernel_trellis trellis(test::constrained_space);
  exact_acquisition all(trellis, exact_acquisition_options{.draws = 2});
  test::check_uses_up(all);
  exact_acquisition s(trellis, exact_acquisition_options{.seed = 3});
  exact_acquisition again = s;
  std::size_t asked = 0;
  while (const auto c = s.ask()) {
    CHECK(again.ask() == c);
    ++asked;
    if (asked % 3 == 0) continue;  // its answer never comes
    const double value = asked % 2 == 0 ? -std::numeric_limits<double>::infinity() : static_cast<double>(asked % 3);
    CHECK(s.tell(*c, value));
    CHECK(!s.tell(*c, value));
    again.tell(*c, value);
  }
  CHECK(asked == test::constrained_space.size());
}

TEST_CASE("exact acquisition refuses what makes no sense") {
  const kernel_trellis trellis(macro_space);
  const auto make = [&](exact_acquisition_options o) { return exact_acquisition(trellis, o); };
  CHECK_THROWS_AS(make({.doubt = 0}), search_error);
  CHECK_THROWS_AS(make({.doubt = std::nan("")}), search_error);
  CHECK_THROWS_AS(make({.draws = 0}), search_error);
  CHECK_THROWS_AS(make({.fit_steps = -1}), search_error);
  CHECK_THROWS_AS(make({.most_points = 1}), search_error);
  const auto limited = [&](double most) {
    return exact_acquisition(trellis, std::vector<sum_limit>{{"macs", macs_sum(trellis), most}});
  };
  // The smallest network of the table has 7,713,280 MACs.
  CHECK_THROWS_WITH(limited(7'713'279), ContainsSubstring("limit 'macs'") && ContainsSubstring("7713280 or more"));
  CHECK_NOTHROW(limited(7'713'280));
  CHECK_THROWS_AS(limited(std::numeric_limits<double>::infinity()), search_error);
  CHECK_THROWS_AS(exact_acquisition(trellis, std::vector<sum_limit>{{.name = "nothing", .most = 1}}), search_error);
  // With other sums a study is another one.
  const auto d = limited(9e6).description();
  CHECK(d.options.back().first == "limit macs");
  CHECK(d.options.back().second == "9000000, the least is 7713280");
}

TEST_CASE("NAS-Bench-Macro: the optimum within 50 trainings, where local search is at 93.068") {
  // Pairs of neighbouring layers matter: what one adds depends on the next one.
  const kernel_trellis trellis(macro_space, {.remembered = 1});
  double found = 0;
  constexpr int seeds = 4;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    exact_acquisition s(trellis, exact_acquisition_options{.seed = seed});
    found += best_of_macro(s, 50) / seeds;
  }
  INFO(found);
  CHECK(found > 93.1);
}
