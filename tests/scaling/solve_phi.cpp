// SPDX-License-Identifier: Apache-2.0
#include "nascent/scaling/solve_phi.hpp"

#include <cmath>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base.hpp"
#include "refusal.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>

#include "nascent/scaling/published.hpp"
#include "nascent/zoo/efficientnet.hpp"

using namespace nascent;
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;

namespace {

constexpr auto b0 = zoo::efficientnet_b0.only();
constexpr compound_coefficients efficientnet = published::efficientnet_coefficients;

/// A device that does 20 billion multiply-adds a second.
constexpr auto by_macs = [](const auto& c) { return static_cast<double>(count(c).macs) / 2e7; };

TEST_CASE("phi meets the target after rounding: no network between it and the next fits") {
  const auto latency = [](double phi) { return by_macs(scaled(b0, efficientnet, phi)); };
  for (const double target : {30., 33.3, 50., 91., 190., 500., 1900.}) {
    CAPTURE(target);
    const auto s = solve_phi(b0, efficientnet, target, by_macs);
    CHECK(s.target_ms == target);
    CHECK(s.at.latency_ms <= target);
    CHECK(s.above.latency_ms > target);
    CHECK(s.residual() <= 0);
    CHECK(s.residual() > -0.2);
    CHECK(s.at.latency_ms == by_macs(s.at.candidate));
    CHECK(s.at.candidate == scaled(b0, efficientnet, s.at.phi));
    CHECK(s.above.phi > s.at.phi);
    CHECK_THAT(s.above.phi, WithinAbs(s.at.phi, 1e-6));
    REQUIRE(s.below);
    CHECK(s.below->latency_ms <= s.at.latency_ms);
    // Walks along phi without cleverness.
    double largest = 0;
    std::set<double> smaller;
    for (double phi = 0; phi < 9; phi += 0.0005) {
      if (latency(phi) > target) break;
      largest = phi;
      smaller.insert(latency(phi));
    }
    CHECK_THAT(s.at.phi, WithinAbs(largest, 0.0006));
    CHECK(s.at.latency_ms == *smaller.rbegin());
    // The walk may step over networks, so it can only miss some between the two.
    CHECK(s.below->latency_ms >= *std::next(smaller.rbegin()));
    CHECK(latency(s.below->phi + 1e-6) == s.at.latency_ms);
  }
}

TEST_CASE("where rounding hardly matters, latency in MACs gives phi by the law alpha beta^2 gamma^2") {
  const double base = by_macs(fine_base);
  for (const compound_coefficients& by :
       {efficientnet, published::efficientnet_x_gpu_coefficients, compound_coefficients{2, 1, 1},
        compound_coefficients{1, 1.4, 1}, compound_coefficients{1, 1, 1.4}})
    for (const double factor : {1.5, 2., 8., 40.}) {
      const auto s = solve_phi(fine_base, by, factor * base, by_macs);
      CHECK_THAT(std::pow(by.macs_factor(), s.at.phi), WithinRel(factor, 0.03));
      CHECK(s.residual() > -0.02);
    }
}

TEST_CASE("the base itself is the answer to its own latency") {
  const auto s = solve_phi(b0, efficientnet, by_macs(b0), by_macs);
  CHECK(s.residual() == 0);
  CHECK(s.at.latency_ms == by_macs(b0));
  CHECK_FALSE(s.below);
  CHECK(s.above.latency_ms > by_macs(b0));
}

TEST_CASE("a latency is asked for once for every network, and for few networks") {
  // An odd resolution and the even one above it have the same maps after the first stride, so MACs do not tell networks
  // apart.
  std::multiset<std::pair<std::int64_t, int>> asked;
  const auto latency = [&](const network& n) {
    std::int64_t macs = 0;
    for (const layer& l : n.layers()) macs += nascent::macs(l);
    asked.emplace(macs, n.input().height);
    return static_cast<double>(macs) / 2e7;
  };
  const auto s = solve_phi(b0, efficientnet, 91, latency);
  CHECK(s.at.latency_ms == solve_phi(b0, efficientnet, 91, by_macs).at.latency_ms);
  for (const auto& id : asked) CHECK(asked.count(id) == 1);
  CHECK(asked.size() < 16);
}

TEST_CASE("resolutions go in steps") {
  const auto s = solve_phi(b0, efficientnet, 91, by_macs, {.resolution_step = 32});
  CHECK(s.at.candidate.scale.resolution % 32 == 0);
  CHECK(s.at.latency_ms <= 91);
}

TEST_CASE("noise is borne, a latency that falls is not") {
  // Every other resolution suits this device better: 10 % down.
  const auto uneven = [](const fine_candidate& c) { return by_macs(c) * (c.scale.resolution % 2 == 0 ? 1 : .9); };
  int refused = 0;
  for (const double factor : {2., 3., 4., 5., 6.}) {
    const double target = factor * by_macs(fine_base);
    const auto s = solve_phi(fine_base, efficientnet, target, uneven);
    CHECK(s.at.latency_ms <= target);
    CHECK(s.above.latency_ms > target);
    const std::string sentence =
        refusal([&] { solve_phi(fine_base, efficientnet, target, uneven, {.fall_allowed = 0}); });
    if (sentence.empty()) continue;
    ++refused;
    CHECK(sentence.starts_with("nascent: latency along phi: found "));
    CHECK(sentence.find("allowed: latency that does not fall, but for 0 % (phi_options.fall_allowed)") !=
          std::string::npos);
  }
  CHECK(refused > 0);
  // Larger is faster, down to nothing.
  const auto falling = [](const fine_candidate& c) { return 1e3 / by_macs(c); };
  CHECK(refusal([&] {
          solve_phi(fine_base, efficientnet, falling(scaled(fine_base, dimensions{})) * 2, falling);
        }).starts_with("nascent: latency along phi"));
}

TEST_CASE("latencies, targets and bases that make no sense are refused with a sentence") {
  const double base = by_macs(b0);
  CHECK(refusal([&] { solve_phi(b0, efficientnet, base / 2, by_macs); }) ==
        "nascent: solve_phi, target: found 9.645369 ms; allowed: the base's 19.290738 ms or more");
  CHECK(refusal([&] { solve_phi(b0, efficientnet, std::nan(""), by_macs); }).starts_with("nascent: solve_phi, target"));
  CHECK(refusal([&] { solve_phi(b0, efficientnet, std::numeric_limits<double>::infinity(), by_macs); }) ==
        "nascent: solve_phi, target in ms: found inf; allowed: finite numbers");
  CHECK(refusal([&] { solve_phi(b0, efficientnet, 91, [](const auto&) { return std::nan(""); }); }) ==
        "nascent: latency at width 1, depth 1, resolution 224: found nan ms; allowed: above 0 ms");
  CHECK(refusal([&] { solve_phi(b0, efficientnet, 91, [](const auto&) { return -1.; }); }) ==
        "nascent: latency at width 1, depth 1, resolution 224: found -1 ms; allowed: above 0 ms");
  CHECK(refusal([&] { solve_phi(b0, efficientnet, 91, [](const auto&) { return std::optional<double>{}; }); }) ==
        "nascent: latency at width 1, depth 1, resolution 224: found none; allowed: above 0 ms");
  // Nothing makes this network slower.
  CHECK(refusal([&] { solve_phi(b0, efficientnet, 91, [](const auto&) { return 5.; }, {.largest = 4}); }) ==
        "nascent: solve_phi, target: found 91 ms; allowed: what the largest network of phi_options takes, at most");
  CHECK(refusal([&] { solve_phi(b0, {.alpha = .5}, 91, by_macs); }) ==
        "nascent: compound_coefficients.alpha: found 0.5; allowed: 1 up to 1e6");
  CHECK(refusal([&] { solve_phi(b0, efficientnet, 91, by_macs, {.largest_resolution = 200}); }) ==
        "nascent: phi_options.largest_resolution: found 200; allowed: above the base's resolution, up to 65536");

  constexpr auto odd = define(
      [] { return search_space("odd").input(3, 32).stage("1", conv{.filters = 20}).head(global_pool{}, dense{10}); });
  CHECK(refusal([&] { solve_phi(odd.only(), efficientnet, 91, by_macs); }) ==
        "nascent: scaling, base: found widths that rounding changes at once, however little they scale; allowed: "
        "multiples of the divisor of .round_widths(...), which is 8 unless declared");
  // Without a width that grows, or with another rounding, there is no such leap.
  CHECK(solve_phi(odd.only(), {.alpha = 1.2, .beta = 1, .gamma = 1.15}, 1.5 * by_macs(odd.only()), by_macs)
            .at.latency_ms > by_macs(odd.only()));
  constexpr auto fours = define([] {
    return search_space("fours")
        .input(3, 32)
        .round_widths({.divisor = 4})
        .stage("1", conv{.filters = 20})
        .head(global_pool{}, dense{10});
  });
  CHECK(solve_phi(fours.only(), efficientnet, 2 * by_macs(fours.only()), by_macs).at.latency_ms >
        by_macs(fours.only()));
}

}  // namespace
