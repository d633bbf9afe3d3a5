// SPDX-License-Identifier: Apache-2.0
#include "nascent/search/reinforce.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "constrained_space.hpp"
#include "macro_space.hpp"
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include "nascent/reward/reward.hpp"
#include "nascent/search/search.hpp"
#include "nascent/space/constraint.hpp"
#include "nascent/zoo/tunas_cost.hpp"

using namespace nascent;

namespace {

constexpr auto one_decision = define([] {
  return search_space("one decision")
      .input(3, 32)
      .stage("1", conv{.filters = one_of(8, 16)})
      .head(global_pool{}, dense{10});
});

struct landing {
  double average_ms = 0;  ///< of what is drawn in the end
  double argmax_ms = 0;
};

/// TuNAS at the length of the paper, 90 epochs of ImageNet in batches of 4096, under the absolute reward of -0.10.
/// Quality is made up: larger networks are better, as much as on ImageNet (4.5 points for each doubling of latency),
/// and a reward is as noisy as a batch makes it.
landing land(rate_schedule schedule, std::uint64_t seed) {
  constexpr int steps = 28'000;
  constexpr absolute judge{.target_ms = 84, .weight = -0.10};
  reinforce controller(zoo::proxylessnas, {.schedule = schedule, .steps = steps, .seed = seed});
  random_engine noise(seed + 100);
  std::vector<decltype(zoo::proxylessnas)::candidate_type> drawn;
  std::vector<double> rewards;
  for (int step = 0; step < steps; ++step) {
    drawn.clear();
    rewards.clear();
    for (int replica = 0; replica < 32; ++replica) {
      drawn.push_back(controller.draw());
      const double ms = zoo::proxylessnas_cost_ms(drawn.back());
      const double quality = 0.70 + 0.05 * std::log(ms / 84) + 0.01 * (detail::random_unit(noise) - 0.5);
      rewards.push_back(judge(metrics{.accuracy = quality, .latency_ms = ms}));
    }
    controller.learn(drawn, rewards);
  }
  landing found;
  for (int i = 0; i < 1000; ++i) found.average_ms += zoo::proxylessnas_cost_ms(controller.draw()) / 1000;
  found.argmax_ms = zoo::proxylessnas_cost_ms(*controller.most_likely());
  return found;
}

}  // namespace

TEST_CASE("TuNAS lands on its target: absolute reward, exponential rate", "[long]") {
  // Bender et al., 2020, Table 11: argmax 84.1 +- 0.4 ms
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const landing found = land(rate_schedule::exponential, seed);
    INFO("seed " << seed << ": average " << found.average_ms << ", argmax " << found.argmax_ms);
    CHECK(std::abs(found.argmax_ms - 84) <= 0.005 * 84);
  }
}

TEST_CASE("with a constant rate what is drawn and what is taken in the end are apart", "[long]") {
  // Table 11, again -0.10: average 83.1, argmax 78.3; here the distributions are less sure than with the other rate.
  double apart = 0;
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    const landing found = land(rate_schedule::constant, seed);
    INFO("seed " << seed << ": average " << found.average_ms << ", argmax " << found.argmax_ms);
    apart = std::max({apart, std::abs(found.argmax_ms - found.average_ms), std::abs(found.argmax_ms - 84)});
  }
  CHECK(apart > 0.005 * 84);
}

TEST_CASE("one update by hand") {
  reinforce r(one_decision, {.rate = 0.1, .schedule = rate_schedule::constant, .delay = 0});
  const std::array drawn{one_decision.unrank(0), one_decision.unrank(1), one_decision.unrank(1)};
  const std::array rewards{1.0, 4.0, 4.0};  // the baseline is the mean of the first step, 3
  r.learn(drawn, rewards);
  // Gradients of the second logit: (1 - 3) x (0 - 1/2), (4 - 3) x (1 - 1/2) twice: 1, 1/2, 1/2; of the first the
  // opposite.
  const double step = 0.1 * ((1 + 0.5 + 0.5) / 3) / std::sqrt((1 + 0.25 + 0.25) / 3);  // Adam's first step
  CHECK(r.probabilities(0)[1] == Catch::Approx(1 / (1 + std::exp(-2 * step))).epsilon(1e-6));
  CHECK(*r.most_likely() == one_decision.unrank(1));

  // The baseline of the second step: (0.95 x 0.05 x 3 + 0.05 x 6) / (0.95 x 0.05 + 0.05), so a reward of 6 is good.
  const double before = r.probabilities(0)[0];
  r.learn(std::span(drawn).first(1), std::array{6.0});
  CHECK(r.probabilities(0)[0] > before);
}

TEST_CASE("nothing but baseline and moments is learnt before the delay is over") {
  reinforce r(one_decision, {.steps = 8, .delay = 0.25});
  const std::array drawn{one_decision.unrank(0), one_decision.unrank(1)};
  for (int step = 0; step < 2; ++step) {
    r.learn(drawn, std::array{1.0, 2.0});
    CHECK(r.probabilities(0)[0] == 0.5);
  }
  r.learn(drawn, std::array{1.0, 2.0});
  CHECK(r.probabilities(0)[0] < 0.5);
}

TEST_CASE("a searcher like others: NAS-Bench-Macro's optimum within 1000 trainings", "[long]") {
  // Measured with another program: the optimum by 1000 in 95 % of seeds at this rate.
  int found = 0;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    reinforce r(macro_space,
                {.rate = 0.05, .schedule = rate_schedule::constant, .delay = 0, .replicas = 1, .seed = seed});
    found += search(r, macro_accuracy, {.trials = 1000}).best().reward > 93.12;
  }
  CHECK(found >= 3);
}

TEST_CASE("constraints and small spaces") {
  constexpr auto& space = test::constrained_space;
  reinforce r(space, {.replicas = 4});
  test::check_uses_up(r);
  CHECK_THROWS_AS(r.learn(std::array{space.unrank(0)}, std::array{std::numeric_limits<double>::infinity()}),
                  search_error);
  CHECK_THROWS_AS(reinforce(space, {.rate = 0}), search_error);
  CHECK_THROWS_AS(reinforce(space, {.delay = 1}), search_error);
  CHECK_THROWS_AS(reinforce(space, {.replicas = 0}), search_error);
}
