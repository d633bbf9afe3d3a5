// SPDX-License-Identifier: Apache-2.0
#include "nascent/latency/kernel_estimator.hpp"

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include "nascent/kernels/space_kernels.hpp"
#include "nascent/zoo/efficientnet.hpp"
#include "nascent/zoo/efficientnet_x.hpp"

namespace {

using Catch::Approx;
using namespace nascent;

/// A device that keeps to the roofline model but for a few per cent.
double roofline_ms(const kernel& k, std::mt19937_64& rng, double noise) {
  const double ms = .002 + std::max(static_cast<double>(macs(k.core)) * 1e-8,
                                    static_cast<double>(traffic(k, data_type::f32, 1)) * 1e-7);
  return ms * std::exp(noise * std::normal_distribution<double>()(rng));
}

TEST_CASE("estimates of kernels that were left out err as the estimator says") {
  const std::vector<space_kernel> kernels = kernels_of(zoo::efficientnet_x);
  std::mt19937_64 rng(20260131);
  std::vector<kernel_time> measured;
  std::vector<kernel_time> aside;
  for (const space_kernel& k : kernels)
    (rng() % 4 == 0 ? measured : aside).push_back({k.what, roofline_ms(k.what, rng, .03)});
  const kernel_estimator estimator(measured, data_type::f32, 1);
  double squares = 0;
  std::size_t inside = 0;
  for (const kernel_time& t : aside) {
    const double error = std::log(estimator.ms(t.what) / t.ms);
    squares += error * error;
    const latency_entry e = estimator.estimate(t.what);
    inside += e.time.low_ms <= t.ms && t.ms <= e.time.high_ms;
  }
  const double error = std::sqrt(squares / static_cast<double>(aside.size()));
  CAPTURE(error, estimator.error());
  CHECK(error < .2);
  CHECK(estimator.error() == Approx(error).epsilon(.35));
  CHECK(static_cast<double>(inside) / static_cast<double>(aside.size()) > .88);
}

TEST_CASE("an estimate is marked, and says what it rests on") {
  std::vector<kernel_time> measured;
  std::mt19937_64 rng(1);
  for (const space_kernel& k : kernels_of(zoo::efficientnet_x))
    measured.push_back({k.what, roofline_ms(k.what, rng, 0)});
  const kernel_estimator estimator(measured, data_type::f32, 1);
  const latency_entry e = estimator.estimate(measured[0].what);
  CHECK(e.estimated);
  CHECK(e.signature == measured[0].what.signature());
  CHECK(e.network.starts_with("estimated from "));
  CHECK(e.time.count == 0);
  CHECK(e.time.low_ms < e.time.median_ms);
  CHECK(e.time.high_ms > e.time.median_ms);
  CHECK(e.time.median_ms == Approx(measured[0].ms).epsilon(.2));
}

TEST_CASE("one kernel is enough for a guess, none is not") {
  const std::vector<space_kernel> kernels = kernels_of(zoo::efficientnet_x_b0);
  const kernel_estimator one(std::vector<kernel_time>{{kernels[0].what, 2}}, data_type::f32, 1);
  for (const space_kernel& k : kernels) CHECK(std::isfinite(one.ms(k.what)));
  CHECK(one.ms(kernels[0].what) == Approx(2).epsilon(.2));
  CHECK_THROWS_AS(kernel_estimator({}, data_type::f32, 1), nascent::error);
  CHECK_THROWS_AS(kernel_estimator(std::vector<kernel_time>{{kernels[0].what, 0}}, data_type::f32, 1), nascent::error);
}

}  // namespace
