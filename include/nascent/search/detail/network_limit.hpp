// SPDX-License-Identifier: Apache-2.0
/// \file
/// Which sums of kernels and weights a network may have under a limit of time, where what its kernels do to each other
/// is no sum.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "nascent/latency/placement_effects.hpp"
#include "nascent/search/searcher.hpp"

namespace nascent::detail {

/// The networks whose kernels' ms times network_factor(weights, ms) is at most a limit: those with ms <=
/// most_ms(weights).
class network_limit {
 public:
  /// All networks have `least_weights` to `most_weights`. \throws search_error where time does not rise with ms
  network_limit(const placement_effects& effects, double limit_ms, double least_weights, double most_weights)
      : effects_(&effects), limit_(limit_ms), log_least_(std::log(std::max(least_weights, 1.0))) {
    if (!(effects.length_slopes(limit_ms / widest, limit_ms * widest).first > -1))
      throw search_error("search.table", "latency_predictor",
                         "a table by which networks take less time as their kernels take more",
                         "tables of networks that tell size and length apart; measure more of them");
    const double log_most = std::log(std::max(most_weights, 1.0));
    step_ = std::max((log_most - log_least_) / static_cast<double>(cells), 1e-12);
    for (std::size_t i = 0; i <= cells; ++i) grid_.push_back(solve(weights_at(i)));
    slopes_ = {std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()};
    for (std::size_t i = 0; i < cells; ++i) {
      const double from = weights_at(i);
      const double to = weights_at(i + 1);
      const auto [least_size, most_size] = effects.size_slopes(from, to);
      // Within a cell: so much more than at its ends, by the steepest slope that there may be.
      const double bend =
          std::max(most_size, -least_size) / (1 + effects.length_slopes(limit_ms / widest, limit_ms * widest).first);
      const double most = std::max(grid_[i], grid_[i + 1]) * std::exp(0.5 * bend * step_);
      const double least = std::min(grid_[i], grid_[i + 1]) * std::exp(-0.5 * bend * step_);
      const auto [least_length, most_length] = effects.length_slopes(least, most);
      const auto slope = [&](double size, double length, double ms, double weights) {
        return ms * size / (weights * (1 + length));
      };
      slopes_.first = std::min(slopes_.first, least_size < 0 ? slope(least_size, least_length, most, from)
                                                             : slope(least_size, most_length, least, to));
      slopes_.second = std::max(slopes_.second, most_size > 0 ? slope(most_size, least_length, most, from)
                                                              : slope(most_size, most_length, least, to));
      cell_most_.push_back(most);
      least_ = std::min(least_, least * (1 - 1e-12));
    }
  }

  bool holds(double ms, double weights) const { return ms * effects_->network_factor(weights, ms) <= limit_; }

  /// No network under the limit has kernels of more ms.
  double most_ms() const { return *std::ranges::max_element(cell_most_); }

  /// Every network whose kernels have fewer ms is under the limit.
  double least_ms() const { return least_; }

  /// A sum that no network under the limit exceeds: ms + per_weight * weights <= most. It is tight at `weights`.
  struct line {
    double per_weight = 0;
    double most = 0;
  };
  line line_at(double weights) const {
    const double place = (std::log(std::max(weights, 1.0)) - log_least_) / step_;
    const auto i = static_cast<std::size_t>(std::clamp(place, 1.0, static_cast<double>(cells - 1)));
    line l{.per_weight = -(grid_[i + 1] - grid_[i - 1]) / (weights_at(i + 1) - weights_at(i - 1)), .most = -1e300};
    for (std::size_t k = 0; k < cells; ++k)
      l.most = std::max(l.most, cell_most_[k] + l.per_weight * weights_at(l.per_weight >= 0 ? k + 1 : k));
    return l;
  }

  /// Between these is how much a weight more takes of most_ms, anywhere. Of two beginnings the one with less
  /// ms + s * weights, for both of them, goes on wherever the other does.
  std::pair<double, double> slopes() const { return slopes_; }

 private:
  static constexpr std::size_t cells = 2048;
  static constexpr double widest = 1e3;  ///< no network factor is as large

  double weights_at(std::size_t i) const { return std::exp(log_least_ + step_ * static_cast<double>(i)); }

  /// The ms of kernels at which a network takes as long as the limit says, from above.
  double solve(double weights) const {
    double low = limit_ / widest;
    double high = limit_ * widest;
    for (int i = 0; i < 60; ++i) {
      const double middle = std::sqrt(low * high);
      (holds(middle, weights) ? low : high) = middle;
    }
    return high;
  }

  const placement_effects* effects_;
  double limit_;
  double log_least_;
  double step_ = 0;
  std::vector<double> grid_;       ///< most ms
  std::vector<double> cell_most_;  ///< between two of them
  double least_ = std::numeric_limits<double>::infinity();
  std::pair<double, double> slopes_;
};

}  // namespace nascent::detail
