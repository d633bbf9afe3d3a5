// SPDX-License-Identifier: Apache-2.0
#include "nascent/search/sobol_sampler.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

#include "../kernels/spaces.hpp"
#include "../space/run_time_space.hpp"
#include "macro_space.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "nascent/cost/cost.hpp"
#include "nascent/search/search.hpp"
#include "nascent/zoo/gpunet.hpp"

using namespace nascent;

namespace {

/// For every slot: how many networks of the space have each of its options, the last one being "takes no part"; by
/// going through all of them.
template <class Space>
std::vector<std::vector<double>> marginals_of(const Space& space) {
  std::vector<std::vector<double>> all(space.slot_count);
  for (std::size_t k = 0; k < space.slot_count; ++k) all[k].resize(static_cast<std::size_t>(space.slot(k).options) + 1);
  for (uint128 r = 0; r < space.size(); ++r) {
    const auto c = space.unrank(r);
    for (std::size_t k = 0; k < space.slot_count; ++k)
      ++all[k][c.digits[k] < 0 ? all[k].size() - 1 : static_cast<std::size_t>(c.digits[k])];
  }
  return all;
}

/// The largest difference of any share of options from that among all networks.
template <class Space, class Draw>
double worst_share(const Space& space, const std::vector<std::vector<double>>& exact, Draw&& draw, int count) {
  std::vector<std::vector<double>> found(exact.size());
  for (std::size_t k = 0; k < exact.size(); ++k) found[k].resize(exact[k].size());
  for (int i = 0; i < count; ++i) {
    const auto c = draw();
    for (std::size_t k = 0; k < exact.size(); ++k)
      ++found[k][c.digits[k] < 0 ? found[k].size() - 1 : static_cast<std::size_t>(c.digits[k])];
  }
  double worst = 0;
  for (std::size_t k = 0; k < exact.size(); ++k)
    for (std::size_t i = 0; i < exact[k].size(); ++i)
      worst = std::max(worst, std::fabs(found[k][i] / count - exact[k][i] / static_cast<double>(space.size())));
  return worst;
}

template <class Space>
void check_marginals(const Space& space) {
  const auto exact = marginals_of(space);
  constexpr int count = 4096;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    INFO("space " << space.name() << ", seed " << seed);
    sobol_sampler sobol{space, {.seed = seed}};
    random_engine rng(seed);
    const double by_sobol = worst_share(space, exact, sobol, count);
    const double by_chance = worst_share(
        space, exact, [&] { return space.sample(rng); }, count);
    CHECK(by_sobol < 0.006);  // one standard deviation of a random share of a half is 0.0078
    CHECK(by_sobol < by_chance);
  }
}

}  // namespace

TEST_CASE(
    "shares of options are those among all networks, closer than by chance, through ties, skips and constraints") {
  check_marginals(test::plain);
  check_marginals(test::tied);
  check_marginals(test::independent_layers);
  check_marginals(test::connected);
  check_marginals(test::constrained);
  check_marginals(test::summed);
  check_marginals(test::tabled);
}

TEST_CASE("of 2^k points every option of a decision that depends on no other comes equally often, to two") {
  const auto& space = zoo::gpunet;
  sobol_sampler draw{space, {.seed = 2}};
  CHECK(draw.dimensions() == 43);
  std::vector<std::vector<int>> found(space.slot_count);
  for (std::size_t k = 0; k < space.slot_count; ++k) found[k].resize(static_cast<std::size_t>(space.slot(k).options));
  constexpr int count = 1 << 10;
  for (int i = 0; i < count; ++i) {
    const auto c = draw();
    for (std::size_t k = 0; k < space.slot_count; ++k)
      if (c.digits[k] >= 0) ++found[k][static_cast<std::size_t>(c.digits[k])];
  }
  for (std::size_t k = 0; k < space.slot_count; ++k) {
    if (space.slot(k).role != slot_role::field || space.slot(k).parent >= 0) continue;
    for (const int n : found[k]) CHECK(std::fabs(n - static_cast<double>(count) / space.slot(k).options) < 2);
  }
}

TEST_CASE("the mean of a sample comes closer to that of the space than by chance") {
  double exact = 0;
  for (uint128 r = 0; r < macro_space.size(); ++r) exact += static_cast<double>(count(macro_space.unrank(r)).macs);
  exact /= static_cast<double>(macro_space.size());
  constexpr int points = 1024;
  double by_sobol = 0;
  double by_chance = 0;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    sobol_sampler sobol{macro_space, {.seed = seed}};
    random_engine rng(seed);
    double even = 0;
    double random = 0;
    for (int i = 0; i < points; ++i) {
      even += static_cast<double>(count(sobol()).macs);
      random += static_cast<double>(count(macro_space.sample(rng)).macs);
    }
    by_sobol += std::pow(even / points - exact, 2);
    by_chance += std::pow(random / points - exact, 2);
  }
  CHECK(by_sobol < 0.1 * by_chance);  // variance: ten times less
}

TEST_CASE("a seed gives the same candidates, another one others") {
  const auto ranks = [](std::uint64_t seed, std::uint64_t from) {
    sobol_sampler draw{zoo::gpunet, {.seed = seed}};
    draw.go_to(from);
    std::vector<uint128> all;
    for (int i = 0; i < 20; ++i) all.push_back(zoo::gpunet.rank(draw()));
    return all;
  };
  CHECK(ranks(1, 0) == ranks(1, 0));
  CHECK(ranks(1, 0) != ranks(2, 0));
  CHECK(ranks(1, 5)[0] == ranks(1, 0)[5]);
  CHECK(zoo::gpunet.rank(sobol_sampler{zoo::gpunet, {.scramble = false}}()) == 0);  // the origin: all first options
}

TEST_CASE("decisions are uniform where that was asked for") {
  // Stage 2 of `plain` has 0 to 2 layers: a third of decisions, a fraction of networks.
  const std::size_t layers = test::plain.find("2.layers");
  const auto none = [&](uniformity over) {
    sobol_sampler draw{test::plain, {.over = over, .seed = 3}};
    int n = 0;
    for (int i = 0; i < 3072; ++i) n += draw().digits[layers] == 0 ? 1 : 0;
    return n / 3072.0;
  };
  CHECK(std::fabs(none(uniformity::decisions) - 1. / 3) < 0.002);
  CHECK(std::fabs(none(uniformity::networks) - 1. / 17) < 0.002);  // of 1 + 2 x 8 ways
}

TEST_CASE("a search by Sobol points looks at no candidate twice, and ends when all are known") {
  sobol_search walk{test::plain, {.seed = 1}};
  std::set<uint128> seen;
  while (const auto c = walk.ask()) {
    REQUIRE(seen.insert(test::plain.rank(*c)).second);
    walk.tell(*c, 0);
  }
  CHECK(seen.size() == static_cast<std::size_t>(test::plain.size()));

  sobol_search trying{macro_space, {.seed = 2}};
  const auto found = search(trying, [](const macro_candidate& c) { return macro_accuracy(c); }, {.trials = 200});
  CHECK(found.history.size() == 200);
  CHECK(found.best().reward > 92.5);  // random search has 92.95 on average
}

TEST_CASE("a space that is known at run time only is sampled in the same way") {
  const test::listed_space space = test::make_listed_space();
  check_marginals(space);
  sobol_search walk{space, {.seed = 1}};
  int n = 0;
  while (walk.ask()) ++n;
  CHECK(n == 120);
}

TEST_CASE("a space with no choice, and one with more than Boost has dimensions for, are refused by name") {
  const auto refuses = [](const auto& space, const char* text) {
    CHECK_THROWS_MATCHES(sobol_sampler{space}, search_error,
                         Catch::Matchers::MessageMatches(Catch::Matchers::ContainsSubstring(text)));
  };
  const test::listed_space fixed("fixed", {{"a", {3}}});
  refuses(fixed, "sobol_sampler, space 'fixed': found 0 slots with a choice; allowed: 1 to 3667");
  const test::listed_space large("large", std::vector(3668, test::listed_space::decision{"a", {1, 3}}));
  refuses(large, "sobol_sampler, space 'large': found 3668 slots with a choice; allowed: 1 to 3667");
}
