// SPDX-License-Identifier: Apache-2.0
#include "nascent/reward/named_reward.hpp"

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace nascent;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::MessageMatches;
using Catch::Matchers::WithinRel;

namespace {

static_assert(reward<weighted_product, metric_map>);
static_assert(reward<feasible_first<weighted_product>, metric_map>);

template <class Reward>
std::string refusal(const Reward& judge, const metric_map& m) {
  try {
    static_cast<void>(judge(m));
  } catch (const reward_error& e) {
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a product with a target for each device") {
  const metric_map m{{"accuracy", 76}, {"server_ms", 6}, {"phone_ms", 20}};
  // With one target it is MnasNet's reward.
  const metrics one{.accuracy = 76, .latency_ms = 6};
  CHECK(weighted_product{.targets = {{"server_ms", 3}}}(m) == mnas_soft{.target_ms = 3}(one));
  CHECK(weighted_product{.targets = {{"server_ms", 3, -1, true}}}(m) == mnas_hard{.target_ms = 3}(one));
  CHECK(weighted_product{.targets = {{"server_ms", 8, -1, true}}}(m) == 76);
  // By hand: twice the server's target, half of the phone's.
  const weighted_product both{.targets = {{"server_ms", 3, -0.5}, {"phone_ms", 40, -0.25}}};
  CHECK_THAT(both(m), WithinRel(76 * std::pow(2, -0.5 + 0.25), 1e-14));
  const weighted_product hard{.targets = {{"server_ms", 3, -0.5, true}, {"phone_ms", 40, -0.25, true}}};
  CHECK_THAT(hard(m), WithinRel(76 / std::sqrt(2.), 1e-14));
  CHECK(weighted_product{.gain = "worth"}({{"worth", 5}}) == 5);
  CHECK(hard.text() == "accuracy x min(1, (server_ms / 3)^-0.5) x min(1, (phone_ms / 40)^-0.25)");
}

TEST_CASE("products refuse what makes no sense") {
  const metric_map m{{"accuracy", 76}, {"server_ms", 6}};
  CHECK(refusal(weighted_product{.targets = {{"tpu_ms", 3}}}, m) ==
        "nascent: metric 'tpu_ms': found only accuracy, server_ms; allowed: a number under that name");
  CHECK(refusal(weighted_product{.gain = "worth"}, {}) ==
        "nascent: metric 'worth': found no metrics; allowed: a number under that name");
  CHECK(refusal(weighted_product{.targets = {{"server_ms", 0}}}, m) ==
        "nascent: weighted_product, target of server_ms: found 0; allowed: above 0");
  CHECK(refusal(weighted_product{.targets = {{"server_ms", 3, 0.1}}}, m) ==
        "nascent: weighted_product, weight of server_ms: found 0.1; allowed: 0 or below");
  CHECK(refusal(weighted_product{.targets = {{"server_ms", 3}}}, {{"accuracy", 1}, {"server_ms", 0}}) ==
        "nascent: weighted_product, metric server_ms: found 0; allowed: above 0");
  CHECK(refusal(weighted_product{}, {{"accuracy", std::nan("")}}) ==
        "nascent: weighted_product, metric accuracy: found nan; allowed: 0 or above");
}

TEST_CASE("feasible first: the order is Deb's, by going through all pairs") {
  const std::vector<metric_limit> limits{{.metric = "macs", .most = 3e8},
                                         {.metric = "phone_ms", .most = 40, .least = 10},
                                         {.metric = "accuracy", .least = 70}};
  const auto gain = [](const metric_map& m) { return metric_of(m, "accuracy") - 1e-3 * metric_of(m, "macs"); };
  const feasible_first judge(gain, limits);
  const unsigned seed = 7;
  std::mt19937 rng(seed);
  const auto among = [&](std::vector<double> values) { return values[rng() % values.size()]; };
  std::vector<metric_map> all;
  for (int i = 0; i < 120; ++i)
    all.push_back({{"macs", among({1e8, 3e8, 3.0001e8, 6e8, 1e300})},
                   {"phone_ms", among({1e-300, 5, 10, 25, 40, 41, 80})},
                   {"accuracy", among({0, 60, 69.9, 70, 75, 80})}});
  // The definition, from the limits alone.
  const auto beyond = [](const metric_map& m) {
    double sum = 0;
    if (m.at("macs") > 3e8) sum += m.at("macs") / 3e8 - 1;
    if (m.at("phone_ms") > 40) sum += m.at("phone_ms") / 40 - 1;
    if (m.at("phone_ms") < 10) sum += 1 - m.at("phone_ms") / 10;
    if (m.at("accuracy") < 70) sum += 1 - m.at("accuracy") / 70;
    return sum;
  };
  int feasible = 0;
  for (const metric_map& a : all) {
    feasible += beyond(a) == 0;
    for (const metric_map& b : all) {
      const double beyond_a = beyond(a);
      const double beyond_b = beyond(b);
      if (beyond_a == 0 && beyond_b == 0) CHECK((judge(a) < judge(b)) == (gain(a) < gain(b)));
      else if (beyond_a == 0 || beyond_b == 0) CHECK((judge(a) < judge(b)) == (beyond_b == 0));
      else if (std::abs(beyond_a - beyond_b) > 1e-12 * beyond_a) CHECK((judge(a) < judge(b)) == (beyond_a > beyond_b));
    }
    CHECK(std::isfinite(judge(a)));
  }
  CHECK(feasible > 3);
  CHECK(judge.limits().size() == 3);
}

TEST_CASE("limits refuse what makes no sense, and name the metric") {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const auto gain = [](const metric_map& m) { return -metric_of(m, "macs"); };
  const auto refused = [&](const metric_limit& limit, const std::string& words) {
    CHECK_THROWS_MATCHES((feasible_first(gain, {limit})), reward_error, MessageMatches(ContainsSubstring(words)));
  };
  refused({.metric = "macs"}, "limit of macs: found neither most nor least");
  refused({.metric = "macs", .most = 0}, "limit of macs: found 0; allowed: a number above 0");
  refused({.metric = "macs", .most = std::nan("")}, "limit of macs: found nan");
  refused({.metric = "macs", .least = -1}, "limit of macs: found -1");
  refused({.metric = "macs", .most = 1, .least = 2}, "limit of macs: found 2 to 1");
  const feasible_first judge(gain, {{.metric = "phone_ms", .most = 40}});
  CHECK(refusal(judge, {{"macs", 1}}) ==
        "nascent: metric 'phone_ms': found only macs; allowed: a number under that name");
  CHECK(refusal(judge, {{"macs", 1}, {"phone_ms", std::nan("")}}) ==
        "nascent: metric 'phone_ms': found nan; allowed: a number");
  CHECK(
      refusal(judge, {{"macs", 1e101}, {"phone_ms", 1}}).starts_with("nascent: feasible_first, reward: found -1e101"));
  const feasible_first unusable([](const metric_map&) { return -infinity; }, {{.metric = "phone_ms", .most = 40}});
  CHECK(unusable({{"phone_ms", 1}}) == -infinity);
  CHECK(metric_limit{.metric = "a", .most = 2, .least = 1}.text() == "a >= 1, a <= 2");
}
