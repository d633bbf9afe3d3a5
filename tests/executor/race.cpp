// SPDX-License-Identifier: Apache-2.0
// Which implementations win a race, from times that are given: of kernels alone, after each other, and of kernels that
// share a key.
#include "nascent/executor/detail/onednn/race.hpp"

#include <functional>

#include <catch2/catch_test_macros.hpp>

using nascent::onednn::detail::race;
using nascent::onednn::detail::race_kernel;
using nascent::onednn::detail::race_options;
using winners = std::map<std::string, std::string>;

namespace {

/// Seconds of kernel i after choice `earlier` of the kernel before it, with its own choice.
using timing = std::function<double(std::size_t i, std::size_t earlier, std::size_t own)>;

winners run(const std::vector<race_kernel>& kernels, const timing& time, const race_options& how = {}) {
  race contest(kernels);
  contest.measure(
      [&](const std::vector<std::size_t>& choice, std::vector<double>& seconds) {
        for (std::size_t i = 0; i < kernels.size(); ++i) {
          REQUIRE(choice[i] < kernels[i].implementations.size());
          const int before = kernels[i].before;
          seconds[i] = time(i, before < 0 ? 0 : choice[static_cast<std::size_t>(before)], choice[i]);
        }
      },
      how);
  return contest.winners(how);
}

}  // namespace

TEST_CASE("race: the fastest wins, the first where no other is clearly faster") {
  const std::vector<race_kernel> kernels{{.key = "a", .implementations = {"", "x", "y"}},
                                         {.key = "b", .before = 0, .implementations = {"", "x"}},
                                         {.key = "c", .before = 1, .implementations = {""}}};
  const double seconds[3][3] = {{3, 2, 2.5}, {1, 0.99, 0}, {1, 0, 0}};
  CHECK(run(kernels, [&](std::size_t i, std::size_t, std::size_t own) { return seconds[i][own]; }) ==
        winners{{"a", "x"}, {"b", ""}});
}

TEST_CASE("race: a kernel that slows the next one down more than it gains does not win") {
  const std::vector<race_kernel> kernels{{.key = "a", .implementations = {"", "x"}},
                                         {.key = "b", .before = 0, .implementations = {""}}};
  CHECK(run(kernels, [](std::size_t i, std::size_t earlier, std::size_t own) {
          return i == 0 ? 10.0 - 1.0 * static_cast<double>(own) : 5.0 + 3.0 * static_cast<double>(earlier);
        }) == winners{{"a", ""}});
}

TEST_CASE("race: two that are only fast together win together") {
  const std::vector<race_kernel> kernels{{.key = "a", .implementations = {"", "x"}},
                                         {.key = "b", .before = 0, .implementations = {"", "x"}},
                                         {.key = "c", .before = 1, .implementations = {"", "x"}}};
  const auto time = [](std::size_t i, std::size_t earlier, std::size_t own) {
    return i == 0 ? (own == 0 ? 10.0 : 11.0) : earlier != own ? 20.0 : own == 1 ? 5.0 : 10.0;
  };
  CHECK(run(kernels, time) == winners{{"a", "x"}, {"b", "x"}, {"c", "x"}});
}

TEST_CASE("race: kernels of one key get one implementation, that with the least sum") {
  const std::vector<race_kernel> kernels{{.key = "a", .implementations = {"", "x"}},
                                         {.key = "a", .before = 0, .implementations = {"", "x"}}};
  const auto time = [](std::size_t i, std::size_t, std::size_t own) {
    return i == 0 ? 10.0 - 1.0 * static_cast<double>(own) : 10.0 + 2.0 * static_cast<double>(own);
  };
  CHECK(run(kernels, time) == winners{{"a", ""}});
}

TEST_CASE("race: every implementation is seen after every one of the kernel before, a slow sample does not count") {
  const std::vector<race_kernel> kernels{{.key = "a", .implementations = {"", "x", "y"}},
                                         {.key = "b", .before = 0, .implementations = {"", "x"}}};
  std::map<std::pair<std::size_t, std::size_t>, int> seen;
  int calls = 0;
  const auto time = [&](std::size_t i, std::size_t earlier, std::size_t own) {
    if (i == 1) ++seen[{earlier, own}];
    return ++calls % 5 == 0 ? 100.0 : i == 1 && own == 1 ? 1.0 : 2.0;
  };
  CHECK(run(kernels, time, {.samples = 6})["b"] == "x");
  CHECK(seen.size() == 6);
  for (const auto& [pair, count] : seen) CHECK(count >= 6);
}

TEST_CASE("race: the budget ends it, but not before the least number of passes") {
  int passes = 0;
  run({{.key = "a", .implementations = {"", "x"}}},
      [&](std::size_t, std::size_t, std::size_t) { return ++passes, 1.0; },
      {.samples = 1'000'000, .least_passes = 7, .budget_s = 0});
  CHECK(passes == 1 + 7);  // the first one only warms up
}

TEST_CASE("race: nothing to choose is no race") {
  const std::vector<race_kernel> kernels{{.key = "a", .implementations = {""}}};
  CHECK(run(kernels, [](std::size_t, std::size_t, std::size_t) { return 1.0; }).empty());
}
