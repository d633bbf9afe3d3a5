// SPDX-License-Identifier: Apache-2.0
#include "nascent/zoo/tunas_cost.hpp"

#include <algorithm>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>

using namespace nascent;
using Catch::Matchers::WithinAbs;

TEST_CASE("the published costs: a network of the public tests, and ProxylessNAS-Mobile") {
  // The public tests expect 84.0 +- 1.0 of the first.
  constexpr auto tested =
      zoo::proxylessnas_candidate({0, 1, 6, 6, 6, 4, 1, 1, 0, 5, 4, 5, 5, 4, 0, 1, 1, 4, 2, 0, 1, 5});
  CHECK_THAT(zoo::proxylessnas_cost_ms(tested), WithinAbs(84.01667, 1e-5));
  CHECK_THAT(zoo::proxylessnas_cost_ms(zoo::proxylessnas_candidate(zoo::proxylessnas_mobile_operations)),
             WithinAbs(84.41624, 1e-5));
}

TEST_CASE("144 weights; the cheapest and the dearest network, and the mean over operations") {
  const auto& cost_model = zoo::proxylessnas_cost_model;
  double least = cost_model.bias_ms;
  double most = cost_model.bias_ms;
  double mean = cost_model.bias_ms;
  std::size_t weights = 0;
  for (const zoo::tunas_layer_cost& layer : cost_model.layers) {
    const auto last = layer.ms.begin() + static_cast<std::ptrdiff_t>(layer.options);
    least += *std::min_element(layer.ms.begin(), last);
    most += *std::max_element(layer.ms.begin(), last);
    double sum = 0;
    std::for_each(layer.ms.begin(), last, [&](double ms) { sum += ms; });
    mean += sum / static_cast<double>(layer.options);
    weights += layer.options;
  }
  CHECK(weights == 144);
  CHECK_THAT(least, WithinAbs(30.93611, 2e-5));
  CHECK_THAT(most, WithinAbs(219.09141, 2e-5));
  CHECK_THAT(mean, WithinAbs(122.8186, 1e-4));

  // Seven operations a layer are equally likely in a uniform sample of distinct networks, so its mean is the same.
  random_engine rng(84);
  double sampled = 0;
  for (int i = 0; i < 20000; ++i) {
    const double ms = zoo::proxylessnas_cost_ms(zoo::proxylessnas.sample(rng));
    CHECK(ms >= least);
    CHECK(ms <= most);
    sampled += ms / 20000;
  }
  CHECK_THAT(sampled, WithinAbs(mean, .5));
}

TEST_CASE("the cheapest network skips what it may, but for layers where the smallest kernel is cheaper") {
  constexpr auto cheapest =
      zoo::proxylessnas_candidate({0, 0, 6, 6, 6, 0, 6, 6, 6, 0, 6, 6, 6, 0, 6, 6, 6, 0, 6, 6, 6, 0});
  CHECK_THAT(zoo::proxylessnas_cost_ms(cheapest), WithinAbs(30.93611, 2e-5));
}
