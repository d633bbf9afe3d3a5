// SPDX-License-Identifier: Apache-2.0
/// \file
/// A Gaussian process that is a sum over decisions and over pairs of them: linear regression on decisions, whose
/// weights are near each other where numbers are, with a posterior that can be drawn from.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <Eigen/Dense>

#include "nascent/base/random.hpp"
#include "nascent/search/detail/mixed_process.hpp"

namespace nascent::detail {

/// What each option of each decision adds, and options of two together.
struct additive_terms {
  std::vector<Eigen::VectorXd> values{};  ///< by slot and option
  std::vector<Eigen::MatrixXd> pairs{};   ///< by pair, the first one's option and the second one's
};

/// A function of decisions: a constant, a function of each one and one of each pair, all of them independent Gaussian
/// processes. Options that are names are strangers to each other; numbers have a Matern 5/2 correlation. A decision
/// that takes no part adds nothing. The variance of each decision, that of all pairs and that of the noise maximise the
/// marginal likelihood times a prior.
class additive_process {
 public:
  /// `options` of each slot, and pairs of slots that may act on each other.
  additive_process(const decision_distances& distances, const std::vector<int>& options,
                   std::vector<std::pair<int, int>> pairs)
      : pairs_(std::move(pairs)) {
    for (std::size_t k = 0; k < options.size(); ++k) {
      const Eigen::Index n = options[k];
      Eigen::MatrixXd c(n, n);
      for (Eigen::Index a = 0; a < n; ++a)
        for (Eigen::Index b = 0; b < n; ++b)
          c(a, b) = a == b ? 1
                    : distances.is_ordinal(k)
                        ? matern(distances(k, static_cast<int>(a), static_cast<int>(b)) / (length * length))
                        : 0;
      roots_.push_back(
          Eigen::LLT<Eigen::MatrixXd>(c + 1e-8 * Eigen::MatrixXd::Identity(n, n)).matrixL().toDenseMatrix());
      correlations_.push_back(std::move(c));
    }
    logs_ = prior_means();
  }

  /// Fits to points (rows of decisions) and their values, which are standardised.
  void fit(std::vector<std::vector<int>> points, Eigen::VectorXd values, int steps) {
    points_ = std::move(points);
    values_ = std::move(values);
    const auto n = static_cast<Eigen::Index>(points_.size());
    parts_.assign(slots() + (pairs_.empty() ? 0 : 1), Eigen::MatrixXd::Zero(n, n));
    for (Eigen::Index i = 0; i < n; ++i)
      for (Eigen::Index j = 0; j <= i; ++j) {
        const auto& a = points_[static_cast<std::size_t>(i)];
        const auto& b = points_[static_cast<std::size_t>(j)];
        for (std::size_t k = 0; k < slots(); ++k) parts_[k](i, j) = parts_[k](j, i) = correlation(k, a[k], b[k]);
        if (!pairs_.empty()) parts_.back()(i, j) = parts_.back()(j, i) = pair_correlation(a, b);
      }
    climb(steps);
    factor_.compute(covariance());
  }

  /// What is believed of a point, the noise left out.
  mixed_process::belief at(const std::vector<int>& point) const {
    const auto n = static_cast<Eigen::Index>(points_.size());
    Eigen::VectorXd k(n);
    for (Eigen::Index i = 0; i < n; ++i) k(i) = kernel(point, points_[static_cast<std::size_t>(i)]);
    const double mean = k.dot(factor_.solve(values_));
    const double explained = factor_.matrixL().solve(k).squaredNorm();
    return {mean, std::sqrt(std::max(kernel(point, point) - explained, 1e-9))};
  }

  /// A function drawn from the posterior, its constant left out; `doubt` times as far from the mean, so that 0 is the
  /// mean and 1 Thompson sampling. By Matheron's rule: a draw from the prior, corrected by what it says wrong.
  additive_terms draw(random_engine& rng, double doubt) const {
    additive_terms f;
    for (std::size_t k = 0; k < slots(); ++k)
      f.values.push_back(doubt * deviation(k) * (roots_[k] * normals(roots_[k].rows(), 1, rng)));
    for (const auto& [a, b] : pairs_)
      f.pairs.push_back(doubt * pair_deviation() *
                        (roots_[place_of(a)] * normals(roots_[place_of(a)].rows(), roots_[place_of(b)].rows(), rng) *
                         roots_[place_of(b)].transpose()));
    const double constant = doubt * std::sqrt(constant_variance) * normal(rng);
    const auto n = static_cast<Eigen::Index>(points_.size());
    if (n == 0) return f;
    Eigen::VectorXd wrong(n);
    for (Eigen::Index i = 0; i < n; ++i)
      wrong(i) = values_(i) - constant - sum(f, points_[static_cast<std::size_t>(i)]) -
                 doubt * std::sqrt(noise()) * normal(rng);
    const Eigen::VectorXd by = factor_.solve(wrong);
    for (Eigen::Index i = 0; i < n; ++i) {
      const auto& x = points_[static_cast<std::size_t>(i)];
      for (std::size_t k = 0; k < slots(); ++k)
        if (x[k] >= 0) f.values[k] += variance(k) * by(i) * correlations_[k].col(x[k]);
      for (std::size_t p = 0; p < pairs_.size(); ++p) {
        const auto [a, b] = pairs_[p];
        if (x[place_of(a)] >= 0 && x[place_of(b)] >= 0)
          f.pairs[p] += pair_variance() * by(i) * correlations_[place_of(a)].col(x[place_of(a)]) *
                        correlations_[place_of(b)].col(x[place_of(b)]).transpose();
      }
    }
    return f;
  }

  const std::vector<std::pair<int, int>>& pairs() const { return pairs_; }

 private:
  static std::size_t place_of(int slot) { return static_cast<std::size_t>(slot); }
  std::size_t slots() const { return correlations_.size(); }

  static double normal(random_engine& rng) {
    return normal_quantile((static_cast<double>(random_bits(rng) >> 11) + 0.5) * 0x1p-53);
  }
  static Eigen::MatrixXd normals(Eigen::Index rows, Eigen::Index columns, random_engine& rng) {
    Eigen::MatrixXd m(rows, columns);
    for (Eigen::Index i = 0; i < rows; ++i)
      for (Eigen::Index j = 0; j < columns; ++j) m(i, j) = normal(rng);
    return m;
  }

  double correlation(std::size_t k, int a, int b) const { return a < 0 || b < 0 ? 0 : correlations_[k](a, b); }
  /// Of all pairs, which share one variance.
  double pair_correlation(const std::vector<int>& a, const std::vector<int>& b) const {
    double sum = 0;
    for (const auto& [k, l] : pairs_)
      sum += correlation(place_of(k), a[place_of(k)], b[place_of(k)]) *
             correlation(place_of(l), a[place_of(l)], b[place_of(l)]);
    return sum;
  }
  double kernel(const std::vector<int>& a, const std::vector<int>& b) const {
    double sum = constant_variance;
    for (std::size_t k = 0; k < slots(); ++k) sum += variance(k) * correlation(k, a[k], b[k]);
    return pairs_.empty() ? sum : sum + pair_variance() * pair_correlation(a, b);
  }
  double sum(const additive_terms& f, const std::vector<int>& x) const {
    double s = 0;
    for (std::size_t k = 0; k < slots(); ++k)
      if (x[k] >= 0) s += f.values[k](x[k]);
    for (std::size_t p = 0; p < pairs_.size(); ++p) {
      const int a = x[place_of(pairs_[p].first)];
      const int b = x[place_of(pairs_[p].second)];
      if (a >= 0 && b >= 0) s += f.pairs[p](a, b);
    }
    return s;
  }

  // Logarithms of variances: of each slot, of a pair if there are any, of the noise.
  double variance(std::size_t k) const { return std::exp(logs_(static_cast<Eigen::Index>(k))); }
  double deviation(std::size_t k) const { return std::sqrt(variance(k)); }
  double pair_variance() const { return std::exp(logs_(static_cast<Eigen::Index>(slots()))); }
  double pair_deviation() const { return std::sqrt(pair_variance()); }
  double noise() const { return std::exp(logs_(logs_.size() - 1)); }

  Eigen::VectorXd prior_means() const {
    Eigen::VectorXd means(static_cast<Eigen::Index>(slots() + (pairs_.empty() ? 1 : 2)));
    means.setConstant(-std::log(static_cast<double>(std::max<std::size_t>(slots(), 1))));
    if (!pairs_.empty())
      means(static_cast<Eigen::Index>(slots())) = std::log(pair_share / static_cast<double>(pairs_.size()));
    means(means.size() - 1) = std::log(noise_share);
    return means;
  }

  Eigen::MatrixXd covariance() const {
    const auto n = static_cast<Eigen::Index>(points_.size());
    Eigen::MatrixXd c = Eigen::MatrixXd::Constant(n, n, constant_variance);
    for (std::size_t k = 0; k < parts_.size(); ++k) c += variance(k) * parts_[k];
    c.diagonal().array() += noise() + jitter;
    return c;
  }

  /// Adam on the logarithms.
  void climb(int steps) {
    const auto n = static_cast<Eigen::Index>(points_.size());
    const Eigen::VectorXd prior = prior_means();
    Eigen::VectorXd mean = Eigen::VectorXd::Zero(logs_.size());
    Eigen::VectorXd square = mean;
    for (int step = 1; step <= steps; ++step) {
      const Eigen::LLT<Eigen::MatrixXd> llt(covariance());
      const Eigen::VectorXd a = llt.solve(values_);
      // d log likelihood / d t = 1/2 trace((a a' - K^-1) dK/dt)
      const Eigen::MatrixXd g = 0.5 * (a * a.transpose() - llt.solve(Eigen::MatrixXd::Identity(n, n)));
      Eigen::VectorXd gradient = (prior - logs_) / (prior_deviation * prior_deviation);
      for (std::size_t k = 0; k < parts_.size(); ++k)
        gradient(static_cast<Eigen::Index>(k)) += variance(k) * (g.array() * parts_[k].array()).sum();
      gradient(logs_.size() - 1) += noise() * g.trace();
      mean = 0.9 * mean + 0.1 * gradient;
      square = 0.99 * square + 0.01 * gradient.cwiseAbs2();
      const double unbias = std::sqrt(1 - std::pow(0.99, step)) / (1 - std::pow(0.9, step));
      logs_ += (rate * unbias * mean.array() / (square.array().sqrt() + 1e-8)).matrix();
      logs_ = logs_.cwiseMax(-12).cwiseMin(3);
    }
  }

  static constexpr double length = 0.5;  ///< of the correlation of numbers, in units of their range
  static constexpr double constant_variance = 1;
  static constexpr double pair_share = 1.0;  ///< of the variance, before anything is known
  static constexpr double noise_share = 0.05;
  static constexpr double prior_deviation = 1.0;
  static constexpr double jitter = 1e-6;
  static constexpr double rate = 0.1;

  std::vector<std::pair<int, int>> pairs_;
  std::vector<Eigen::MatrixXd> correlations_;  ///< by slot, between its options
  std::vector<Eigen::MatrixXd> roots_;         ///< their Cholesky factors
  Eigen::VectorXd logs_;
  std::vector<std::vector<int>> points_;
  Eigen::VectorXd values_;
  std::vector<Eigen::MatrixXd> parts_;  ///< correlation of the points in each slot, and in all pairs
  Eigen::LLT<Eigen::MatrixXd> factor_;
};

}  // namespace nascent::detail
