// SPDX-License-Identifier: Apache-2.0
/// \file
/// A smooth function of one variable, fitted to noisy points.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "nascent/timing/statistics.hpp"

namespace nascent {

/// Linear between quantiles of the places where there are points, constant outside of them. Without knots it is 0.
class quantile_curve {
 public:
  quantile_curve() = default;

  /// A curve of 0 with at most so many knots, at least two; none where all places are the same.
  quantile_curve(std::vector<double> places, std::size_t most_knots) {
    if (places.empty() || most_knots < 2) return;
    const ordered_sample ordered(std::move(places));
    for (std::size_t i = 0; i < most_knots; ++i) {
      const double knot = ordered.quantile(static_cast<double>(i) / static_cast<double>(most_knots - 1));
      if (knots_.empty() || knot > knots_.back() + 1e-3) knots_.push_back(knot);
    }
    if (knots_.size() < 2) knots_.clear();
    values_.assign(knots_.size(), 0);
  }

  bool empty() const { return knots_.empty(); }

  double operator()(double place) const {
    if (knots_.empty()) return 0;
    double sum = 0;
    for (const auto& [knot, share] : around(place)) sum += share * values_[knot];
    return sum;
  }

  /// The least and the largest slope between two places.
  std::pair<double, double> slopes(double from, double to) const {
    if (empty()) return {0, 0};
    constexpr double infinity = std::numeric_limits<double>::infinity();
    std::pair<double, double> range{infinity, -infinity};
    const auto add = [&](double slope) { range = {std::min(range.first, slope), std::max(range.second, slope)}; };
    if (from <= knots_.front() || to >= knots_.back()) add(0);
    for (std::size_t i = 1; i < knots_.size(); ++i)
      if (from <= knots_[i] && to >= knots_[i - 1]) add((values_[i] - values_[i - 1]) / (knots_[i] - knots_[i - 1]));
    return range;
  }

  /// One turn of a least-squares fit: moves the curve towards what it leaves of the points, `rests`. Returns how far it
  /// moved. Turns converge, also in alternation with those of other curves.
  double improve(std::span<const double> places, std::span<const double> rests) {
    constexpr double over_relaxation = 1.5;  // below 2: each turn makes the sum of squares smaller
    std::vector<double> sums(knots_.size(), 0);
    std::vector<double> shares(knots_.size(), 0);
    for (std::size_t i = 0; i < places.size() && !empty(); ++i)
      for (const auto& [knot, share] : around(places[i])) {
        sums[knot] += share * rests[i];
        shares[knot] += share;
      }
    double change = 0;
    for (std::size_t i = 0; i < knots_.size(); ++i) {
      if (shares[i] <= 0) continue;
      values_[i] += over_relaxation * sums[i] / shares[i];
      change = std::max(change, std::fabs(sums[i] / shares[i]));
    }
    return change;
  }

  /// Adds a constant.
  void raise(double by) {
    for (double& value : values_) value += by;
  }

 private:
  /// The knots on both sides, and their shares.
  std::array<std::pair<std::size_t, double>, 2> around(double place) const {
    const double at = std::clamp(place, knots_.front(), knots_.back());
    const auto right =
        std::min(static_cast<std::size_t>(std::ranges::upper_bound(knots_, at) - knots_.begin()), knots_.size() - 1);
    const double share = (at - knots_[right - 1]) / (knots_[right] - knots_[right - 1]);
    return {{{right - 1, 1 - share}, {right, share}}};
  }

  std::vector<double> knots_;
  std::vector<double> values_;
};

}  // namespace nascent
