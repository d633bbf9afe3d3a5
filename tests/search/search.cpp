// SPDX-License-Identifier: Apache-2.0
#include "nascent/search/search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "macro_space.hpp"
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include "nascent/cost/cost.hpp"
#include "nascent/space/constraint.hpp"

using namespace nascent;

namespace {

constexpr double minus_infinity = -std::numeric_limits<double>::infinity();

/// A space with decisions that are inactive in some networks, and with a constraint: 2 x (1 + 2 x 2 + 2 x 2) - what it
/// forbids.
constexpr auto small_space = define([] {
  return search_space("small")
      .input(3, 32)
      .stage("1", conv{.filters = one_of(8, 16)})
      .stage("2", mbconv{.filters = one_of(8, 16), .kernel = one_of(3, 5)})
      .layers(range(0, 2))
      .head(global_pool{}, dense{10})
      .require("1.filters", "2.filters", [](int first, int second) { return first <= second; });
});
using small_candidate = decltype(small_space)::candidate_type;

/// More networks than 64 bits can count.
constexpr auto huge_space = define([] {
  return search_space("huge")
      .input(3, 32)
      .stage("1", conv{.filters = 8 * one_of(1., 2., 3., 4.), .kernel = one_of(1, 3, 5, 7)})
      .layers(independent(30))
      .head(global_pool{}, dense{10});
});
static_assert(huge_space.size() > (uint128{1} << 100));

/// How many graphs have been built: the block below counts where it is built into one.
std::size_t graphs = 0;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
template <class Filters = int>
struct counted_conv {
  Filters filters;
  constexpr auto operator()(auto& n, auto input, int stride) const {
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(n)>, net<network>>) ++graphs;
    return n.conv(input, {.filters = filters, .kernel = 3, .stride = stride});
  }
};
constexpr auto counted_space = define([] {
  return search_space("counted").input(3, 32).stage("1", counted_conv{.filters = range(8, 128, 8)}).stride(2);
});

double rank_value(const small_candidate& c) { return static_cast<double>(small_space.rank(c) * 7 % 11); }

template <class Searcher>
std::vector<std::size_t> first_codes(Searcher searching, int n) {
  std::vector<std::size_t> codes;
  for (int i = 0; i < n; ++i) {
    const auto c = searching.ask();
    codes.push_back(macro_code(*c));
    searching.tell(*c, macro_accuracy(*c));
  }
  return codes;
}

TEMPLATE_TEST_CASE("every network is proposed once, and then none", "", random_search<decltype(macro_space)>,
                   local_search<decltype(macro_space)>, regularized_evolution<decltype(macro_space)>) {
  static_assert(searcher<TestType>);
  TestType searching(macro_space, {.seed = 3});
  std::set<std::size_t> seen;
  while (const auto c = searching.ask()) {
    REQUIRE(seen.insert(macro_code(*c)).second);
    REQUIRE(searching.tell(*c, macro_accuracy(*c)));
  }
  CHECK(seen.size() == 6561);
  CHECK_FALSE(searching.ask());
}

TEMPLATE_TEST_CASE("inactive decisions and constraints are kept", "", random_search<decltype(small_space)>,
                   local_search<decltype(small_space)>, regularized_evolution<decltype(small_space)>) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    TestType searching(small_space, {.seed = seed});
    std::set<uint128> seen;
    while (const auto c = searching.ask()) {
      small_space.validate(*c);
      REQUIRE(seen.insert(small_space.rank(*c)).second);
      searching.tell(*c, rank_value(*c));
    }
    REQUIRE(seen.size() == static_cast<std::size_t>(small_space.size()));
  }
}

TEMPLATE_TEST_CASE("several workers get different networks, whatever the order of their answers", "",
                   random_search<decltype(macro_space)>, local_search<decltype(macro_space)>,
                   regularized_evolution<decltype(macro_space)>) {
  TestType searching(macro_space, {.seed = 5});
  random_engine rng(5);
  std::vector<macro_candidate> running;
  std::set<std::size_t> seen;
  double best = 0;
  while (seen.size() < 600) {
    while (running.size() < 16) {
      running.push_back(*searching.ask());
      REQUIRE(seen.insert(macro_code(running.back())).second);
    }
    const auto finished = static_cast<std::size_t>(random_below(rng, std::uint64_t{running.size()}));
    std::swap(running[finished], running.back());
    REQUIRE(searching.tell(running.back(), macro_accuracy(running.back())));
    best = std::max(best, macro_accuracy(running.back()));
    running.pop_back();
  }
  CHECK(best > 92.9);
}

TEMPLATE_TEST_CASE("what was told from outside is not proposed again", "", random_search<decltype(macro_space)>,
                   local_search<decltype(macro_space)>, regularized_evolution<decltype(macro_space)>) {
  TestType searching(macro_space, {.seed = 7});
  for (uint128 rank = 0; rank < 6000; ++rank) {
    const auto c = macro_space.unrank(rank);
    REQUIRE(searching.tell(c, macro_accuracy(c)));
    if (rank % 100 == 0) REQUIRE_FALSE(searching.tell(c, 0));
  }
  int proposed = 0;
  while (const auto c = searching.ask()) {
    REQUIRE(macro_space.rank(*c) >= 6000);
    searching.tell(*c, macro_accuracy(*c));
    ++proposed;
  }
  CHECK(proposed == 561);
}

TEMPLATE_TEST_CASE("networks that cannot be used neither stop a search nor lead it", "",
                   random_search<decltype(macro_space)>, local_search<decltype(macro_space)>,
                   regularized_evolution<decltype(macro_space)>) {
  TestType searching(macro_space, {.seed = 9});
  // Only a tenth of the space can be used.
  const auto usable = [](const macro_candidate& c) { return macro_code(c) % 10 == 0; };
  const auto found = search(
      searching, [&](const macro_candidate& c) { return usable(c) ? std::optional(macro_accuracy(c)) : std::nullopt; },
      {.trials = 6561});
  CHECK(found.history.size() == 6561);
  CHECK_FALSE(found.exhausted);
  CHECK(usable(found.best().candidate));
  double best = 0;
  for (std::size_t code = 0; code < nas_bench_macro_sums.size(); code += 10)
    best = std::max(best, nas_bench_macro_sums[code] / 300.0);
  CHECK(found.best().reward == best);
  for (const auto& t : found.history) REQUIRE(t.is_usable() == usable(t.candidate));
}

TEST_CASE("the same seed gives the same candidates on every compiler") {
  CHECK(first_codes(random_search{macro_space, {.seed = 1}}, 8) ==
        std::vector<std::size_t>{5324, 4902, 658, 4896, 1214, 3876, 6474, 3437});
  CHECK(first_codes(local_search{macro_space, {.seed = 1}}, 12) ==
        std::vector<std::size_t>{5324, 5342, 5288, 5261, 5243, 5207, 5258, 5990, 5972, 4532, 3803, 1616});
  CHECK(
      first_codes(regularized_evolution{macro_space, {.population = 4, .sample = 2, .crossover = .3, .seed = 1}}, 14) ==
      std::vector<std::size_t>{5324, 4902, 658, 4896, 5270, 528, 577, 4541, 5284, 42, 4550, 4538, 5522, 5576});
  CHECK(first_codes(random_search{macro_space, {.seed = 2}}, 8) !=
        first_codes(random_search{macro_space, {.seed = 1}}, 8));
}

TEST_CASE("a space of 2^120 networks is searched") {
  random_search searching{huge_space};
  std::set<std::pair<std::uint64_t, std::uint64_t>> seen;
  for (int i = 0; i < 2000; ++i) {
    const uint128 rank = huge_space.rank(*searching.ask());
    seen.emplace(static_cast<std::uint64_t>(rank >> 64), static_cast<std::uint64_t>(rank));
  }
  CHECK(seen.size() == 2000);
}

TEST_CASE("values and candidates that make no sense are refused") {
  random_search searching{small_space};
  const auto c = *searching.ask();
  CHECK_THROWS_AS(searching.tell(c, std::nan("")), search_error);
  CHECK_THROWS_AS(searching.tell(c, -minus_infinity), search_error);
  CHECK(searching.tell(c, minus_infinity));
  small_candidate broken = c;
  broken.digits[0] = 99;
  CHECK_THROWS_AS(searching.tell(broken, 1), space_error);
}

TEST_CASE("options out of range are refused with a sentence") {
  const auto refusal = [](const regularized_evolution_options& o) -> std::string {
    try {
      regularized_evolution{small_space, o};
    } catch (const search_error& e) {
      return e.what();
    }
    return "";
  };
  CHECK(refusal({.population = 0}) == "nascent: regularized_evolution_options.population: found 0; allowed: 1 or more");
  CHECK(refusal({.sample = -3}) == "nascent: regularized_evolution_options.sample: found -3; allowed: 1 or more");
  CHECK(refusal({.crossover = 1.5}) == "nascent: regularized_evolution_options.crossover: found 1.5; allowed: 0 to 1");
  CHECK(refusal({.crossover = std::nan("")}) ==
        "nascent: regularized_evolution_options.crossover: found nan; allowed: 0 to 1");
}

TEST_CASE("a search by accuracy, latency and reward keeps all trials, the best and the front") {
  std::size_t reports = 0;
  const auto latency = [](const auto& c) { return static_cast<double>(count(c).macs) * 1e-7; };
  const mnas_soft judge{.target_ms = 3};
  watch all({.style = progress_style::quiet, .each_step = [&](const watch_step& step) {
               CHECK(step.job == "searching");
               CHECK(step.done == ++reports);
               CHECK(step.total == 300);
               CHECK(step.note.starts_with("best "));
             }});
  const auto found = search(macro_space, macro_accuracy, latency, judge, {.trials = 300, .seed = 4, .watch = &all});
  CHECK(reports == 300);
  REQUIRE(found.history.size() == 300);
  CHECK_FALSE(found.exhausted);
  std::vector<cost_gain> points;
  for (const auto& t : found.history) {
    REQUIRE(t.metrics->accuracy == macro_accuracy(t.candidate));
    REQUIRE(t.metrics->latency_ms == latency(t.candidate));
    REQUIRE(t.reward == judge(*t.metrics));
    REQUIRE(t.reward <= found.best().reward);
    points.push_back({t.metrics->latency_ms, t.metrics->accuracy});
  }
  CHECK(found.front == pareto_front(points));
  CHECK(std::is_sorted(found.front.begin(), found.front.end(),
                       [&](std::size_t a, std::size_t b) { return points[a].cost < points[b].cost; }));
}

TEST_CASE("callables may take the network instead of the candidate") {
  const auto by_candidate =
      search(macro_space, macro_accuracy, [](const macro_candidate& c) { return static_cast<double>(count(c).layers); },
             mnas_soft{.target_ms = 20}, {.trials = 60});
  const auto by_network =
      search(macro_space, macro_accuracy, [](const network& n) { return static_cast<double>(n.layers().size()); },
             mnas_soft{.target_ms = 20}, {.trials = 60});
  REQUIRE(by_network.best_index == by_candidate.best_index);
  CHECK(by_network.best().reward == by_candidate.best().reward);
}

TEST_CASE("latency is not asked for where there is no accuracy") {
  int asked = 0;
  const auto found = search(
      small_space, [](const small_candidate& c) { return small_space.rank(c) < 4 ? std::optional(.5) : std::nullopt; },
      [&](const small_candidate&) {
        ++asked;
        return 1.0;
      },
      mnas_soft{.target_ms = 1});
  CHECK(asked == 4);
  CHECK(found.exhausted);
  CHECK(found.history.size() == static_cast<std::size_t>(small_space.size()));
  CHECK(found.front.size() == 1);
}

TEST_CASE("metrics of one's own go to a reward of one's own") {
  struct with_params {
    double accuracy;
    std::int64_t params;
  };
  const auto measure = [](const macro_candidate& c) { return with_params{macro_accuracy(c), count(c).params}; };
  const auto judge = [](const with_params& m) { return m.params > 1000000 ? minus_infinity : m.accuracy; };
  const auto found = search(macro_space, measure, judge, {.trials = 400});
  CHECK(found.best().metrics->params <= 1000000);
  CHECK(found.front.empty());
}

TEST_CASE("a search ends when it is told to") {
  for (const bool by_stop : {false, true}) {
    watch* own = nullptr;
    watch all({.style = progress_style::quiet, .each_step = [&](const watch_step& step) {
                 if (step.done == 10) by_stop ? own->stop() : own->end();
               }});
    own = &all;
    const auto found = search(macro_space, macro_accuracy, {.watch = &all});
    CHECK(found.history.size() == 10);
    CHECK_FALSE(found.exhausted);
  }
  CHECK(search(macro_space, macro_accuracy, {.trials = 0}).history.empty());
  // Before the first trial nobody is asked.
  watch over({.style = progress_style::quiet});
  over.end();
  int asked = 0;
  const auto none =
      search(macro_space, [&](const macro_candidate&) { return static_cast<double>(++asked); }, {.watch = &over});
  CHECK(none.history.empty());
  CHECK(asked == 0);
  CHECK_FALSE(none.exhausted);
}

TEST_CASE("of equal rewards the first is the best, and what cannot be used is neither best nor on the front") {
  const auto same = search(macro_space, [](const macro_candidate&) { return .5; }, {.trials = 30});
  CHECK(same.best_index == 0U);
  int asked = 0;
  // 1, 2, 3, 3, 3, ... but the first cannot be used, nor can the third.
  const auto rising = search(macro_space,
                             [&](const macro_candidate&) {
                               ++asked;
                               return asked == 1 || asked == 3 ? minus_infinity : std::min(asked, 4) * 1.;
                             },
                             {.trials = 8});
  CHECK(rising.best_index == 3U);
  CHECK_FALSE(rising.history[2].is_usable());
  const auto judged = search(
      macro_space, [&](const macro_candidate& c) { return static_cast<double>(macro_space.rank(c)) / 1e6; },
      [](const macro_candidate& c) { return 1 + static_cast<double>(macro_space.rank(c)); },
      [](const metrics& m) { return m.latency_ms < 3000 ? minus_infinity : m.accuracy; }, {.trials = 100});
  REQUIRE_FALSE(judged.front.empty());
  for (const std::size_t i : judged.front) CHECK(judged.history[i].is_usable());
  CHECK(std::any_of(judged.history.begin(), judged.history.end(), [](const auto& t) { return !t.is_usable(); }));
  // Accuracy rises with latency here: every network that can be used is on the front, by rising latency.
  CHECK(judged.front.size() ==
        static_cast<std::size_t>(std::ranges::count_if(judged.history, [](const auto& t) { return t.is_usable(); })));
  for (std::size_t i = 1; i < judged.front.size(); ++i)
    CHECK(judged.history[judged.front[i]].metrics->latency_ms >
          judged.history[judged.front[i - 1]].metrics->latency_ms);
}

TEST_CASE("a search without a network that can be used says so, and one with NaN too") {
  const auto none = search(small_space, [](const small_candidate&) { return minus_infinity; });
  CHECK(none.exhausted);
  CHECK_FALSE(none.best_index);
  CHECK_THROWS_AS(none.best(), search_error);
  CHECK_THROWS_AS(search(small_space, [](const small_candidate&) { return std::nan(""); }), search_error);
}

}  // namespace

TEST_CASE("a search builds each network once, however many callables judge it") {
  const auto accuracy = [](const network& n) { return static_cast<double>(n.output().channels); };
  const auto latency = [](const network& n) { return static_cast<double>(n.output().channels) / 8; };
  const auto judge = [](const metrics& m) { return m.accuracy - m.latency_ms; };
  graphs = 0;
  random_search searching(counted_space, {.seed = 1});
  CHECK(search(searching, accuracy, latency, judge, {.trials = 10}).history.size() == 10);
  CHECK(graphs == 10);

  // With metrics of one's own: from one that is being evaluated.
  struct own_metrics {
    double first = 0;
    double second = 0;
  };
  const auto measure = [&](const evaluated_candidate<decltype(counted_space)::candidate_type>& c) {
    return own_metrics{*evaluate(accuracy, c), *evaluate(latency, c)};
  };
  graphs = 0;
  random_search again(counted_space, {.seed = 2});
  const auto result = search(again, measure, [](const own_metrics& m) { return m.first + m.second; }, {.trials = 10});
  CHECK(result.best().metrics->first == 8 * result.best().metrics->second);
  CHECK(graphs == 10);

  // No callable needs the network: none is built.
  graphs = 0;
  random_search blind(counted_space, {.seed = 3});
  search(blind, [](const auto& c) { return static_cast<double>(counted_space.rank(c)); }, {.trials = 10});
  CHECK(graphs == 0);
}
