// SPDX-License-Identifier: Apache-2.0
// Tiers of latency, against all networks of small spaces, one by one.
#include "nascent/search/latency_tiers.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "../kernels/spaces.hpp"
#include "made_up_table.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "nascent/search/search.hpp"

using namespace nascent;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::MessageMatches;

namespace {

/// 64,512 networks: enough that some tiers are rare.
inline constexpr auto tiered = define([] {
  return search_space("tiered")
      .input(3, one_of(32, 48))
      .stage("1", conv{.filters = range(8, 32, 8), .kernel = one_of(3, 5), .act = one_of(relu, swish)})
      .stride(2)
      .layers(range(1, 3))
      .stage("2", mbconv{.filters = range(16, 64, 16), .kernel = one_of(3, 5), .expand = one_of(2, 6)})
      .stride(2)
      .layers(range(0, 4))
      .stage("3", mbconv{.filters = range(32, 96, 32), .expand = one_of(2, 4, 6), .se = one_of(0, .25)})
      .stride(one_of(1, 2))
      .head(global_pool{}, dense{10})
      .require("1.layers", "2.layers", [](int a, int b) { return a + b != 3; });
});

template <class Space>
std::vector<double> all_ms(const latency_predictor<Space>& predictor) {
  std::vector<double> all;
  for (uint128 r = 0; r < Space::size(); ++r) all.push_back(predictor.ms(Space::unrank(r)));
  return all;
}

/// Tiers of a hundredth, a third, nearly all.
std::vector<double> limits_of(std::vector<double> ms, std::initializer_list<double> shares) {
  std::ranges::sort(ms);
  std::vector<double> limits;
  for (const double share : shares)
    limits.push_back(ms[static_cast<std::size_t>(share * static_cast<double>(ms.size()))]);
  return limits;
}

}  // namespace

TEST_CASE("tiers have the networks that they say, and about as many as they say") {
  const kernel_trellis trellis(tiered);
  for (const double effect : {0.0, 0.15, -0.1}) {  // of a network's size on its kernels
    const latency_table table = test::made_up(trellis, 3, 0.3, effect);
    const latency_predictor predictor(trellis, table);
    const auto ms = all_ms(predictor);
    const auto limits = limits_of(ms, {0.0003, 0.01, 0.3, 0.9});
    const auto tiers = tier(tiered, predictor, limits, {.networks = 20'000, .seed = 2, .cells = 400});
    REQUIRE(tiers.size() == 4);
    CHECK(tiers.drawn == 20'000);
    for (std::size_t i = 0; i < 4; ++i) {
      const auto& t = tiers[i];
      INFO("effect " << effect << ", tier " << t.name());
      const double above = i == 0 ? 0 : limits[i - 1];
      CHECK(t.above_ms() == above);
      CHECK(t.most_ms() == limits[i]);
      const auto inside = [&](double time) { return time > above && time <= limits[i]; };
      const auto members = std::ranges::count_if(ms, inside);
      const tier_count& count = t.count();
      REQUIRE(count.proven);
      CHECK(count.proven->at_least <= static_cast<uint128>(members));
      CHECK(count.proven->at_most >= static_cast<uint128>(members));
      CHECK(count.low <= count.estimate);
      CHECK(count.estimate <= count.high);
      // Four standard errors instead of two: eight tiers are looked at.
      CHECK(std::fabs(count.estimate - static_cast<double>(members)) <= 2 * (count.high - count.low));
      CHECK(count.high < 1.6 * static_cast<double>(members));

      random_engine rng(4);
      for (int n = 0; n < 200; ++n) {
        const auto c = t.sample(rng);
        REQUIRE(t.contains(c));
        REQUIRE(inside(ms[static_cast<std::size_t>(tiered.rank(c))]));
      }
      CHECK_FALSE(t.seen().empty());
      for (const auto& c : t.seen()) REQUIRE(inside(ms[static_cast<std::size_t>(tiered.rank(c))]));
    }
    CHECK(tiers.of(limits[1])->most_ms() == limits[1]);
    CHECK(tiers.of(limits[3] * 1.01) == nullptr);
  }
}

TEST_CASE("the interval of a share is Wilson's") {
  // Agresti and Coull (1998), and by hand: 10 of 100 lie in 5.52 to 17.44 %; none of 20 in 0 to 16.11 %.
  const auto some = detail::wilson(10, 100, 1.959964);
  CHECK(some.share == .1);
  CHECK(std::abs(some.low - .05523) < 5e-5);
  CHECK(std::abs(some.high - .17437) < 5e-5);
  const auto none = detail::wilson(0, 20, 1.959964);
  CHECK(none.low == 0);
  CHECK(std::abs(none.high - .16113) < 5e-5);
  const auto all = detail::wilson(20, 20, 1.959964);
  CHECK(std::abs(all.low - (1 - .16113)) < 5e-5);
  CHECK(all.high == 1);
  // Its ends are where a share of so much is z standard errors from the one found.
  for (const auto& [hits, z] : {std::pair{7, 1.}, std::pair{30, 2.5}, std::pair{55, 3.}}) {
    const auto found = detail::wilson(static_cast<std::size_t>(hits), 60, z);
    for (const double end : {found.low, found.high})
      CHECK(std::abs(std::abs(end - hits / 60.) - z * std::sqrt(end * (1 - end) / 60)) < 1e-12);
  }
}

TEST_CASE("networks of a rare tier are drawn each as often as any other") {
  const kernel_trellis trellis(tiered);
  const latency_table table = test::made_up(trellis, 5, 0.3, 0.15);
  const latency_predictor predictor(trellis, table);
  const auto ms = all_ms(predictor);
  const auto limits = limits_of(ms, {0.0004, 0.5});
  const auto tiers = tier(tiered, predictor, limits, {.networks = 10'000, .cells = 300});
  const auto members = static_cast<double>(std::ranges::count_if(ms, [&](double time) { return time <= limits[0]; }));
  REQUIRE(members >= 20);
  std::map<uint128, int> often;
  random_engine rng(6);
  constexpr int per_network = 60;
  for (int i = 0; i < per_network * static_cast<int>(members); ++i) ++often[tiered.rank(tiers[0].sample(rng))];
  CHECK(often.size() == static_cast<std::size_t>(members));
  double chi_squared = 0;
  for (const auto& [rank, n] : often) chi_squared += std::pow(n - per_network, 2) / per_network;
  CHECK(std::fabs(chi_squared - members) < 5 * std::sqrt(2 * members));
}

TEST_CASE("a tier is searched as a space is: no searcher leaves it, and random search sees all of it") {
  const kernel_trellis trellis(tiered);
  const latency_table table = test::made_up(trellis, 3, 0.3, 0.15);
  const latency_predictor predictor(trellis, table);
  const auto ms = all_ms(predictor);
  const auto limits = limits_of(ms, {0.001, 0.01, 0.3});
  const auto tiers = tier(tiered, predictor, limits, {.networks = 20'000, .cells = 300});
  const auto& middle = tiers[1];
  static_assert(region<std::remove_cvref_t<decltype(middle)>>);
  const auto inside = [&](const auto& c) {
    const double time = ms[static_cast<std::size_t>(tiered.rank(c))];
    return time > limits[0] && time <= limits[1];
  };
  const auto macs_of = [](const auto& c) { return static_cast<double>(count(c).macs); };
  std::vector<double> values;
  for (uint128 r = 0; r < tiered.size(); ++r)
    if (const auto c = tiered.unrank(r); inside(c)) values.push_back(macs_of(c));
  std::ranges::sort(values);
  const double good = values[values.size() - values.size() / 20];  // of the best twentieth

  const auto evolved = search(middle, macs_of, {.trials = 200, .seed = 1});
  for (const auto& t : evolved.history) REQUIRE(inside(t.candidate));
  CHECK(evolved.best().reward >= good);
  local_search climb{middle, {.seed = 2}};
  const auto climbed = search(climb, macs_of, {.trials = 200});
  for (const auto& t : climbed.history) REQUIRE(inside(t.candidate));
  CHECK(climbed.best().reward >= good);
  const auto front = search_front(middle, macs_of, {.networks = 20'000});
  for (const auto& p : front.points) REQUIRE(inside(p.what));
  CHECK(front.points.back().accuracy == values.back());

  random_search walk{tiers[0], {.seed = 3}};
  std::set<uint128> seen;
  while (const auto c = walk.ask()) {
    REQUIRE(seen.insert(tiered.rank(*c)).second);
    walk.tell(*c, 0);
  }
  CHECK(static_cast<std::ptrdiff_t>(seen.size()) ==
        std::ranges::count_if(ms, [&](double t) { return t <= limits[0]; }));
}

TEST_CASE("an empty tier is refused, with the fastest network") {
  const kernel_trellis trellis(test::plain);
  const latency_table table = test::made_up(trellis, 1, 0.3, 0);
  const latency_predictor predictor(trellis, table);
  const auto quickest = fastest(trellis, predictor);
  const std::string named = "the fastest one takes " + exact_text(quickest.cost) + " ms, rank " +
                            to_decimal(test::plain.rank(quickest.what)).c_str();
  CHECK_THROWS_MATCHES(
      tier(test::plain, predictor, {quickest.cost * 0.5, 1.0}), search_error,
      MessageMatches(ContainsSubstring("up to ") && ContainsSubstring("found no network") && ContainsSubstring(named)));
  // Between two networks, and above the slowest one.
  auto ms = all_ms(predictor);
  std::ranges::sort(ms);
  std::size_t gap = 0;
  for (std::size_t i = 1; i + 1 < ms.size(); ++i)
    if (ms[i + 1] / ms[i] > ms[gap + 1] / ms[gap]) gap = i;
  const double from = ms[gap] + 0.3 * (ms[gap + 1] - ms[gap]);
  const double to = ms[gap] + 0.7 * (ms[gap + 1] - ms[gap]);
  CHECK_THROWS_MATCHES(tier(test::plain, predictor, {from, to}, {.networks = 1000}), search_error,
                       MessageMatches(ContainsSubstring("networks; the fastest one")));
  CHECK_THROWS_MATCHES(tier(test::plain, predictor, {ms.back() * 1.5, ms.back() * 2}, {.networks = 1000}), search_error,
                       MessageMatches(ContainsSubstring("the fastest one takes")));
  const auto only = tier(test::plain, predictor, {quickest.cost}, {.networks = 1000});
  CHECK(only[0].contains(quickest.what));
}

TEST_CASE("limits, options and tables that make no sense are refused") {
  const kernel_trellis trellis(test::plain);
  const latency_table table = test::made_up(trellis, 1, 0.3, 0);
  const latency_predictor predictor(trellis, table);
  const auto refuses = [&](const std::vector<double>& limits, const char* text, const tier_options& options = {}) {
    CHECK_THROWS_MATCHES(tier(test::plain, predictor, limits, options), search_error,
                         MessageMatches(ContainsSubstring(text)));
  };
  refuses({}, "tier, limits: found none");
  refuses({0.5, 0.4}, "tier, limit 1: found 0.4 ms; allowed: above 0.5 ms");
  refuses({0.0}, "tier, limit 0: found 0 ms; allowed: above 0 ms");
  refuses({std::nan("")}, "tier, limit 0: found nan ms");
  refuses({1, std::numeric_limits<double>::infinity()}, "finite");
  refuses({1}, "tier_options.networks", {.networks = 0});
  const latency_predictor lacking(trellis, test::made_up(trellis, 1, 0.3, 0, 4));
  CHECK_THROWS_MATCHES(tier(test::plain, lacking, {1}), search_error,
                       MessageMatches(ContainsSubstring("without a time")));
}

TEST_CASE("a stop ends the drawing, the end of the time gives what was drawn by then") {
  const kernel_trellis trellis(tiered);
  const latency_table table = test::made_up(trellis, 3, 0.3, 0);
  const latency_predictor predictor(trellis, table);
  const auto limits = limits_of(all_ms(predictor), {0.3, 0.9});
  watch stopped({.style = progress_style::quiet});
  stopped.stop();
  CHECK_THROWS_AS(tier(tiered, predictor, limits, {.watch = &stopped}), stopped_error);
  watch late({.style = progress_style::quiet});
  late.end();
  const auto tiers = tier(tiered, predictor, limits, {.cells = 0, .watch = &late});
  CHECK(tiers.drawn == 1024);
  CHECK_FALSE(tiers[0].count().proven);
}

TEST_CASE("the draws may be the caller's") {
  const kernel_trellis trellis(tiered);
  const latency_table table = test::made_up(trellis, 3, 0.3, 0);
  const latency_predictor predictor(trellis, table);
  const auto limits = limits_of(all_ms(predictor), {0.3, 0.9});
  uint128 next = 0;  // all networks, in order: then the shares are exact
  const auto tiers = tier(tiered, predictor, limits, [&] { return tiered.unrank(next++); },
                          {.networks = static_cast<std::size_t>(tiered.size()), .cells = 0});
  const auto ms = all_ms(predictor);
  CHECK(std::llround(tiers[0].count().estimate) == std::ranges::count_if(ms, [&](double t) { return t <= limits[0]; }));
}
