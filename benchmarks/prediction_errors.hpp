// SPDX-License-Identifier: Apache-2.0
/// \file
/// How far predicted times of networks are from measured ones.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include <nascent/reward/rank_correlation.hpp>

namespace prediction {

struct outcome {
  double predicted = 0;
  double plain = 0;  ///< the sum of times as they were measured
  double measured = 0;
  std::size_t reference = 0;  ///< which one it was timed against
  std::vector<double> by_sweep{};
  std::vector<double> alone{};  ///< by its own clock, not against the references
  double spread = 0;
  double low = 0;  ///< the prediction's interval
  double high = 0;
  double deviation = 0;  ///< by placement, as the table expects it, relative
  double error() const { return predicted / measured - 1; }

  /// Mean of |second / first - 1| over sweeps that follow each other.
  double again() const {
    double sum = 0;
    for (std::size_t i = 1; i < by_sweep.size(); ++i) sum += std::fabs(by_sweep[i] / by_sweep[i - 1] - 1);
    return sum / static_cast<double>(by_sweep.size() - 1);
  }
  /// Variance of one sweep, of logarithms.
  double sweep_variance() const {
    double squares = 0;
    for (const double ms : by_sweep) squares += std::pow(std::log(ms / measured), 2);
    return squares / static_cast<double>(by_sweep.size() - 1);
  }
};

/// Of relative errors.
struct error_summary {
  double mean_absolute = 0;
  double bias = 0;
  double worst = 0;
  double within_5 = 0;  ///< the share of networks, in [0, 1]
  double within_10 = 0;
};

template <class Error>
error_summary errors_of(const std::vector<outcome>& all, Error&& error_of) {
  error_summary e;
  const double share = 1 / static_cast<double>(all.size());
  for (const outcome& o : all) {
    const double error = error_of(o);
    e.mean_absolute += std::fabs(error) * share;
    e.bias += error * share;
    e.worst = std::max(e.worst, std::fabs(error));
    e.within_5 += std::fabs(error) <= .05 ? share : 0;
    e.within_10 += std::fabs(error) <= .10 ? share : 0;
  }
  return e;
}

inline double geometric_mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double x : values) sum += std::log(x);
  return std::exp(sum / static_cast<double>(values.size()));
}

/// Spearman's, of predicted and measured times.
inline double rank_correlation(const std::vector<outcome>& all) {
  std::vector<double> predicted, measured;
  for (const outcome& o : all) {
    predicted.push_back(o.predicted);
    measured.push_back(o.measured);
  }
  return nascent::rank_correlation(predicted, measured).value_or(0);
}

/// Of each sweep and the next, the mean: how well one measurement orders what the next one finds.
inline double rank_correlation_of_sweeps(const std::vector<outcome>& all) {
  const std::size_t sweeps = all.front().by_sweep.size();
  std::vector<std::vector<double>> times(sweeps);
  for (const outcome& o : all)
    for (std::size_t i = 0; i < sweeps; ++i) times[i].push_back(o.by_sweep[i]);
  double sum = 0;
  for (std::size_t i = 1; i < sweeps; ++i) sum += nascent::rank_correlation(times[i - 1], times[i]).value_or(0);
  return sum / static_cast<double>(sweeps - 1);
}

}  // namespace prediction
