// SPDX-License-Identifier: Apache-2.0
#include "nascent/search/front_search.hpp"

#include <cmath>
#include <limits>
#include <optional>
#include <set>
#include <type_traits>
#include <utility>
#include <vector>

#include "macro_space.hpp"
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "nascent/cost/cost.hpp"

using namespace nascent;
using Catch::Approx;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::MessageMatches;

namespace {

double million_macs(const macro_candidate& c) { return 1e-6 * static_cast<double>(count(c).macs); }

/// The best trained accuracy of NAS-Bench-Macro within a number of MACs, by going through all 6,561 codes.
double best_trained(double most_millions) {
  double best = 0;
  for (std::uint64_t rank = 0; rank < static_cast<std::uint64_t>(macro_space.size()); ++rank) {
    const macro_candidate c = macro_space.unrank(rank);
    if (million_macs(c) <= most_millions) best = std::max(best, macro_accuracy(c));
  }
  return best;
}

}  // namespace

TEST_CASE("the front of NAS-Bench-Macro is that of all its networks") {
  const auto found = search_front(macro_space, million_macs, macro_accuracy, {.networks = 40'000, .seed = 3});
  CHECK(found.networks == 40'000);
  for (std::size_t i = 1; i < found.points.size(); ++i) {
    REQUIRE(found.points[i].ms > found.points[i - 1].ms);
    REQUIRE(found.points[i].accuracy > found.points[i - 1].accuracy);
  }
  for (const auto& p : found.points) {
    CHECK(p.ms == million_macs(p.what));
    CHECK(p.accuracy == macro_accuracy(p.what));
  }
  CHECK(found.points.back().accuracy == best_trained(std::numeric_limits<double>::infinity()));
  for (const double limit : {40., 60., 90., 120.}) {
    const auto* best = found.best_under(limit);
    REQUIRE(best != nullptr);
    CHECK(best->accuracy >= best_trained(limit / 1.005));  // latencies are kept in steps of half a per cent
    CHECK(best->ms <= limit);
  }
}

TEST_CASE("the same seed finds the same front") {
  const auto points = [](std::uint64_t seed) {
    std::vector<uint128> ranks;
    for (const auto& p :
         search_front(macro_space, million_macs, macro_accuracy, {.networks = 300, .seed = seed}).points)
      ranks.push_back(macro_space.rank(p.what));
    return ranks;
  };
  CHECK(points(1) == points(1));
  CHECK(points(1) != points(2));
}

TEST_CASE("networks outside the limits, and those that cannot be judged, are not on the front") {
  const auto judged = [](const macro_candidate& c) -> std::optional<double> {
    if (c.digits[0] == 0) return std::nullopt;
    return macro_accuracy(c);
  };
  const auto found = search_front(macro_space, million_macs, judged,
                                  {.networks = 2000, .least_ms = 50, .most_ms = 80, .target_ms = 60});
  for (const auto& p : found.points) {
    CHECK(p.ms > 50);
    CHECK(p.ms <= 80);
    CHECK(p.what.digits[0] != 0);
  }
  CHECK(found.best_under(49) == nullptr);
}

TEST_CASE("a network exactly at the largest latency is within, one at the least is not, and limits are inclusive") {
  const macro_candidate c = macro_space.unrank(1234);
  const double ms = million_macs(c);
  const auto only = search_front(macro_space, million_macs, macro_accuracy, {.networks = 1, .most_ms = ms}, {c});
  REQUIRE(only.points.size() == 1);
  CHECK(only.networks == 1);
  CHECK(only.best_under(ms) == only.points.data());
  CHECK(only.best_under(std::nextafter(ms, 0.)) == nullptr);
  CHECK_THROWS_AS(search_front(macro_space, million_macs, macro_accuracy, {.networks = 1, .least_ms = ms}, {c}),
                  search_error);
}

TEST_CASE("an archive keeps the best of each latency: of equal accuracy the faster, of equal ones the first") {
  detail::latency_archive<std::remove_cvref_t<decltype(macro_space)>> archive;
  const auto offer = [&](std::uint64_t rank, double ms, double accuracy) {
    return archive.offer({macro_space.unrank(rank), ms, accuracy});
  };
  const auto front = [&] {
    std::vector<std::pair<double, double>> all;
    for (const auto& p : archive.front()) all.emplace_back(p.ms, p.accuracy);
    return all;
  };
  using points = std::vector<std::pair<double, double>>;
  CHECK(archive.empty());
  CHECK(offer(0, 10.03, 70));
  CHECK_FALSE(archive.empty());
  CHECK_FALSE(offer(1, 10.03, 70));
  CHECK_FALSE(offer(2, 10.04, 70));
  CHECK(offer(3, 10.02, 70));
  CHECK_FALSE(offer(4, 10.015, 69));
  CHECK(front() == points{{10.02, 70}});
  CHECK(offer(5, 10.05, 71));  // slower, but within half a per cent
  CHECK(front() == points{{10.05, 71}});
  CHECK(offer(6, 5, 60));   // faster than all before
  CHECK(offer(7, 20, 71));  // its latency is new, but a faster one is as accurate
  CHECK(front() == points{{5, 60}, {10.05, 71}});
  CHECK(offer(8, 40, 72));
  CHECK(front() == points{{5, 60}, {10.05, 71}, {40, 72}});
  random_engine rng(1);
  std::set<double> all;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (int i = 0; i < 200; ++i) {
    all.insert(archive.draw(rng, 0, infinity).ms);
    CHECK(archive.draw(rng, 10.02, 10.04).ms == 10.05);  // the one of that latency
    CHECK(archive.draw(rng, 0, 5.).ms == 5);
    CHECK(archive.draw(rng, 39.9, 40).ms == 40);
    CHECK(archive.draw(rng, 39.9, infinity).ms == 40);
  }
  CHECK(all.size() == 4);
}

TEST_CASE("networks to start from are looked at") {
  macro_candidate best = macro_space.unrank(0);
  for (std::uint64_t rank = 0; rank < static_cast<std::uint64_t>(macro_space.size()); ++rank)
    if (macro_accuracy(macro_space.unrank(rank)) > macro_accuracy(best)) best = macro_space.unrank(rank);
  const auto found = search_front(macro_space, million_macs, macro_accuracy, {.networks = 2}, {best});
  CHECK(found.points.back().accuracy == macro_accuracy(best));
}

TEST_CASE("a front search without a usable network says so, and refuses what is no number") {
  const auto none = [](const macro_candidate&) { return std::optional<double>(); };
  CHECK_THROWS_MATCHES(search_front(macro_space, million_macs, none, {.networks = 50}), search_error,
                       MessageMatches(ContainsSubstring("none that can be used among 50 networks")));
  const auto nan = [](const macro_candidate&) { return std::nan(""); };
  CHECK_THROWS_MATCHES(search_front(macro_space, million_macs, nan, {.networks = 50}), search_error,
                       MessageMatches(ContainsSubstring("accuracy of nan")));
  CHECK_THROWS_MATCHES(search_front(macro_space, nan, macro_accuracy, {.networks = 50}), search_error,
                       MessageMatches(ContainsSubstring("latency of nan")));
}
