// SPDX-License-Identifier: Apache-2.0
#include "nascent/reward/reward.hpp"

#include <cmath>
#include <limits>
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>

using namespace nascent;
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;

namespace {

struct measured_energy {
  double accuracy;
  double latency_ms;
  double energy_mj;
};

constexpr auto thrifty = [](const measured_energy& m) { return m.accuracy - 0.01 * m.energy_mj; };

static_assert(reward<mnas_soft>);
static_assert(reward<mnas_hard>);
static_assert(reward<absolute>);
static_assert(reward<additive>);
static_assert(reward<mnas_soft, measured_energy>);
static_assert(reward<decltype(thrifty), measured_energy>);
static_assert(!reward<decltype(thrifty), metrics>);
static_assert(!reward<int>);

// The additive forms are constant expressions.
static_assert(absolute{.target_ms = 8}(metrics{.accuracy = .75, .latency_ms = 8}) == .75);
static_assert(absolute{.target_ms = 8, .weight = -.5}(metrics{.accuracy = .75, .latency_ms = 4}) == .5);
static_assert(absolute{.target_ms = 8, .weight = -.5}(metrics{.accuracy = .75, .latency_ms = 12}) == .5);
static_assert(absolute{.target_ms = 8, .weight = -.5, .full_scale = 100}(metrics{.accuracy = 75, .latency_ms = 12}) ==
              50);
static_assert(additive{.target_ms = 8, .weight = -.5}(metrics{.accuracy = .75, .latency_ms = 4}) == .75);
static_assert(additive{.target_ms = 8, .weight = -.5}(metrics{.accuracy = .75, .latency_ms = 12}) == .5);
static_assert(additive{.target_ms = 8, .weight = -.5, .full_scale = 100}(metrics{.accuracy = 75, .latency_ms = 12}) ==
              50);
// A perfect network is one, and so is one that is always wrong.
static_assert(absolute{.target_ms = 8}(metrics{.accuracy = 1, .latency_ms = 8}) == 1);
static_assert(additive{.target_ms = 8, .full_scale = 100}(metrics{.accuracy = 100, .latency_ms = 8}) == 100);
static_assert(absolute{.target_ms = 8}(metrics{.accuracy = 0, .latency_ms = 8}) == 0);
// A weight of 0: accuracy alone.
static_assert(absolute{.target_ms = 8, .weight = 0}(metrics{.accuracy = .75, .latency_ms = 99}) == .75);

template <class Reward>
std::string refusal(const Reward& r, const metrics& m) {
  try {
    r(m);
  } catch (const reward_error& e) {
    return e.what();
  }
  return "";
}

TEST_CASE("the soft reward is accuracy x (latency / target)^weight") {
  const mnas_soft soft{.target_ms = 84, .weight = -.07};
  CHECK_THAT(soft(metrics{.accuracy = .75, .latency_ms = 84}), WithinRel(.75, 1e-15));
  // MnasNet chose -0.07 because doubling the latency is worth about 5 % of accuracy.
  CHECK_THAT(soft(metrics{.accuracy = .80, .latency_ms = 168}), WithinRel(.80 * .95263, 1e-5));
  CHECK(soft(metrics{.accuracy = .80, .latency_ms = 42}) > .80);
  CHECK(mnas_soft{.target_ms = 1}.weight == -.09);
}

TEST_CASE("the soft reward ranks fractions and per cent alike") {
  const mnas_soft soft{.target_ms = 8};
  const metrics slow{.accuracy = .78, .latency_ms = 12};
  const metrics fast{.accuracy = .76, .latency_ms = 7};
  const auto in_percent = [](const metrics& m) { return metrics{100 * m.accuracy, m.latency_ms}; };
  CHECK((soft(slow) < soft(fast)) == (soft(in_percent(slow)) < soft(in_percent(fast))));
  CHECK_THAT(soft(in_percent(slow)), WithinRel(100 * soft(slow), 1e-14));
}

TEST_CASE("the hard reward gives nothing for being faster than the target") {
  const mnas_hard hard{.target_ms = 80, .weight = -1};
  CHECK(hard(metrics{.accuracy = .75, .latency_ms = 40}) == .75);
  CHECK(hard(metrics{.accuracy = .75, .latency_ms = 80}) == .75);
  CHECK_THAT(hard(metrics{.accuracy = .75, .latency_ms = 160}), WithinRel(.375, 1e-15));
}

TEST_CASE("the absolute reward is TuNAS': accuracy - 0.10 |latency / target - 1|") {
  const absolute tunas{.target_ms = 84};
  CHECK_THAT(tunas(metrics{.accuracy = .764, .latency_ms = 75.6}), WithinAbs(.754, 1e-12));
  CHECK_THAT(tunas(metrics{.accuracy = .764, .latency_ms = 92.4}), WithinAbs(.754, 1e-12));
  // The additive one has the same weight, on the slow side.
  CHECK_THAT((additive{.target_ms = 84}(metrics{.accuracy = .764, .latency_ms = 92.4})), WithinAbs(.754, 1e-12));
  CHECK((additive{.target_ms = 84}(metrics{.accuracy = .764, .latency_ms = 75.6})) == .764);
}

TEST_CASE("a reward over metrics of one's own uses what it needs of them") {
  const measured_energy m{.accuracy = .75, .latency_ms = 8, .energy_mj = 5};
  CHECK_THAT(thrifty(m), WithinAbs(.70, 1e-12));
  CHECK(absolute{.target_ms = 8}(m) == .75);
}

TEST_CASE("parameters that make no sense are refused with a sentence") {
  const metrics m{.accuracy = .75, .latency_ms = 8};
  CHECK(refusal(mnas_soft{}, m) == "nascent: mnas_soft.target_ms: found 0; allowed: above 0");
  CHECK(refusal(mnas_soft{.target_ms = -1}, m) == "nascent: mnas_soft.target_ms: found -1; allowed: above 0");
  CHECK(refusal(mnas_soft{.target_ms = 8, .weight = .09}, m) ==
        "nascent: mnas_soft.weight: found 0.09; allowed: 0 or below");
  CHECK(refusal(mnas_hard{.target_ms = 8, .weight = 1}, m) ==
        "nascent: mnas_hard.weight: found 1; allowed: 0 or below");
  CHECK(refusal(absolute{.target_ms = 8, .weight = .1}, m) ==
        "nascent: absolute.weight: found 0.1; allowed: 0 or below");
  CHECK(refusal(additive{.target_ms = std::nan("")}, m) == "nascent: additive.target_ms: found nan; allowed: above 0");
  CHECK(refusal(additive{.target_ms = std::numeric_limits<double>::infinity()}, m) ==
        "nascent: additive.target_ms: found inf; allowed: above 0");
  CHECK(refusal(absolute{.target_ms = 8, .full_scale = 0}, m) ==
        "nascent: absolute.full_scale: found 0; allowed: above 0: 1 or 100");
}

TEST_CASE("metrics that make no sense are refused with a sentence") {
  const mnas_soft soft{.target_ms = 8};
  CHECK(refusal(soft, {.accuracy = .75, .latency_ms = 0}) ==
        "nascent: mnas_soft, metric latency_ms: found 0; allowed: above 0");
  CHECK(refusal(soft, {.accuracy = .75, .latency_ms = std::nan("")}) ==
        "nascent: mnas_soft, metric latency_ms: found nan; allowed: above 0");
  CHECK(refusal(soft, {.accuracy = -1, .latency_ms = 8}) ==
        "nascent: mnas_soft, metric accuracy: found -1; allowed: 0 or above");
  CHECK(refusal(soft, {.accuracy = std::nan(""), .latency_ms = 8}) ==
        "nascent: mnas_soft, metric accuracy: found nan; allowed: 0 or above");
  constexpr double infinity = std::numeric_limits<double>::infinity();
  CHECK(refusal(soft, {.accuracy = infinity, .latency_ms = 8}) ==
        "nascent: mnas_soft, metric accuracy: found inf; allowed: 0 or above");
  CHECK(refusal(soft, {.accuracy = .75, .latency_ms = infinity}) ==
        "nascent: mnas_soft, metric latency_ms: found inf; allowed: above 0");
  CHECK(refusal(mnas_soft{.target_ms = 8, .weight = -infinity}, {.accuracy = .75, .latency_ms = 8}) ==
        "nascent: mnas_soft.weight: found -inf; allowed: 0 or below");
  CHECK(refusal(additive{.target_ms = 8, .full_scale = 100}, {.accuracy = 100.5, .latency_ms = 8}) ==
        "nascent: additive, metric accuracy: found 100.5; allowed: 0 up to full_scale = 100; 100 for per cent");
  // Per cent against a weight meant for fractions.
  CHECK(refusal(absolute{.target_ms = 8}, {.accuracy = 75, .latency_ms = 8}) ==
        "nascent: absolute, metric accuracy: found 75; allowed: 0 up to full_scale = 1; 100 for per cent");
}

}  // namespace
