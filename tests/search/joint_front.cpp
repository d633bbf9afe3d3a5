// SPDX-License-Identifier: Apache-2.0
#include "nascent/search/joint_front.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "../kernels/spaces.hpp"
#include "macro_space.hpp"
#include "sum_of.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "nascent/search/exact_front.hpp"

namespace {

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::MessageMatches;
using namespace nascent;
using test::random_sum;
using test::sum_of;

constexpr double infinity = std::numeric_limits<double>::infinity();

struct priced {
  std::vector<double> costs;
  double gain;
};

bool is_as_good(const priced& a, const priced& b) {
  for (std::size_t l = 0; l < a.costs.size(); ++l)
    if (a.costs[l] > b.costs[l]) return false;
  return a.gain >= b.gain;
}

/// Every network of a space that keeps the limits, one by one.
template <class Space>
std::vector<priced> all_of(const kernel_trellis<Space>& trellis, const std::vector<sum_over_kernels>& sums,
                           const sum_over_kernels& gain, const std::vector<double>& most) {
  std::vector<priced> all;
  for (uint128 r = 0; r < Space::size(); ++r) {
    const auto c = Space::unrank(r);
    if (!trellis.walk(c, [](std::int32_t, int) {})) continue;
    priced p{.costs = {}, .gain = sum_of(trellis, gain, c)};
    bool kept = true;
    for (std::size_t l = 0; l < sums.size(); ++l) {
      p.costs.push_back(sum_of(trellis, sums[l], c));
      kept = kept && p.costs[l] <= most[l];
    }
    if (kept) all.push_back(p);
  }
  return all;
}

template <class Space>
void check_against_all(const Space& space, std::size_t devices) {
  const kernel_trellis trellis(space);
  for (const int most : {4, 1000})
    for (std::uint64_t seed = 1; seed <= 2; ++seed) {
      INFO("space " << space.name() << ", " << devices << " devices, seed " << seed << ", numbers below " << most);
      std::vector<sum_over_kernels> sums;
      for (std::size_t l = 0; l < devices; ++l) sums.push_back(random_sum(trellis, 10 * seed + l, most));
      const sum_over_kernels gain = random_sum(trellis, 10 * seed + 9, most);
      // Without limits, and with those that the middle one of all networks keeps just so.
      const std::vector<priced> open = all_of(trellis, sums, gain, std::vector(devices, infinity));
      for (const bool limited : {false, true}) {
        std::vector<sum_limit> costs;
        std::vector<double> limits;
        for (std::size_t l = 0; l < devices; ++l) {
          limits.push_back(limited ? open[open.size() / 2].costs[l] : infinity);
          costs.push_back({"device " + std::to_string(l), sums[l], limits[l]});
        }
        const std::vector<priced> all = all_of(trellis, sums, gain, limits);
        const auto found = joint_front(trellis, costs, gain);
        std::vector<priced> points;
        for (const auto& p : found) {
          space.validate(p.what);
          CHECK(sum_of(trellis, gain, p.what) == p.gain);
          for (std::size_t l = 0; l < devices; ++l) CHECK(sum_of(trellis, sums[l], p.what) == p.costs[l]);
          points.push_back({p.costs, p.gain});
        }
        // Each stands for itself alone, and nothing is missing.
        CHECK(std::ranges::all_of(points, [&](const priced& a) {
          return std::ranges::none_of(points, [&](const priced& b) { return &a != &b && is_as_good(b, a); });
        }));
        CHECK(std::ranges::all_of(all, [&](const priced& p) {
          return std::ranges::any_of(points, [&](const priced& a) { return is_as_good(a, p); });
        }));

        const double epsilon = most / 2.0;
        const auto thin = joint_front(trellis, costs, gain, {.epsilon = epsilon});
        CHECK(thin.size() <= found.size());
        CHECK(std::ranges::all_of(all, [&](const priced& p) {
          return std::ranges::any_of(thin, [&](const auto& a) { return is_as_good({a.costs, a.gain + epsilon}, p); });
        }));

        if (!limited) continue;
        const auto best = best_within(trellis, costs, gain);
        CHECK(best.gain == std::ranges::max(all, {}, &priced::gain).gain);
        CHECK(best.gain == sum_of(trellis, gain, best.what));
        for (std::size_t l = 0; l < devices; ++l) {
          CHECK(best.costs[l] == sum_of(trellis, sums[l], best.what));
          CHECK(best.costs[l] <= limits[l]);
        }
      }
    }
}

}  // namespace

TEST_CASE("the front over several devices is that of all networks, one by one") {
  for (const std::size_t devices : {1U, 2U, 3U}) check_against_all(test::tied, devices);
  check_against_all(test::constrained, 2);
}

TEST_CASE("the front over several devices of spaces of other kinds is that of all networks", "[long]") {
  for (const std::size_t devices : {2U, 3U}) {
    check_against_all(test::plain, devices);
    check_against_all(test::independent_layers, devices);
    check_against_all(test::connected, devices);
  }
}

TEST_CASE("the front over the devices of NAS-Bench-Macro's space is that of all networks", "[long]") {
  check_against_all(macro_space, 2);
  check_against_all(macro_space, 3);
}

TEST_CASE("with one device it is the front of that device") {
  const kernel_trellis trellis(macro_space);
  const sum_over_kernels cost = random_sum(trellis, 1);
  const sum_over_kernels gain = random_sum(trellis, 2);
  const auto line = pareto_front(trellis, price{.cost = cost, .gain = gain}).points;
  const auto found = joint_front(trellis, {{"only", cost, infinity}}, gain);
  REQUIRE(found.size() == line.size());
  for (std::size_t i = 0; i < line.size(); ++i) {
    CHECK(found[i].gain == line[line.size() - 1 - i].gain);
    CHECK(found[i].costs == std::vector{line[line.size() - 1 - i].cost});
  }
}

TEST_CASE("limits that cannot be kept are named") {
  const kernel_trellis trellis(test::tied);
  const sum_over_kernels up = macs_sum(trellis);
  const auto down = [&](std::size_t step, const trellis_path& path) { return -up(step, path); };
  const sum_over_kernels gain = params_sum(trellis);
  const double least = cheapest(trellis, up).cost;
  const double most = -cheapest(trellis, down).cost;
  const std::vector<sum_limit> alone{{"phone_ms", up, least / 2}, {"server_ms", up, infinity}};
  CHECK_THROWS_MATCHES(joint_front(trellis, alone, gain), search_error,
                       MessageMatches(ContainsSubstring("cost 'phone_ms': found") &&
                                      ContainsSubstring("or more: so much costs the cheapest network")));
  // Each of them alone can be kept: few MACs, and many.
  const std::vector<sum_limit> together{{"phone_ms", up, least}, {"server_ms", down, -most}};
  REQUIRE(least < most);
  CHECK_THROWS_MATCHES(joint_front(trellis, together, gain), search_error,
                       MessageMatches(ContainsSubstring("at once, which no network keeps")));
  CHECK_THROWS_MATCHES(best_within(trellis, together, gain), search_error,
                       MessageMatches(ContainsSubstring("at once, which no network keeps")));
  CHECK_THROWS_AS(best_within(trellis, {{"phone_ms", up, infinity}}, gain), search_error);
  CHECK_THROWS_AS(joint_front(trellis, {}, gain), search_error);
  CHECK_THROWS_AS(joint_front(trellis, {{"phone_ms", {}, 1}}, gain), search_error);
  CHECK_THROWS_AS(joint_front(trellis, {{"phone_ms", up, std::nan("")}}, gain), search_error);
  CHECK_THROWS_AS(joint_front(trellis, {{"phone_ms", up, infinity}}, gain, {.epsilon = -1}), search_error);
  CHECK_THROWS_MATCHES(
      joint_front(trellis, {{"phone_ms", random_sum(trellis, 1), infinity}, {"server_ms", up, infinity}}, gain,
                  {.labels = 1}),
      search_error, MessageMatches(ContainsSubstring("more than 1 beginnings of networks")));
}
