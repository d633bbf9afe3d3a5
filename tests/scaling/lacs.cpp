// SPDX-License-Identifier: Apache-2.0
#include "nascent/scaling/lacs.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "base.hpp"
#include "refusal.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>

#include "nascent/scaling/published.hpp"
#include "nascent/zoo/efficientnet.hpp"

using namespace nascent;
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;

namespace {

constexpr auto b0 = zoo::efficientnet_b0.only();
constexpr auto by_macs = [](const auto& c) { return static_cast<double>(count(c).macs) / 2e7; };

/// An accuracy with a known best share: 100 - a / depth - b / width^2 - c / resolution^2.
struct saturating {
  double depth;
  double width;
  double resolution;

  double operator()(const built& n) const {
    return 100 - depth / n.depth - width / (n.width * n.width) - resolution / (n.resolution * n.resolution);
  }
  double operator()(const network& n) const { return (*this)(measure(n)); }
};

/// The best share by trying all of them, in thousandths, without rounding: an oracle that knows the latency as a
/// formula.
template <class Latency>
std::array<double, 3> best_shares(const saturating& accuracy, const Latency& latency, double factor) {
  std::array<double, 3> best{};
  double highest = -1e300;
  for (int i = 0; i <= 200; ++i)
    for (int j = 0; i + j <= 200; ++j) {
      const double depth = i / 200.0;
      const double width = j / 200.0;
      const double resolution = 1 - depth - width;
      const auto at = [&](double doublings) {
        return built{std::exp2(doublings * depth), std::exp2(doublings * width / 2),
                     std::exp2(doublings * resolution / 2)};
      };
      double low = 0;
      double high = 20;
      for (int step = 0; step < 50; ++step) (latency(at((low + high) / 2)) < factor ? low : high) = (low + high) / 2;
      const double found = accuracy(at(low));
      if (found > highest) {
        highest = found;
        best = {depth, width, resolution};
      }
    }
  return best;
}

std::array<double, 3> shares_of(const compound_coefficients& c) {
  const double all = std::log(c.macs_factor());
  return {std::log(c.alpha) / all, 2 * std::log(c.beta) / all, 2 * std::log(c.gamma) / all};
}

TEST_CASE("where latency is MACs and accuracy saturates in each dimension, the known best triplet is found") {
  const double base = by_macs(fine_base);
  const auto macs = [](const built& n) { return n.depth * n.width * n.width * n.resolution * n.resolution; };
  for (const saturating& accuracy :
       {saturating{8, 4, 3}, saturating{3, 8, 4}, saturating{4, 3, 8}, saturating{5, 5, 5}, saturating{9, 4, .5}}) {
    // In closed form: each term of the error becomes the same, or its dimension stays at 1.
    const auto exact = best_shares(accuracy, macs, 8);
    for (const int refinements : {0, 2, 4}) {
      const auto result = lacs(fine_base, accuracy, by_macs, {.targets_ms = {8 * base}, .refinements = refinements});
      const auto found = shares_of(result.coefficients);
      // To the finest step, and what the oracle's own steps leave: with four refinements no more than a coarse grid of
      // 98 steps would, where the coarse one is off by up to 0.067.
      const double step = 1.0 / 6 / (1 << refinements);
      CAPTURE(accuracy.depth, accuracy.width, accuracy.resolution, refinements, found[0], found[1], found[2], exact[0],
              exact[1], exact[2]);
      for (std::size_t i = 0; i < 3; ++i) CHECK_THAT(found[i], WithinAbs(exact[i], step + 0.005));
      CHECK_THAT(result.coefficients.macs_factor(), WithinRel(2, 1e-12));
    }
  }
}

TEST_CASE("the device decides: where width is cheap, the family becomes wider") {
  const saturating accuracy{5, 5, 5};
  const auto cheap_width = [](const built& n) { return n.depth * n.width * n.resolution * n.resolution; };
  const auto exact = best_shares(accuracy, cheap_width, 8);
  const auto result = lacs(fine_base, accuracy, [&](const network& n) { return 10 * cheap_width(measure(n)); },
                           {.targets_ms = {80}, .refinements = 3});
  const auto found = shares_of(result.coefficients);
  CHECK(exact[1] > 0.4);
  for (std::size_t i = 0; i < 3; ++i) CHECK_THAT(found[i], WithinAbs(exact[i], 1.0 / 48 + 0.01));
}

TEST_CASE("the family follows the law alpha beta^2 gamma^2 and its targets") {
  const double base = by_macs(fine_base);
  const auto result = lacs(fine_base, saturating{8, 4, 3}, by_macs, {.levels = 5, .factor = 2});
  REQUIRE(result.levels.size() == 6);
  CHECK(result.levels[0].phi == 0);
  CHECK(result.levels[0].latency_ms == base);
  CHECK(result.levels[0].residual() == 0);
  CHECK(result.levels[0].scale() == dimensions{.width = 1, .depth = 1, .resolution = 176});
  for (std::size_t level = 1; level < result.levels.size(); ++level) {
    const auto& l = result.levels[level];
    CAPTURE(level);
    CHECK_THAT(l.target_ms, WithinRel(base * std::pow(2.0, static_cast<double>(level)), 1e-12));
    // One unit of phi doubles MACs.
    CHECK_THAT(l.phi, WithinAbs(static_cast<double>(level), 0.05));
    CHECK(l.latency_ms <= l.target_ms);
    CHECK(l.residual() > -0.02);
    CHECK(l.latency_ms == by_macs(l.candidate));
    CHECK(l.candidate == scaled(fine_base, result.coefficients, l.phi));
    REQUIRE(l.above);
    CHECK(l.above->latency_ms > l.target_ms);
    REQUIRE(l.below);
    CHECK(l.below->latency_ms < l.latency_ms);
    CHECK(*l.accuracy > *result.levels[level - 1].accuracy);
  }
}

TEST_CASE("every triplet is kept, with what it was judged by") {
  const double base = by_macs(b0);
  const auto accuracy = [](const auto& c) {
    return 70 + std::log(static_cast<double>(count(c).params)) / (1 + 1e-4 * c.scale.resolution);
  };
  std::size_t reports = 0;
  watch all({.style = progress_style::quiet, .each_step = [&](const watch_step& step) {
               CHECK(step.done == ++reports);
               CHECK(step.total == 2 + 28 + 24);
               CHECK(step.note.starts_with("best "));
             }});
  const auto result = lacs(b0, accuracy, by_macs,
                           {.targets_ms = {2 * base, 4 * base},
                            .search_level = 2,
                            .also = {published::efficientnet_coefficients, published::efficientnet_x_gpu_coefficients},
                            .watch = &all});
  CHECK(reports == result.trials.size());
  CHECK(result.trials.size() > 30);
  CHECK(result.trials[0].coefficients == published::efficientnet_coefficients);
  std::set<std::vector<long>> triplets;
  double best = 0;
  for (const auto& t : result.trials) {
    const auto s = shares_of(t.coefficients);
    CHECK(triplets.insert({std::lround(1e6 * s[0]), std::lround(1e6 * s[1]), std::lround(1e6 * s[2])}).second);
    CHECK(t.coefficients.alpha >= 1);
    CHECK(t.coefficients.beta >= 1);
    CHECK(t.coefficients.gamma >= 1);
    REQUIRE(t.solution);
    CHECK(t.solution->at.latency_ms <= 4 * base);
    CHECK(t.solution->above.latency_ms > 4 * base);
    CHECK(*t.accuracy == accuracy(t.solution->at.candidate));
    CHECK(t.judged->latency_ms == 4 * base);
    const double next = accuracy(t.solution->above.candidate);
    CHECK(t.judged->accuracy >= std::min(*t.accuracy, next));
    CHECK(t.judged->accuracy <= std::max(*t.accuracy, next));
    // On the line between the two, over the logarithm of latency.
    const double share = std::log(4 * base / t.solution->at.latency_ms) /
                         std::log(t.solution->above.latency_ms / t.solution->at.latency_ms);
    CHECK_THAT(t.judged->accuracy, WithinAbs(*t.accuracy + share * (next - *t.accuracy), 1e-9));
    CHECK((t.solution->above.latency_ms - t.solution->at.latency_ms <= .05 * 4 * base ||
           t.solution->above.phi - t.solution->at.phi < 1e-5));  // or no network is between them
    CHECK_THAT(t.reward, WithinRel(t.judged->accuracy, 1e-12));  // mnas_soft at its own target
    best = std::max(best, t.reward);
  }
  CHECK(result.trials[result.best_index].reward == best);
  CHECK(result.trials[result.best_index].coefficients == result.coefficients);
  CHECK(std::find(result.ties.begin(), result.ties.end(), result.best_index) != result.ties.end());
  CHECK_FALSE(result.front.empty());
  CHECK(result.levels.size() == 3);
}

TEST_CASE("a refinement tries every triplet within two half steps of the best, and none twice") {
  constexpr int divisions = 4;
  constexpr int refinements = 2;
  const auto result =
      lacs(fine_base, saturating{5, 5, 5}, by_macs,
           {.targets_ms = {8 * by_macs(fine_base)}, .divisions = divisions, .refinements = refinements});
  constexpr int finest = divisions << refinements;
  using triplet = std::array<int, 3>;  // in steps of the last refinement
  const auto place = [](const auto& trial) {
    const std::array<double, 3> s = shares_of(trial.coefficients);
    triplet t{};
    for (std::size_t i = 0; i < 3; ++i) {
      t[i] = static_cast<int>(std::lround(s[i] * finest));
      CHECK_THAT(s[i] * finest, WithinAbs(t[i], 1e-6));
    }
    return t;
  };
  std::set<triplet> known;
  for (int grid = 0; grid <= refinements; ++grid) {
    const int step = finest / divisions >> grid;
    std::set<triplet> expected;
    triplet centre{};
    double best = -std::numeric_limits<double>::infinity();
    for (const auto& t : result.trials)
      if (t.grid < grid && t.reward > best) best = t.reward, centre = place(t);
    for (int i = 0; i <= finest; i += step)
      for (int j = 0; i + j <= finest; j += step) {
        const triplet t{i, j, finest - i - j};
        int away = 0;
        for (std::size_t k = 0; k < 3; ++k) away = std::max(away, std::abs(t[k] - centre[k]));
        if ((grid == 0 || away <= 2 * step) && !known.contains(t)) expected.insert(t);
      }
    std::set<triplet> tried;
    for (const auto& t : result.trials)
      if (t.grid == grid) CHECK(tried.insert(place(t)).second);
    CAPTURE(grid, centre[0], centre[1], centre[2]);
    CHECK(tried == expected);
    known.insert(tried.begin(), tried.end());
  }
}

TEST_CASE("a reward of one's own judges, without interpolation the network itself") {
  const double base = by_macs(b0);
  const auto accuracy = [](const auto& c) { return c.scale.width / 10; };
  // Only latency counts: the triplet whose network comes nearest to the target.
  const auto result = lacs(b0, accuracy, by_macs, [](const metrics& m) { return m.latency_ms; },
                           {.targets_ms = {4 * base}, .interpolate = false});
  double nearest = 0;
  for (const auto& t : result.trials) {
    CHECK(t.judged->latency_ms == t.solution->at.latency_ms);
    nearest = std::max(nearest, t.solution->at.latency_ms);
  }
  CHECK(result.levels[1].latency_ms == nearest);
}

TEST_CASE("options other than the defaults do what they say") {
  const double base = by_macs(b0);
  const auto accuracy = [](const auto& c) { return 70 + std::log(static_cast<double>(count(c).params)); };
  // The level at which triplets are compared: the one that is named, else the middle one.
  for (const auto& [levels, search_level, expected] :
       {std::tuple{4, 1, 1}, std::tuple{4, 4, 4}, std::tuple{1, 0, 1}, std::tuple{2, 0, 1}, std::tuple{3, 0, 2},
        std::tuple{4, 0, 2}, std::tuple{5, 0, 3}}) {
    const auto result =
        lacs(b0, accuracy, by_macs,
             {.levels = levels, .factor = 1.5, .search_level = search_level, .divisions = 1, .refinements = 0});
    CAPTURE(levels, search_level);
    REQUIRE(result.trials.size() == 3);  // depth, width, resolution alone
    for (const auto& t : result.trials)
      CHECK_THAT(t.judged->latency_ms, WithinRel(base * std::pow(1.5, expected), 1e-12));
    REQUIRE(result.levels.size() == static_cast<std::size_t>(levels) + 1);
    CHECK_THAT(result.levels.back().target_ms, WithinRel(base * std::pow(1.5, levels), 1e-12));
  }
  // Finer grids are as many as are asked for, and the first is coarse.
  for (const int refinements : {0, 1, 3}) {
    const auto result =
        lacs(b0, accuracy, by_macs, {.targets_ms = {4 * base}, .divisions = 3, .refinements = refinements});
    int finest = 0;
    std::size_t coarse = 0;
    for (const auto& t : result.trials) {
      finest = std::max(finest, t.grid);
      coarse += t.grid == 0 ? 1 : 0;
    }
    CHECK(finest == refinements);
    CHECK(coarse == 10);
  }
  // A wider bracket takes fewer latencies.
  const auto calls = [&](double bracket) {
    const auto result =
        lacs(b0, accuracy, by_macs, {.targets_ms = {4 * base}, .divisions = 2, .refinements = 0, .bracket = bracket});
    for (const auto& t : result.trials)
      CHECK((t.solution->above.latency_ms - t.solution->at.latency_ms <= bracket * 4 * base ||
             t.solution->above.phi - t.solution->at.phi < 1e-5));
    return result.latency_calls;
  };
  CHECK(calls(.5) < calls(.02));
  CHECK(calls(.02) <= calls(0));
  // The weight is the reward's, at the target of the level that is compared.
  const auto weighted = lacs(b0, accuracy, by_macs,
                             {.targets_ms = {2 * base, 4 * base},
                              .search_level = 2,
                              .divisions = 1,
                              .refinements = 0,
                              .weight = -.5,
                              .interpolate = false});
  for (const auto& t : weighted.trials)
    CHECK_THAT(t.reward, WithinRel(*t.accuracy * std::pow(t.solution->at.latency_ms / (4 * base), -.5), 1e-12));
}

TEST_CASE("of triplets of equal reward the first is chosen, and all are told") {
  const auto result = lacs(b0, [](const auto&) { return 75.; }, by_macs,
                           {.targets_ms = {4 * by_macs(b0)}, .divisions = 2, .refinements = 0});
  CHECK(result.best_index == 0);
  CHECK(result.ties == std::vector<std::size_t>{0, 1, 2, 3, 4, 5});
}

TEST_CASE("accuracy and latency are asked once for every distinct network") {
  std::map<std::pair<std::int64_t, std::int64_t>, int> latency_asked;
  std::map<std::pair<std::int64_t, std::int64_t>, int> accuracy_asked;
  const auto key = [](const auto& c) {
    const counts n = count(c);
    return std::pair(n.params * 4096 + c.scale.resolution, n.macs);
  };
  const auto result = lacs(
      b0,
      [&](const auto& c) {
        ++accuracy_asked[key(c)];
        return 50 + c.scale.depth;
      },
      [&](const auto& c) {
        ++latency_asked[key(c)];
        return by_macs(c);
      },
      {.levels = 3});
  for (const auto& [id, times] : latency_asked) CHECK(times == 1);
  for (const auto& [id, times] : accuracy_asked) CHECK(times == 1);
  CHECK(latency_asked.size() == result.latency_calls);
  CHECK(accuracy_asked.size() == result.accuracy_calls);
  CHECK(result.latency_calls < 12 * result.trials.size());
}

/// How many graphs have been built: the block below counts where it is built into one.
std::size_t graphs = 0;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

struct counted_conv {
  int filters;

  struct roles {
    role::width filters;
  };

  constexpr auto operator()(auto& n, auto input, int stride) const {
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(n)>, net<network>>) ++graphs;
    return n.conv(input, {.filters = filters, .kernel = 3, .stride = stride});
  }
};

TEST_CASE("a network is built once for accuracy and latency") {
  constexpr auto space = define([] {
    return search_space("counted")
        .input(3, 224)
        .stage("once", counted_conv{64})
        .stage("deep", mbconv{.filters = 64})
        .layers(20);
  });
  graphs = 0;
  const auto work = [](const network& n) { return static_cast<double>(cost(n).macs) / 1e9; };
  const auto result = lacs(space.only(), [&](const network& n) { return 70 + std::log(work(n)); }, work, {.levels = 3});
  CHECK(result.accuracy_calls > 20);
  CHECK(graphs >= result.latency_calls);
  // A few networks are met again, and judged, long after their latency was asked for.
  CHECK(graphs < result.latency_calls + result.accuracy_calls / 4);
}

TEST_CASE("triplets that cannot be judged are kept and passed over") {
  const auto narrow = [](const auto& c) -> std::optional<double> {
    if (c.scale.depth > 1.3) return std::nullopt;
    return 70 + c.scale.depth + c.scale.width;
  };
  const auto result = lacs(b0, narrow, by_macs, {.targets_ms = {4 * by_macs(b0)}});
  std::size_t unusable = 0;
  for (const auto& t : result.trials) {
    CHECK(t.is_usable() == t.accuracy.has_value());
    unusable += t.is_usable() ? 0 : 1;
  }
  CHECK(unusable > 5);
  CHECK(result.levels[1].scale().depth <= 1.3);
  // Limits of phi end a triplet, not the search: resolution alone cannot reach the target here.
  const auto limited = lacs(b0, [](const auto& c) { return 70 + c.scale.depth; }, by_macs,
                            {.targets_ms = {4 * by_macs(b0)}, .phi = {.largest_resolution = 256}});
  CHECK(std::any_of(limited.trials.begin(), limited.trials.end(), [](const auto& t) { return !t.solution; }));
}

TEST_CASE("only given triplets, or a search that is ended") {
  const auto accuracy = [](const auto& c) { return 70 + c.scale.depth; };
  const auto only =
      lacs(b0, accuracy, by_macs, {.levels = 2, .divisions = 0, .also = {published::efficientnet_coefficients}});
  CHECK(only.trials.size() == 1);
  CHECK(only.coefficients == published::efficientnet_coefficients);
  // There is nothing to compare it with, so nothing to judge.
  const auto unjudged = lacs(b0, [](const auto&) { return std::optional<double>(); }, by_macs,
                             {.levels = 2, .divisions = 0, .also = {published::efficientnet_coefficients}});
  CHECK(unjudged.coefficients == published::efficientnet_coefficients);
  CHECK(!unjudged.levels[2].accuracy);
  for (std::size_t i = 0; i < 3; ++i) CHECK(unjudged.levels[i].latency_ms == only.levels[i].latency_ms);
  watch* own = nullptr;
  watch all({.style = progress_style::quiet, .each_step = [&](const watch_step& step) {
               if (step.done == 6) own->end();
             }});
  own = &all;
  const auto ended = lacs(b0, accuracy, by_macs, {.levels = 2, .watch = &all});
  CHECK(ended.trials.size() == 6);
  CHECK(ended.levels.size() == 3);
}

TEST_CASE("a request to stop ends scaling before the next network is judged") {
  const auto accuracy = [](const auto& c) { return 70 + c.scale.depth; };
  watch all({.style = progress_style::quiet});
  int asked = 0;
  const auto latency = [&](const auto& c) {
    if (++asked == 7) all.stop();
    return by_macs(c);
  };
  CHECK_THROWS_AS(lacs(b0, accuracy, latency, {.levels = 2, .watch = &all}), stopped_error);
  CHECK(asked == 7);
  CHECK_THROWS_AS(solve_phi(b0, published::efficientnet_coefficients, 4 * by_macs(b0), latency, {.watch = &all}),
                  stopped_error);
  CHECK(asked == 7);
}

TEST_CASE("options that make no sense are refused with a sentence") {
  const auto accuracy = [](const auto& c) { return 70 + c.scale.depth; };
  const auto refused = [&](const lacs_options& o) { return refusal([&] { lacs(b0, accuracy, by_macs, o); }); };
  CHECK(refused({.targets_ms = {10}}) ==
        "nascent: lacs_options.targets_ms, level 1: found 10 ms; allowed: the base's 19.290738 ms or more");
  CHECK(refused({.targets_ms = {50, 40}}) ==
        "nascent: lacs_options.targets_ms, level 2: found 40 ms; allowed: the level before's 50 ms or more");
  CHECK(refused({.targets_ms = {std::nan("")}}).starts_with("nascent: lacs_options.targets_ms, level 1: found nan ms"));
  CHECK(refused({.divisions = 0}) ==
        "nascent: lacs, grid: found no triplets; allowed: 1 or more; set lacs_options.divisions or .also");
  CHECK(refused({.levels = 0}) == "nascent: lacs_options.levels: found 0; allowed: 1 to 100");
  CHECK(refused({.factor = 1}) == "nascent: lacs_options.factor: found 1; allowed: above 1");
  CHECK(refused({.levels = 2, .search_level = 3}) ==
        "nascent: lacs_options.search_level: found 3; allowed: 0 up to the number of levels");
  CHECK(refused({.divisions = -1}) == "nascent: lacs_options.divisions: found -1; allowed: 0 to 1000");
  CHECK(refused({.refinements = -1}) == "nascent: lacs_options.refinements: found -1; allowed: 0 to 30");
  CHECK(refused({.bracket = 1}) == "nascent: lacs_options.bracket: found 1; allowed: 0 up to 1");
  CHECK(refused({.also = {{.alpha = .5}}}) == "nascent: compound_coefficients.alpha: found 0.5; allowed: 1 up to 1e6");
  CHECK(refused({.phi = {.fall_allowed = -1}}) == "nascent: phi_options.fall_allowed: found -1; allowed: 0 or above");
  CHECK(refusal([&] {
          lacs(
              b0, [](const auto&) { return std::nan(""); }, by_macs);
        }).find("found nan; allowed: numbers, or none") != std::string::npos);
  CHECK(
      refusal([&] {
        lacs(
            b0, [](const auto&) { return std::optional<double>{}; }, by_macs);
      })
          .starts_with("nascent: lacs, triplets: found none that can be used among 28 (not judged by the accuracy: 28; "
                       "refused by the reward: 0; target not reached within phi_options: 0); allowed: 1 or more"));
  CHECK(refusal([&] {
          lacs(b0, accuracy, by_macs, [](const metrics&) { return -std::numeric_limits<double>::infinity(); });
        }).find("refused by the reward: 28;") != std::string::npos);
  CHECK(refused({.targets_ms = {1e6}, .divisions = 1, .phi = {.largest_resolution = 256}}).find("phi_options: 3)") !=
        std::string::npos);
  CHECK(refusal([&] { lacs(b0, accuracy, [](const auto&) { return std::nan(""); }); }) ==
        "nascent: latency at width 1, depth 1, resolution 224: found nan ms; allowed: above 0 ms");
  CHECK(refusal([&] {
          lacs(b0, accuracy, by_macs, [](const metrics&) { return std::nan(""); });
        }).starts_with("nascent: lacs, triplet 0, reward: found nan"));
}

}  // namespace
