// SPDX-License-Identifier: Apache-2.0
#include "nascent/scaling/scaling_check.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "base.hpp"
#include "refusal.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>

using namespace nascent;
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;

namespace {

/// 100 - a / depth - b / width^2 - c / resolution^2: where latency is MACs the best share is known in closed form, for
/// each term of the error becomes the same while all grow.
double saturating(const network& n) {
  const built b = measure(n);
  return 100 - 8 / b.depth - 4 / (b.width * b.width) - 3 / (b.resolution * b.resolution);
}
double macs_ms(const network& n) { return static_cast<double>(cost(n).macs) / 2e7; }
const double base_ms = macs_ms(to_network(fine_base));

/// Where resolution is cheap at first and dear later: a level low down misleads.
double misleading_ms(const network& n) {
  const built b = measure(n);
  const double mean = b.depth * b.width * b.width;
  return mean * (1 + 0.1 * b.resolution * b.resolution + 0.02 * std::pow(b.resolution, 8));
}

TEST_CASE("the published rules, each a triplet of its source") {
  // Dollar et al. 2021: a = 1/3 shares MACs equally between depth, width squared and resolution squared.
  const compound_coefficients uniform = activation_aware_coefficients(1.0 / 3);
  CHECK_THAT(uniform.alpha, WithinRel(uniform.beta * uniform.beta, 1e-12));
  CHECK_THAT(uniform.alpha, WithinRel(uniform.gamma * uniform.gamma, 1e-12));
  for (const double a : {0.0, 0.25, 0.8, 1.0}) {
    const compound_coefficients c = activation_aware_coefficients(a);
    CHECK_THAT(c.macs_factor(), WithinRel(2, 1e-12));
    // Activations grow as depth x width x resolution squared: their text has s^(1 - a / 2).
    CHECK_THAT(c.alpha * c.beta * c.gamma * c.gamma, WithinRel(std::exp2(1 - a / 2), 1e-12));
  }
  CHECK(activation_aware_coefficients(1) == compound_coefficients{1, std::exp2(0.5), 1});
  const auto rules = published_rules();
  CHECK(rules[0].by == compound_coefficients{});
  CHECK(rules.size() == 6);
  for (const scaling_rule& rule : rules) {  // another unit of phi on the same ray
    CHECK_THAT(rule.by.per_doubling().macs_factor(), WithinRel(2, 1e-12));
    CHECK_THAT(std::log(rule.by.per_doubling().alpha) * std::log(rule.by.beta),
               WithinAbs(std::log(rule.by.per_doubling().beta) * std::log(rule.by.alpha), 1e-12));
  }
  CHECK(refusal([] { activation_aware_coefficients(1.5); }) ==
        "nascent: activation_aware_coefficients, a: found 1.5; allowed: 0 to 1");
}

TEST_CASE("rules side by side are each what scaling by it alone gives") {
  const auto rules = published_rules();
  const double target = 6 * base_ms;
  const auto results = compare_rules(fine_space, fine_base, saturating, macs_ms, rules, target);
  REQUIRE(results.size() == rules.size());
  for (std::size_t i = 0; i < rules.size(); ++i) {
    CAPTURE(rules[i].name);
    REQUIRE(results[i].solution);
    const auto alone = solve_phi(fine_base, rules[i].by, target, macs_ms);
    CHECK_THAT(results[i].solution->at.latency_ms, WithinRel(alone.at.latency_ms, 0.05));
    // In closed form, without rounding: growth by 6 is shared as the triplet says.
    const double doublings = std::log(6) / std::log(rules[i].by.macs_factor());
    const double expected = 100 - 8 / std::pow(rules[i].by.alpha, doublings) -
                            4 / std::pow(rules[i].by.beta, 2 * doublings) -
                            3 / std::pow(rules[i].by.gamma, 2 * doublings);
    CHECK_THAT(*results[i].accuracy, WithinAbs(expected, 0.05));
  }
  // What goes beyond the limits is no result; its neighbours are.
  lacs_options narrow;
  narrow.phi.largest = 2;  // width alone comes to 2.45 times
  const auto some = compare_rules(fine_space, fine_base, saturating, macs_ms, rules, target, narrow);
  CHECK_FALSE(some[5].solution);
  CHECK_FALSE(some[5].accuracy);
  CHECK(some[0].accuracy == results[0].accuracy);
}

TEST_CASE("a bounded rule holds what it says it holds") {
  // With MACs as bound the error's terms become the same: 8 / d = 4 / w^2 = 3 / r^2 for d w^2 r^2 = 24.
  lacs_options options{.divisions = 12, .refinements = 2};
  options.phi.largest_resolution = 700;  // beyond, a layer has more multiply-adds than are counted
  const scaling_rule macs = bounded_rule(fine_space, fine_base, saturating, growth_bound::macs, 24, options);
  const double level = std::cbrt(24.0 / (8 * 4 * 3));
  const auto shares = detail::growth_shares::of(macs.by);
  CHECK_THAT(shares.depth, WithinAbs(std::log(8 * level) / std::log(24), 0.03));
  CHECK_THAT(shares.width, WithinAbs(std::log(4 * level) / std::log(24), 0.03));
  CHECK_THAT(shares.resolution, WithinAbs(std::log(3 * level) / std::log(24), 0.03));
  CHECK(macs.name == "MACs bounded");
  // Activations are depth x width x resolution squared: width is cheaper than under MACs.
  const scaling_rule activations =
      bounded_rule(fine_space, fine_base, saturating, growth_bound::activations, 8, options);
  CHECK(detail::growth_shares::of(activations.by).width > shares.width + 0.1);
  // Parameters do not see resolution.
  const scaling_rule params = bounded_rule(fine_space, fine_base, saturating, growth_bound::params, 4, options);
  CHECK(detail::growth_shares::of(params.by).resolution > shares.resolution + 0.1);
  CHECK(refusal([] { bounded_rule(fine_space, fine_base, saturating, growth_bound::macs, 1); }) ==
        "nascent: bounded_rule, factor: found 1; allowed: above 1, below 1e6");
}

TEST_CASE("where one triplet is best at every level the check finds none apart; where the device changes it does") {
  // All terms alike: the best share is a third each, at whatever level.
  const auto alike = [](const network& n) {
    const built b = measure(n);
    return 100 - 5 / b.depth - 5 / (b.width * b.width) - 5 / (b.resolution * b.resolution);
  };
  scaling_check_options options{.scaling = {.divisions = 6, .refinements = 1}};
  const auto same = scaling_check(fine_space, fine_base, alike, macs_ms, 4 * base_ms, 30 * base_ms, options);
  CHECK(same.largest_difference() < 0.06);
  CHECK(std::abs(*same.accuracy_lost()) < 0.05);
  CHECK(same.rules.size() == 2 + 1 + 6);
  CHECK(same.rules[2].rule.name == "MACs bounded");
  for (const auto& r : same.rules) CHECK(*r.accuracy <= *same.rules[1].accuracy + 0.05);

  options.rules.clear();
  options.bounds.clear();
  const double ms = misleading_ms(to_network(fine_base));
  const auto other = scaling_check(fine_space, fine_base, alike, misleading_ms, 1.5 * ms, 60 * ms, options);
  CHECK(other.largest_difference() > 0.06);
  CHECK(*other.accuracy_lost() > 0.05);
  CHECK(other.differences()[2] > 0);  // low down resolution looked cheap
  CHECK(other.extrapolated().scale == other.low.levels[2].candidate.scale);
}

TEST_CASE("the interval of a triplet holds the true one as often as it says") {
  // The truth by closed form, accuracies with noise as of training again.
  const double level = std::cbrt(8.0 / (8 * 4 * 3));
  const std::array<double, 3> truth{std::log(8 * level) / std::log(8), std::log(4 * level) / std::log(8),
                                    std::log(3 * level) / std::log(8)};
  const compound_coefficients exact{std::exp2(truth[0]), std::exp2(truth[1] / 2), std::exp2(truth[2] / 2)};
  int inside = 0;
  double quiet_width = 0;
  double noisy_width = 0;
  constexpr int seeds = 12;
  const auto quiet =
      lacs(fine_base, saturating, macs_ms, {.targets_ms = {8 * base_ms}, .divisions = 10, .refinements = 0});
  for (int seed = 0; seed < seeds; ++seed) {
    auto noisy = quiet;
    random_engine rng(static_cast<std::uint64_t>(seed));
    for (auto& t : noisy.trials)  // a sum of twelve, nearly normal, of standard deviation 0.05
      for (int i = 0; i < 12 && t.judged; ++i) t.judged->accuracy += 0.05 * (random_unit(rng) - 0.5);
    const auto interval = bootstrap_coefficients(noisy, {.draws = 200, .seed = 7});
    REQUIRE(interval);
    CHECK(interval->draws == 200);
    CHECK(interval->low.alpha <= interval->middle.alpha);
    CHECK(interval->middle.alpha <= interval->high.alpha);
    inside += interval->low.alpha <= exact.alpha + 0.005 && exact.alpha - 0.005 <= interval->high.alpha;
    noisy_width += interval->high.alpha - interval->low.alpha;
    const auto without = bootstrap_coefficients(quiet, {.draws = 200, .seed = 7});
    quiet_width += without->high.alpha - without->low.alpha;
  }
  CAPTURE(inside, exact.alpha, quiet_width / seeds, noisy_width / seeds);
  CHECK(inside >= 8);  // of 12 at 90 %: fewer in one of 200 runs
  CHECK(noisy_width > quiet_width);
  // Noise that is told widens it too.
  const auto told = bootstrap_coefficients(quiet, {.draws = 200, .accuracy_noise = 0.2, .seed = 7});
  const auto untold = bootstrap_coefficients(quiet, {.draws = 200, .seed = 7});
  CHECK(told->high.alpha - told->low.alpha > untold->high.alpha - untold->low.alpha);
  CHECK(bootstrap_coefficients(quiet, {.draws = 200, .seed = 7})->middle == untold->middle);

  auto few = quiet;
  few.trials.resize(9);
  CHECK_FALSE(bootstrap_coefficients(few));
  CHECK(refusal([&] { bootstrap_coefficients(quiet, {.draws = 0}); }) ==
        "nascent: coefficient_interval_options.draws: found 0; allowed: 1 to 1000000");
  CHECK(refusal([&] { bootstrap_coefficients(quiet, {.confidence = 1}); }) ==
        "nascent: coefficient_interval_options.confidence: found 1; allowed: above 0, below 1");
}

}  // namespace
