// SPDX-License-Identifier: Apache-2.0
/// \file
/// A Gaussian process over decisions: what is ordinal is near or far, what is a name is the same or not.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <span>
#include <utility>
#include <vector>

#include <Eigen/Dense>

#include "nascent/space/space.hpp"

namespace nascent::detail {

/// The Matern 5/2 correlation of a squared distance.
inline double matern(double r2) {
  const double r = std::sqrt(5 * r2);
  return (1 + r + r * r / 3) * std::exp(-r);
}

/// How far apart two candidates are in one decision: 1 where one of them has it and the other does not, or where names
/// differ; the difference of numbers in units of their range, its square for the smooth part.
class decision_distances {
 public:
  /// The numbers of each decision's options, 0 to 1; none where they are names. `distances_of` a space makes them.
  explicit decision_distances(std::vector<std::vector<double>> values) : values_(std::move(values)) {}

  std::size_t size() const { return values_.size(); }
  bool is_ordinal(std::size_t k) const { return !values_[k].empty(); }

  /// Squared.
  double operator()(std::size_t k, int a, int b) const {
    if (a == b) return 0;
    if (a < 0 || b < 0 || !is_ordinal(k)) return 1;
    const double d = values_[k][static_cast<std::size_t>(a)] - values_[k][static_cast<std::size_t>(b)];
    return d * d;
  }

 private:
  std::vector<std::vector<double>> values_;  ///< by slot and option, 0 to 1; empty where options are names
};

template <space Space>
decision_distances distances_of(const Space& s) {
  std::vector<std::vector<double>> all;
  for (std::size_t k = 0; k < s.slot_count; ++k) {
    std::vector<double> values;
    bool ordinal = true;
    for (int o = 0; o < s.slot(k).options; ++o) {
      ordinal = ordinal && s.value(k, o).is_number();
      values.push_back(s.value(k, o).number());
    }
    if (ordinal) {
      const auto [least, most] = std::ranges::minmax_element(values);
      const double low = *least;
      const double span = *most - low;
      for (double& v : values) v = span > 0 ? (v - low) / span : 0;
    }
    all.push_back(ordinal ? std::move(values) : std::vector<double>{});
  }
  return decision_distances(std::move(all));
}

/// A Gaussian process with mean 0 and variance 1 whose kernel is a product: exp(-sum of weights of names that differ)
/// of the transformed overlap, times Matern 5/2 of the weighted distance in numbers. Weights and noise maximise the
/// marginal likelihood times a prior that grows with the number of decisions, so that many decisions do not make all
/// candidates strangers.
class mixed_process {
 public:
  explicit mixed_process(decision_distances distances)
      : distances_(std::move(distances)), log_weights_(Eigen::VectorXd::Constant(count(), prior_mean())) {}

  /// Fits to points (rows of decisions) and their values, which are standardised.
  void fit(std::vector<std::vector<int>> points, const Eigen::VectorXd& values, int steps) {
    points_ = std::move(points);
    const auto n = static_cast<Eigen::Index>(points_.size());
    squares_.assign(distances_.size(), Eigen::MatrixXd(n, n));
    for (std::size_t k = 0; k < distances_.size(); ++k)
      for (Eigen::Index i = 0; i < n; ++i)
        for (Eigen::Index j = 0; j < n; ++j)
          squares_[k](i, j) =
              distances_(k, points_[static_cast<std::size_t>(i)][k], points_[static_cast<std::size_t>(j)][k]);
    climb(values, steps);
    factor(values);
  }

  struct belief {
    double mean = 0;
    double deviation = 1;
  };
  belief at(std::span<const int> point) const {
    const auto n = static_cast<Eigen::Index>(points_.size());
    Eigen::VectorXd k(n);
    for (Eigen::Index i = 0; i < n; ++i) k(i) = kernel(point, points_[static_cast<std::size_t>(i)]);
    const double mean = k.dot(solved_);
    const double explained = factor_.matrixL().solve(k).squaredNorm();
    return {mean, std::sqrt(std::max(1 - explained, 1e-9))};
  }

 private:
  Eigen::Index count() const { return static_cast<Eigen::Index>(distances_.size()); }
  double prior_mean() const { return std::log(3.0 / static_cast<double>(std::max<std::size_t>(distances_.size(), 1))); }
  static constexpr double prior_deviation = 1.0;
  static constexpr double noise_mean = -4.0;  ///< of the logarithm of the variance
  static constexpr double noise_deviation = 1.5;

  double kernel(std::span<const int> a, const std::vector<int>& b) const {
    double overlap = 0;
    double r2 = 0;
    for (std::size_t k = 0; k < distances_.size(); ++k) {
      const double d = distances_(k, a[k], b[k]);
      if (d == 0) continue;
      (distances_.is_ordinal(k) ? r2 : overlap) += weights_[k] * d;
    }
    return std::exp(-overlap) * matern(r2);
  }

  void use(const Eigen::VectorXd& log_weights) {
    weights_.resize(distances_.size());
    for (std::size_t k = 0; k < weights_.size(); ++k) weights_[k] = std::exp(log_weights(static_cast<Eigen::Index>(k)));
  }

  /// Covariance of the points, and the distance in numbers behind it.
  std::pair<Eigen::MatrixXd, Eigen::MatrixXd> covariance() const {
    const auto n = static_cast<Eigen::Index>(points_.size());
    Eigen::MatrixXd overlap = Eigen::MatrixXd::Zero(n, n);
    Eigen::MatrixXd r2 = Eigen::MatrixXd::Zero(n, n);
    for (std::size_t k = 0; k < distances_.size(); ++k)
      (distances_.is_ordinal(k) ? r2 : overlap) += weights_[k] * squares_[k];
    Eigen::MatrixXd all = (-overlap).array().exp() * r2.unaryExpr([](double v) { return matern(v); }).array();
    return {std::move(all), std::move(r2)};
  }

  /// Adam on the logarithms of weights and noise.
  void climb(const Eigen::VectorXd& y, int steps) {
    const auto n = static_cast<Eigen::Index>(points_.size());
    const Eigen::Index d = count();
    Eigen::VectorXd mean = Eigen::VectorXd::Zero(d + 1);
    Eigen::VectorXd square = mean;
    for (int step = 1; step <= steps; ++step) {
      use(log_weights_);
      const auto [c, r2] = covariance();
      const double noise = std::exp(log_noise_);
      const Eigen::LLT<Eigen::MatrixXd> llt(c + (noise + jitter) * Eigen::MatrixXd::Identity(n, n));
      const Eigen::VectorXd a = llt.solve(y);
      // d log likelihood / d t = 1/2 trace((a a' - K^-1) dK/dt)
      const Eigen::MatrixXd g = 0.5 * (a * a.transpose() - llt.solve(Eigen::MatrixXd::Identity(n, n)));
      const Eigen::ArrayXXd by_name = -(g.array() * c.array());
      // Matern: d/d(r2) of (1 + r + r^2/3) exp(-r), r = sqrt(5 r2), is -5/6 (1 + r) exp(-r)
      const Eigen::ArrayXXd root = (5 * r2.array()).sqrt();
      const Eigen::ArrayXXd by_number = by_name * (5.0 / 6) * (1 + root) / (1 + root + root.square() / 3);
      Eigen::VectorXd gradient(d + 1);
      for (Eigen::Index k = 0; k < d; ++k) {
        const auto slot = static_cast<std::size_t>(k);
        const Eigen::ArrayXXd& by = distances_.is_ordinal(slot) ? by_number : by_name;
        gradient(k) = weights_[slot] * (by * squares_[slot].array()).sum() -
                      (log_weights_(k) - prior_mean()) / (prior_deviation * prior_deviation);
      }
      gradient(d) = noise * g.trace() - (log_noise_ - noise_mean) / (noise_deviation * noise_deviation);
      mean = 0.9 * mean + 0.1 * gradient;
      square = 0.99 * square + 0.01 * gradient.cwiseAbs2();
      const double unbias = std::sqrt(1 - std::pow(0.99, step)) / (1 - std::pow(0.9, step));
      const Eigen::VectorXd move = (rate * unbias * mean.array() / (square.array().sqrt() + 1e-8)).matrix();
      log_weights_ += move.head(d);
      log_noise_ = std::clamp(log_noise_ + move(d), -9.0, 1.0);
    }
  }

  void factor(const Eigen::VectorXd& y) {
    use(log_weights_);
    const auto n = static_cast<Eigen::Index>(points_.size());
    factor_.compute(covariance().first + (std::exp(log_noise_) + jitter) * Eigen::MatrixXd::Identity(n, n));
    solved_ = factor_.solve(y);
    squares_.clear();
  }

  static constexpr double jitter = 1e-6;
  static constexpr double rate = 0.1;

  decision_distances distances_;
  Eigen::VectorXd log_weights_;
  double log_noise_ = noise_mean;
  std::vector<double> weights_;
  std::vector<std::vector<int>> points_;
  std::vector<Eigen::MatrixXd> squares_;
  Eigen::LLT<Eigen::MatrixXd> factor_;
  Eigen::VectorXd solved_;
};

/// The quantile of the normal distribution (Acklam's approximation, relative error below 1.2e-9).
inline double normal_quantile(double p) {
  constexpr double a[] = {-3.969683028665376e+01, 2.209460984245205e+02,  -2.759285104469687e+02,
                          1.383577518672690e+02,  -3.066479806614716e+01, 2.506628277459239e+00};
  constexpr double b[] = {-5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02, 6.680131188771972e+01,
                          -1.328068155288572e+01};
  constexpr double c[] = {-7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00,
                          -2.549732539343734e+00, 4.374664141464968e+00,  2.938163982698783e+00};
  constexpr double d[] = {7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00, 3.754408661907416e+00};
  const auto tail = [&](double q) {
    return (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) /
           ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1);
  };
  if (p < 0.02425) return tail(std::sqrt(-2 * std::log(p)));
  if (p > 1 - 0.02425) return -tail(std::sqrt(-2 * std::log(1 - p)));
  const double q = p - 0.5;
  const double r = q * q;
  return (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q /
         (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1);
}

/// How much better than `best` a belief is expected to be.
inline double expected_improvement(const mixed_process::belief& b, double best) {
  const double z = (b.mean - best) / b.deviation;
  const double density = std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi);
  return b.deviation * (density + z * 0.5 * std::erfc(-z / std::numbers::sqrt2));
}

}  // namespace nascent::detail
