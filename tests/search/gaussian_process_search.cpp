// SPDX-License-Identifier: Apache-2.0
#include "nascent/search/gaussian_process_search.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "macro_space.hpp"
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include "nascent/search/local_search.hpp"
#include "nascent/space/constraint.hpp"

using namespace nascent;

namespace {

constexpr auto mixed = define([] {
  return search_space("mixed")
      .input(3, 32)
      .stage("1", conv{.filters = one_of(8, 16, 24, 32), .act = one_of(relu, swish, hswish)})
      .stage("2", mbconv{.filters = one_of(8, 16), .kernel = one_of(3, 5, 7)})
      .layers(range(0, 2))
      .head(global_pool{}, dense{10})
      .require("1.filters", "2.filters", [](int a, int b) { return a <= 2 * b; });
});
using mixed_candidate = decltype(mixed)::candidate_type;

std::vector<int> row(const mixed_candidate& c) {
  const auto v = mixed.encode(c);
  return {v.begin(), v.end()};
}

template <class Searcher>
double best_of(Searcher s, int evaluations) {
  double best = 0;
  for (int i = 0; i < evaluations; ++i) {
    const auto c = *s.ask();
    const double value = macro_accuracy(c);
    best = std::max(best, value);
    s.tell(c, value);
  }
  return best;
}

}  // namespace

TEST_CASE("distances of decisions") {
  const detail::decision_distances d = detail::distances_of(mixed);
  const std::size_t filters = mixed.find("1.filters");
  const std::size_t act = mixed.find("1.act");
  CHECK(d(filters, 0, 3) == 1);
  CHECK(d(filters, 0, 1) == Catch::Approx(1.0 / 9));
  CHECK(d(act, 0, 1) == 1);
  CHECK(d(act, 2, 2) == 0);
  CHECK(d(filters, inactive, 1) == 1);
  CHECK(d(filters, inactive, inactive) == 0);
}

TEST_CASE("a Gaussian process knows what it was told, and how much it does not know") {
  random_engine rng(11);
  std::vector<mixed_candidate> all;
  for (std::uint64_t rank = 0; rank < static_cast<std::uint64_t>(mixed.size()); ++rank)
    all.push_back(mixed.unrank(rank));
  const auto truth = [](const mixed_candidate& c) { return c.digits[mixed.find("1.act")] == 1 ? 1.0 : -0.5; };
  detail::mixed_process process{detail::distances_of(mixed)};
  std::vector<std::vector<int>> points;
  std::vector<std::size_t> told;
  Eigen::VectorXd values(24);
  for (Eigen::Index i = 0; i < values.size(); ++i) {
    told.push_back(static_cast<std::size_t>(random_below(rng, std::uint64_t{all.size()})));
    points.push_back(row(all[told.back()]));
    values(i) = truth(all[told.back()]);
  }
  process.fit(points, values, 200);
  double known = 0;
  double unknown = 0;
  double wrong = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto belief = process.at(row(all[i]));
    CHECK(belief.deviation > 0);
    CHECK(belief.deviation <= 1);
    (std::ranges::find(told, i) != told.end() ? known : unknown) =
        std::max(std::ranges::find(told, i) != told.end() ? known : unknown, belief.deviation);
    wrong += std::abs(belief.mean - truth(all[i])) / static_cast<double>(all.size());
  }
  CHECK(known < unknown);
  CHECK(wrong < 0.15);  // it found which decision it is
}

TEST_CASE("expected improvement and quantiles, by integration") {
  for (const double mean : {-2.0, 0.0, 0.7})
    for (const double best : {-0.5, 0.3, 1.5}) {
      const double deviation = 0.6;
      double sum = 0;
      constexpr double step = 1e-3;
      for (double z = -9; z < 9; z += step)
        sum +=
            step * std::max(0.0, mean + deviation * z - best) * std::exp(-z * z / 2) / std::sqrt(2 * std::acos(-1.0));
      CHECK(detail::expected_improvement({mean, deviation}, best) == Catch::Approx(sum).margin(1e-5));
    }
  for (const double p : {1e-6, 0.01, 0.02425, 0.3, 0.5, 0.9, 0.999})
    CHECK(0.5 * std::erfc(-detail::normal_quantile(p) / std::sqrt(2.0)) == Catch::Approx(p).epsilon(1e-7));
}

TEST_CASE("NAS-Bench-Macro after 50 trainings: better than local search") {
  // Local search over 100 seeds: 93.068 (measured with another program, too). 20 seeds of this: 93.112.
  double found = 0;
  double climbed = 0;
  constexpr int seeds = 8;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    found += best_of(gaussian_process_search(macro_space, {.seed = seed}), 50) / seeds;
    climbed += best_of(local_search(macro_space, {.seed = seed}), 50) / seeds;
  }
  INFO("Gaussian process " << found << ", local search " << climbed);
  CHECK(found >= 93.09);
  CHECK(found > climbed);
}

TEST_CASE("answers that are pending, that are none, and that never come; a space that is used up") {
  gaussian_process_search s(mixed, {.model = {.start = 4}, .seed = 3});
  std::vector<mixed_candidate> asked;
  while (const auto c = s.ask()) {
    mixed.validate(*c);
    CHECK(std::ranges::find(asked, *c) == asked.end());
    asked.push_back(*c);
    if (asked.size() % 3 == 0) s.tell(asked[asked.size() - 2], -std::numeric_limits<double>::infinity());
    if (asked.size() % 3 == 1) s.tell(asked.back(), static_cast<double>(mixed.rank(asked.back()) % 7));
  }
  CHECK(asked.size() == mixed.size());
  CHECK_THROWS_AS(gaussian_process_search(mixed, {.model = {.start = 1}}), search_error);
  CHECK_THROWS_AS(gaussian_process_search(mixed, {.model = {.climbs = 0}}), search_error);
  CHECK_THROWS_AS(gaussian_process_search(mixed, {.model = {.most_points = 5}}), search_error);
}
