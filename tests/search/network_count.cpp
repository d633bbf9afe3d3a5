// SPDX-License-Identifier: Apache-2.0
// Networks counted by what they cost, against all networks of small spaces, one by one.
#include "nascent/search/network_count.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <random>
#include <vector>

#include "../kernels/spaces.hpp"
#include "sum_of.hpp"
#include <catch2/catch_test_macros.hpp>

using namespace nascent;

namespace {

using test::sum_of;

template <class Space>
std::vector<double> all_sums(const kernel_trellis<Space>& trellis, const sum_over_kernels& sum) {
  std::vector<double> all;
  for (uint128 r = 0; r < Space::size(); ++r)
    if (const auto c = Space::unrank(r); trellis.walk(c, [](std::int32_t, int) {}))
      all.push_back(sum_of(trellis, sum, c));
  std::ranges::sort(all);
  return all;
}

template <class Space>
void check_counts(const Space& space) {
  const kernel_trellis trellis(space);
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    INFO("space " << space.name() << ", seed " << seed);
    std::mt19937_64 rng(seed);
    // Whole numbers, and a grid whose cells are whole numbers: nothing is rounded, the count is exact.
    const sum_over_kernels whole(trellis, [&](const space_kernel&) { return static_cast<double>(rng() % 5); });
    const auto by_whole = all_sums(trellis, whole);
    const auto least = static_cast<std::size_t>(by_whole.front());
    double base = 0;
    for (const double value : detail::least_of_steps(trellis, whole)) base += value;
    for (const double limit : {by_whole.front(), by_whole[by_whole.size() / 3], by_whole.back()}) {
      const auto expected = static_cast<uint128>(std::ranges::upper_bound(by_whole, limit) - by_whole.begin());
      if (limit > base) {
        const auto counted = count_under(trellis, whole, limit, {.cells = static_cast<std::size_t>(limit - base)});
        CHECK(counted.exact());
        CHECK(counted.at_least == expected);
      }
      for (const std::size_t cells : {1U, 7U, 50U, 1000U}) {
        const auto bounds = count_under(trellis, whole, limit, {.cells = cells});
        CHECK(bounds.at_least <= expected);
        CHECK(bounds.at_most >= expected);
      }
    }
    CHECK(count_under(trellis, whole, static_cast<double>(least) - 1) == network_count{});

    // Any numbers: the bounds hold, and close in.
    const sum_over_kernels real(trellis,
                                [&](const space_kernel&) { return std::exp(static_cast<double>(rng() % 1000) / 300); });
    const auto by_real = all_sums(trellis, real);
    const double limit = by_real[by_real.size() / 2];
    const auto expected = static_cast<uint128>(std::ranges::upper_bound(by_real, limit + 1e-9) - by_real.begin());
    const auto few = count_under(trellis, real, limit, {.cells = 30});
    const auto many = count_under(trellis, real, limit, {.cells = 20'000});
    CHECK(few.at_least <= expected);
    CHECK(few.at_most >= expected);
    CHECK(many.at_least <= expected);
    CHECK(many.at_most >= expected);
    CHECK(many.at_most - many.at_least <= few.at_most - few.at_least);
    CHECK(static_cast<double>(many.at_most - many.at_least) < 0.02 * static_cast<double>(expected) + 2);
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

}  // namespace

TEST_CASE("networks under a limit are counted as all of them one by one") {
  check_counts(test::plain);
  check_counts(test::tied);
  check_counts(test::independent_layers);
  check_counts(test::connected);
  check_counts(test::constrained);
  check_counts(shrinking);
}

TEST_CASE("networks are drawn from a part of the grid, each as often as any other") {
  const kernel_trellis trellis(test::connected);
  std::mt19937_64 numbers(7);
  const sum_over_kernels sum(trellis, [&](const space_kernel&) { return static_cast<double>(numbers() % 5); });
  const auto sums = all_sums(trellis, sum);
  const auto least = detail::least_of_steps(trellis, sum);
  double base = 0;
  for (const double value : least) base += value;
  watch quiet({.style = progress_style::quiet});
  const detail::sum_grid grid(trellis, sum, least, sums.back(), static_cast<std::size_t>(sums.back() - base),
                              detail::cell_rounding::down, quiet);
  const double from = sums[sums.size() / 10];
  const double to = sums[sums.size() / 8] + 1;
  const auto first = grid.cell_of_limit(from) + 1;
  const auto last = grid.cell_of_limit(to);
  const auto members = std::ranges::count_if(sums, [&](double s) { return s > from && s <= to; });
  REQUIRE(members > 10);
  REQUIRE(grid.count(first, last) == static_cast<uint128>(members));
  std::map<uint128, int> often;
  random_engine rng(3);
  const int draws = 40 * static_cast<int>(members);
  for (int i = 0; i < draws; ++i) {
    const auto c = grid.draw(rng, first, last);
    test::connected.validate(c);
    const double s = sum_of(trellis, sum, c);
    REQUIRE((s > from && s <= to));
    ++often[test::connected.rank(c)];
  }
  CHECK(often.size() == static_cast<std::size_t>(members));
  double chi_squared = 0;
  for (const auto& [rank, n] : often) chi_squared += (n - 40.0) * (n - 40.0) / 40;
  CHECK(std::fabs(chi_squared - static_cast<double>(members)) < 5 * std::sqrt(2 * static_cast<double>(members)));
}

TEST_CASE("counts of nonsense are refused, and a stop ends them") {
  const kernel_trellis trellis(test::plain);
  const sum_over_kernels macs = macs_sum(trellis);
  CHECK_THROWS_AS(count_under(trellis, macs, std::numeric_limits<double>::infinity()), search_error);
  CHECK_THROWS_AS(count_under(trellis, macs, std::nan("")), search_error);
  CHECK_THROWS_AS(count_under(trellis, macs, 1e9, {.cells = 0}), search_error);
  watch stopped({.style = progress_style::quiet});
  stopped.stop();
  CHECK_THROWS_AS(count_under(trellis, macs, 1e9, {.watch = &stopped}), stopped_error);
}
