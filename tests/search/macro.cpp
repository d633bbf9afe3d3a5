// SPDX-License-Identifier: Apache-2.0
// Searchers on NAS-Bench-Macro, a complete table of trained networks, against what was found before with other
// programs: means over 100 seeds of the best test accuracy after n trainings.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "macro_space.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>

#include "nascent/cost/cost.hpp"
#include "nascent/search/search.hpp"

using namespace nascent;
using Catch::Matchers::WithinAbs;

namespace {

constexpr std::size_t seeds = 100;

struct mean_and_error {
  double mean = 0;
  double standard_error = 0;
};

/// Mean over seeds 1 .. 100 of the best accuracy after each number of trials; `make` gives a searcher for a seed.
template <std::size_t N, class Make>
std::array<mean_and_error, N> best_after(const std::array<std::size_t, N>& trials, Make make) {
  std::array<std::array<double, seeds>, N> best{};
  for (std::size_t s = 0; s < seeds; ++s) {
    auto searching = make(std::uint64_t{s + 1});
    const auto found = search(searching, macro_accuracy, {.trials = trials.back()});
    double so_far = 0;
    std::size_t n = 0;
    for (std::size_t i = 0; i < found.history.size(); ++i) {
      so_far = std::max(so_far, found.history[i].reward);
      if (n < N && i + 1 == trials[n]) best[n++][s] = so_far;
    }
  }
  std::array<mean_and_error, N> result{};
  for (std::size_t n = 0; n < N; ++n) {
    for (const double b : best[n]) result[n].mean += b / seeds;
    double squares = 0;
    for (const double b : best[n]) squares += (b - result[n].mean) * (b - result[n].mean);
    result[n].standard_error = std::sqrt(squares / (seeds - 1) / seeds);
  }
  return result;
}

/// Both means have the error of 100 seeds; 0.02 points are for details in which the programs differ.
void check_agrees(const mean_and_error& found, double published) {
  CHECK_THAT(found.mean, WithinAbs(published, 3 * std::sqrt(2.0) * found.standard_error + 0.02));
}

/// Expected best of n networks drawn without replacement: of the sorted values the i-th is the best of C(i - 1, n - 1)
/// draws out of C(6561, n).
double expected_best(std::size_t n) {
  auto sums = nas_bench_macro_sums;
  std::sort(sums.begin(), sums.end());
  const auto log_choose = [](double a, double b) {
    return std::lgamma(a + 1) - std::lgamma(b + 1) - std::lgamma(a - b + 1);
  };
  const auto draws = static_cast<double>(n);
  double expected = 0;
  for (std::size_t i = n; i <= sums.size(); ++i)
    expected += sums[i - 1] / 300.0 *
                std::exp(log_choose(static_cast<double>(i) - 1, draws - 1) -
                         log_choose(static_cast<double>(sums.size()), draws));
  return expected;
}

TEST_CASE("the declared space is the one that was trained") {
  // Params and MACs of the records, and what is published of the accuracies.
  CHECK(count(macro_space.unrank(0)).params == 387882);
  CHECK(count(macro_space.unrank(0)).macs == 7713280);
  CHECK(count(macro_space.unrank(2)).params == 1219370);
  CHECK(count(macro_space.unrank(2)).macs == 20910592);
  const auto largest = count(macro_space.unrank(6560));
  CHECK(largest.params == 2932586);
  CHECK(largest.macs == 105660928);
  for (uint128 rank = 0; rank < 6561; rank += 97)
    CHECK(macro_code(macro_space.unrank(rank)) == static_cast<std::size_t>(rank));
  CHECK_THAT(macro_accuracy(macro_space.unrank(0)), WithinAbs(45.3633, 1e-4));
  CHECK_THAT(*std::max_element(nas_bench_macro_sums.begin(), nas_bench_macro_sums.end()) / 300.0,
             WithinAbs(93.1267, 1e-4));
}

TEST_CASE("random search has the exact expectation of drawing without replacement") {
  constexpr std::array<std::size_t, 5> trials{50, 100, 200, 500, 1000};
  constexpr std::array<double, 5> published{92.774, 92.866, 92.942, 93.022, 93.069};
  const auto found = best_after(trials, [](std::uint64_t seed) { return random_search{macro_space, {.seed = seed}}; });
  for (std::size_t n = 0; n < trials.size(); ++n) {
    CAPTURE(trials[n]);
    CHECK_THAT(expected_best(trials[n]), WithinAbs(published[n], 6e-4));
    CHECK_THAT(found[n].mean, WithinAbs(expected_best(trials[n]), 3 * found[n].standard_error));
  }
}

TEST_CASE("regularised evolution finds as good networks as others found with it") {
  const auto large = best_after(std::array<std::size_t, 5>{50, 100, 200, 500, 1000}, [](std::uint64_t seed) {
    return regularized_evolution{macro_space, {.population = 50, .sample = 10, .seed = seed}};
  });
  const std::array<double, 5> published_large{92.797, 93.039, 93.121, 93.127, 93.127};
  for (std::size_t n = 0; n < 5; ++n) check_agrees(large[n], published_large[n]);

  const auto small = best_after(std::array<std::size_t, 5>{50, 100, 200, 500, 1000}, [](std::uint64_t seed) {
    return regularized_evolution{macro_space, {.population = 20, .sample = 5, .seed = seed}};
  });
  const std::array<double, 5> published_small{92.921, 93.068, 93.115, 93.126, 93.127};
  for (std::size_t n = 0; n < 5; ++n) check_agrees(small[n], published_small[n]);
}

TEST_CASE("local search finds as good networks as others found with it") {
  const auto found = best_after(std::array<std::size_t, 5>{50, 100, 200, 500, 1000}, [](std::uint64_t seed) {
    return local_search{macro_space, {.seed = seed}};
  });
  const std::array<double, 5> published{93.068, 93.106, 93.119, 93.127, 93.127};
  for (std::size_t n = 0; n < 5; ++n) check_agrees(found[n], published[n]);
}

TEST_CASE("local search and evolution beat random search at 100 trainings, as they must") {
  constexpr std::array<std::size_t, 1> trials{100};
  const auto random = best_after(trials, [](std::uint64_t seed) {
    return random_search{macro_space, {.seed = seed}};
  })[0];
  const auto local = best_after(trials, [](std::uint64_t seed) {
    return local_search{macro_space, {.seed = seed}};
  })[0];
  const auto crossed = best_after(trials, [](std::uint64_t seed) {
    return regularized_evolution{macro_space, {.crossover = .5, .seed = seed}};
  })[0];
  CHECK(local.mean > random.mean + 0.1);
  CHECK(crossed.mean > random.mean + 0.1);
}

}  // namespace
