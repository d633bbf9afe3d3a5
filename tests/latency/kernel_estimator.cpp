// SPDX-License-Identifier: Apache-2.0
#include "nascent/latency/kernel_estimator.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <Eigen/Dense>
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include "nascent/kernels/space_kernels.hpp"
#include "nascent/zoo/efficientnet.hpp"
#include "nascent/zoo/efficientnet_x.hpp"

namespace {

using Catch::Approx;
using namespace nascent;

/// Collected once: it takes a second without the optimiser.
const std::vector<space_kernel>& all_kernels() {
  static const std::vector<space_kernel> all = kernels_of(zoo::efficientnet_x);
  return all;
}

/// A device that keeps to the roofline model but for a few per cent.
double roofline_ms(const kernel& k, std::mt19937_64& rng, double noise) {
  const double ms = .002 + std::max(static_cast<double>(macs(k.core)) * 1e-8,
                                    static_cast<double>(traffic(k, data_type::f32, 1)) * 1e-7);
  return ms * std::exp(noise * std::normal_distribution<double>()(rng));
}

TEST_CASE("estimates of kernels that were left out err as the estimator says") {
  const std::vector<space_kernel>& kernels = all_kernels();
  std::mt19937_64 rng(20260131);
  std::vector<kernel_time> measured;
  std::vector<kernel_time> aside;
  for (const space_kernel& k : kernels)
    (rng() % 4 == 0 ? measured : aside).push_back({k.what, roofline_ms(k.what, rng, .03)});
  const kernel_estimator estimator(measured, data_type::f32, 1);
  double squares = 0;
  double rough = 0;
  std::size_t inside = 0;
  for (const kernel_time& t : aside) {
    const double error = std::log(estimator.ms(t.what) / t.ms);
    squares += error * error;
    rough += std::pow(std::log(estimator.rough_ms(t.what) / t.ms), 2);
    const latency_entry e = estimator.estimate(t.what);
    inside += e.time.low_ms <= t.ms && t.ms <= e.time.high_ms;
  }
  const double error = std::sqrt(squares / static_cast<double>(aside.size()));
  CAPTURE(error, estimator.error(), std::sqrt(rough / static_cast<double>(aside.size())));
  CHECK(error < .2);
  CHECK(squares < .8 * rough);  // the kernels that are most alike know what the regression does not
  CHECK(estimator.error() == Approx(error).epsilon(.35));
  CHECK(static_cast<double>(inside) / static_cast<double>(aside.size()) > .88);
}

/// A law of everything that may matter, told of the kernel by itself: what each changes is no part of the others.
double lawful_ms(const kernel& k, data_type type, int batch) {
  const layer& l = k.core;
  const auto costly = [](activation a) { return a == swish || a == hswish || a == sigmoid; };
  const bool ends = costly(l.act) || costly(k.residual_act);
  const double pixels = std::log(static_cast<double>(l.output.height) * l.output.width * batch);
  const double channels = std::log(static_cast<double>(l.input.channels));
  return std::exp(-14 + .6 * std::log(static_cast<double>(macs(l)) * batch + 1) +
                  .3 * std::log(static_cast<double>(traffic(k, type, batch))) +
                  (ends ? .4 + .03 * std::log(static_cast<double>(l.output.elements()) * batch) : 0) +
                  (k.residual ? .5 : 0) - .2 * channels + .02 * channels * channels +
                  .1 * std::log(static_cast<double>(l.output.channels)) - .3 * pixels + .02 * pixels * pixels -
                  .4 * std::log(static_cast<double>(l.kernel_height * l.kernel_width)) +
                  (l.stride_height > 1 ? .35 : 0));
}

TEST_CASE("a law of MACs, bytes, activations, residuals and shapes is found again in kernels that were not measured") {
  for (const auto& [type, batch] : {std::pair{data_type::f32, 1}, std::pair{data_type::bf16, 6}}) {
    std::mt19937_64 rng(20261129);
    std::vector<kernel_time> measured;
    std::vector<kernel> aside;
    for (const space_kernel& k : all_kernels()) {
      if (macs(k.what.core) == 0) continue;  // log of 0 MACs counts as that of 1
      if (rng() % 2 == 0) measured.push_back({k.what, lawful_ms(k.what, type, batch)});
      else aside.push_back(k.what);
    }
    const kernel_estimator estimator(measured, type, batch);
    double worst = 0;
    for (const kernel& k : aside)
      worst = std::max(worst, std::fabs(std::log(estimator.rough_ms(k) / lawful_ms(k, type, batch))));
    CAPTURE(batch, worst, measured.size(), aside.size());
    CHECK(worst < .03);
    CHECK(estimator.error() < .02);
  }
}

// Eigen's decomposition is another way to the same weights: those that make the squares of the residuals smallest, and
// (1e-3 + 1e-6 of its squares) times the square of each weight.
TEST_CASE("weights are those of least squares with the ridge that is documented, also where features never vary") {
  std::mt19937_64 rng(11);
  std::normal_distribution<double> normal;
  constexpr auto n = static_cast<Eigen::Index>(detail::estimator_features);
  for (const double size : {.01, 1.0, 1000.0}) {
    std::vector<detail::kernel_features> x(9);  // fewer than weights
    std::vector<double> y;
    Eigen::MatrixXd a(static_cast<Eigen::Index>(x.size()), n);
    Eigen::VectorXd b(static_cast<Eigen::Index>(x.size()));
    for (std::size_t i = 0; i < x.size(); ++i) {
      for (std::size_t k = 0; k < detail::estimator_features; ++k) {
        x[i][k] = k == 3 ? 0 : k == 4 ? 1 : size * normal(rng);
        a(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(k)) = x[i][k];
      }
      y.push_back(normal(rng));
      b(static_cast<Eigen::Index>(i)) = y.back();
    }
    Eigen::MatrixXd squares = a.transpose() * a;
    for (Eigen::Index k = 0; k < n; ++k) squares(k, k) += 1e-3 + 1e-6 * squares(k, k);
    const Eigen::VectorXd weights = squares.ldlt().solve(a.transpose() * b);
    detail::ridge_regression fitted;
    fitted.fit(x, y);
    for (std::size_t k = 0; k < detail::estimator_features; ++k) {
      detail::kernel_features one{};
      one[k] = 1;
      CAPTURE(size, k);
      CHECK(fitted.predict(one) == Approx(weights(static_cast<Eigen::Index>(k))).epsilon(1e-6).margin(1e-9));
    }
  }
}

TEST_CASE("leverage says what a sample would be estimated as without itself") {
  std::mt19937_64 rng(5);
  std::normal_distribution<double> normal;
  std::vector<detail::kernel_features> x(40);
  std::vector<double> y;
  for (detail::kernel_features& f : x) {
    for (double& value : f) value = normal(rng);
    y.push_back(3 * f[0] - f[5] + .5 * normal(rng));
  }
  detail::ridge_regression all;
  all.fit(x, y);
  for (std::size_t n = 0; n < x.size(); n += 3) {
    auto fewer = x;
    auto rest = y;
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(n));
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(n));
    detail::ridge_regression without;
    without.fit(fewer, rest);
    const double left_out = y[n] - without.predict(x[n]);
    CHECK((y[n] - all.predict(x[n])) / (1 - all.leverage(x[n])) == Approx(left_out).epsilon(1e-3).margin(1e-6));
    CHECK(all.leverage(x[n]) > .05);  // 13 weights, 40 samples
  }
}

TEST_CASE("an estimate is marked, and says what it rests on") {
  std::vector<kernel_time> measured;
  std::mt19937_64 rng(1);
  for (const space_kernel& k : all_kernels()) measured.push_back({k.what, roofline_ms(k.what, rng, 0)});
  const kernel_estimator estimator(measured, data_type::f32, 1);
  const latency_entry e = estimator.estimate(measured[0].what);
  CHECK(e.estimated);
  CHECK(e.signature == measured[0].what.signature());
  CHECK(e.network.starts_with("estimated from "));
  CHECK(e.time.count == 0);
  CHECK(e.time.low_ms < e.time.median_ms);
  CHECK(e.time.high_ms > e.time.median_ms);
  CHECK(e.time.median_ms == Approx(measured[0].ms).epsilon(.2));
  const double error = estimator.error(measured[0].what);
  CHECK(error > 0);
  CHECK(e.time.median_ms == estimator.ms(measured[0].what));
  CHECK(e.time.trimmed_mean_ms == e.time.median_ms);
  CHECK(e.time.cpu_median_ms == e.time.median_ms);
  CHECK(e.time.spread == error);
  CHECK(e.time.low_ms == Approx(e.time.median_ms * std::exp(-2 * error)));
  CHECK(e.time.high_ms == Approx(e.time.median_ms * std::exp(2 * error)));
  CHECK(e.time.minimum_ms == e.time.low_ms);
  // Depthwise kernels of this space are enough for a regression of their own.
  std::size_t depthwise = 0;
  const space_kernel* one = nullptr;
  for (const space_kernel& k : all_kernels())
    if (k.what.core.is_depthwise()) {
      ++depthwise;
      one = &k;
    }
  REQUIRE(one != nullptr);
  REQUIRE(depthwise >= 26);
  CHECK(estimator.estimate(one->what).network == "estimated from " + std::to_string(depthwise) + " kernels");
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
