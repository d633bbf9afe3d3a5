// SPDX-License-Identifier: Apache-2.0
#include "nascent/timing/quantile_curve.hpp"

#include <cmath>
#include <cstddef>
#include <random>
#include <utility>
#include <vector>

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

namespace {

using Catch::Approx;
using nascent::quantile_curve;

std::vector<double> rests_of(const std::vector<double>& places, const std::vector<double>& values,
                             const quantile_curve& curve) {
  std::vector<double> rests = values;
  for (std::size_t i = 0; i < rests.size(); ++i) rests[i] -= curve(places[i]);
  return rests;
}

TEST_CASE("a curve goes through points that are linear between its knots") {
  std::vector<double> places, values;
  for (int i = 0; i <= 40; ++i) {
    places.push_back(i);
    values.push_back(i < 20 ? i : 20 - .5 * (i - 20));  // the middle one of three knots is at 20
  }
  quantile_curve curve(places, 3);
  CHECK(curve(7) == 0);
  double change = 1;
  for (int turn = 0; turn < 200; ++turn) change = curve.improve(places, rests_of(places, values, curve));
  CHECK(change < 1e-6);
  for (const int i : {0, 5, 20, 31, 40}) CHECK(curve(i) == Approx(values[static_cast<std::size_t>(i)]).margin(1e-4));
  CHECK(curve(-99) == curve(0));  // constant outside
  CHECK(curve(99) == curve(40));
  curve.raise(3);
  CHECK(curve(20) == Approx(23));
}

TEST_CASE("two curves that depend on each other are told apart in turns") {
  std::mt19937_64 rng(20261127);
  std::uniform_real_distribution<double> any(-1, 1);
  std::vector<double> first, second, values;
  for (int i = 0; i < 400; ++i) {
    first.push_back(any(rng));
    second.push_back(first.back() + .7 * any(rng));
    values.push_back(.3 * first.back() - .2 * second.back());
  }
  quantile_curve a(first, 4);
  quantile_curve b(second, 4);
  const auto rests = [&] { return rests_of(second, rests_of(first, values, a), b); };
  for (int turn = 0; turn < 300; ++turn) {
    a.improve(first, rests());
    b.improve(second, rests());
  }
  CHECK(a(.5) - a(-.5) == Approx(.3).margin(.01));
  CHECK(b(.5) - b(-.5) == Approx(-.2).margin(.01));
}

TEST_CASE("without two places that differ there is no curve") {
  for (quantile_curve curve :
       {quantile_curve(), quantile_curve({}, 8), quantile_curve({2, 2, 2}, 8), quantile_curve({1, 2, 3}, 1)}) {
    CHECK(curve.empty());
    CHECK(curve(2) == 0);
    const std::vector<double> one{1};
    CHECK(curve.improve(one, one) == 0);
    CHECK(curve(2) == 0);
  }
}

TEST_CASE("slopes hold between all places") {
  std::vector<double> places;
  std::vector<double> points;
  for (int i = 0; i <= 200; ++i) {
    places.push_back(i / 100.0);
    points.push_back(std::sin(3 * places.back()));
  }
  quantile_curve curve(places, 6);
  for (int turn = 0; turn < 100; ++turn) {
    std::vector<double> rests = points;
    for (std::size_t i = 0; i < rests.size(); ++i) rests[i] -= curve(places[i]);
    curve.improve(places, rests);
  }
  for (double from = -0.5; from < 2.4; from += 0.03)
    for (double to = from + 0.01; to < 2.5; to += 0.07) {
      const auto [least, most] = curve.slopes(from, to);
      const double slope = (curve(to) - curve(from)) / (to - from);
      CHECK(slope >= least - 1e-9);
      CHECK(slope <= most + 1e-9);
    }
  CHECK(curve.slopes(0.1, 0.2).first > 2);  // sin(3 x) rises by 2.5 to 3 there
  CHECK(curve.slopes(1.4, 1.5).second < 0.5);
  CHECK(curve.slopes(3, 4) == std::pair(0.0, 0.0));
  CHECK(quantile_curve().slopes(0, 1) == std::pair(0.0, 0.0));
}

}  // namespace
