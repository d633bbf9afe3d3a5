// SPDX-License-Identifier: Apache-2.0
#include "nascent/cost/proportionality.hpp"

#include <limits>
#include <stdexcept>
#include <vector>

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace nascent;
using Catch::Approx;

namespace {

std::vector<timed_network> on_law(double factor, double exponent) {
  std::vector<timed_network> networks;
  for (const double macs : {0.39e9, 0.70e9, 1.0e9, 1.8e9, 4.2e9})
    networks.push_back({macs, factor * std::pow(macs, exponent)});
  return networks;
}

TEST_CASE("networks on a power law give that law") {
  for (const double exponent : {0.3, 0.8, 1.0, 1.2})
    for (const double factor : {1e-9, 1e-7, 3.0}) {
      const power_law law = fit_power_law(on_law(factor, exponent));
      CHECK(law.exponent == Approx(exponent));
      CHECK(law.factor == Approx(factor).epsilon(1e-9));
      CHECK(law.r_squared == Approx(1));
      CHECK(law.latency_ms(1e9) == Approx(factor * std::pow(1e9, exponent)));
    }
}

TEST_CASE("a faster device, or MACs counted in other units, changes the factor alone") {
  std::vector<timed_network> networks = on_law(1e-8, .9);
  networks[1].latency_ms *= 1.3;
  networks[3].latency_ms *= .8;
  const power_law before = fit_power_law(networks);
  for (timed_network& t : networks) t = {t.macs * 1e-9, t.latency_ms / 7};
  const power_law after = fit_power_law(networks);
  CHECK(after.exponent == Approx(before.exponent));
  CHECK(after.r_squared == Approx(before.r_squared));
  CHECK(after.latency_ms(1) == Approx(before.latency_ms(1e9) / 7));
  CHECK(before.r_squared < 1);
}

TEST_CASE("latency that does not depend on MACs is no power of them") {
  const std::vector<timed_network> networks{{1e9, 5}, {2e9, 5}, {4e9, 5}};
  CHECK(fit_power_law(networks).exponent == Approx(0).margin(1e-12));
  // Up and down around a constant: the law explains nothing.
  const std::vector<timed_network> zigzag{{1e9, 5}, {2e9, 10}, {4e9, 5}};
  CHECK(fit_power_law(zigzag).r_squared == Approx(0).margin(1e-12));
}

TEST_CASE("R squared is that of the textbook") {
  // Anscombe's first data set (The American Statistician, 1973), as logarithms: slope 0.5001, intercept 3.0001, R
  // squared 0.6665.
  const double x[] = {10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5};
  const double y[] = {8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68};
  std::vector<timed_network> networks;
  for (int i = 0; i < 11; ++i) networks.push_back({std::exp(x[i]), std::exp(y[i])});
  const power_law law = fit_power_law(networks);
  CHECK(law.exponent == Approx(.5001).epsilon(1e-3));
  CHECK(std::log(law.factor) == Approx(3.0001).epsilon(1e-3));
  CHECK(law.r_squared == Approx(.6665).epsilon(1e-3));
}

TEST_CASE("the price of a MAC") {
  CHECK(mac_price_ratio({1e9, 10}, {2e9, 20}) == Approx(1));
  CHECK(mac_price_ratio({1e9, 10}, {2e9, 10}) == Approx(.5));
  CHECK(mac_price_ratio({2e9, 10}, {1e9, 10}) == Approx(2));
  CHECK_THROWS_AS(mac_price_ratio({0, 10}, {1e9, 10}), nascent::error);
  CHECK_THROWS_AS(mac_price_ratio({1e9, 10}, {1e9, -1}), nascent::error);
}

TEST_CASE("too little to fit is refused") {
  const std::vector<timed_network> none;
  const std::vector<timed_network> one{{1e9, 5}};
  const std::vector<timed_network> same{{1e9, 5}, {1e9, 6}, {1e9, 7}};
  const std::vector<timed_network> zero{{1e9, 5}, {2e9, 0}};
  const std::vector<timed_network> undefined{{1e9, 5}, {2e9, std::numeric_limits<double>::quiet_NaN()}};
  for (const auto* networks : {&none, &one, &same, &zero, &undefined})
    CHECK_THROWS_AS(fit_power_law(*networks), nascent::error);
}

}  // namespace
