// SPDX-License-Identifier: Apache-2.0
/// \file
/// Times of kernels that were not measured, estimated from those that were, with the error that this had on kernels
/// left out.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nascent/base/error.hpp"
#include "nascent/base/number_text.hpp"
#include "nascent/latency/entry.hpp"
#include "nascent/network/kernel.hpp"

namespace nascent {

/// A measured kernel.
struct kernel_time {
  kernel what{};
  double ms = 0;
};

namespace detail {

/// Logarithms of what the roofline model looks at, and what it does not: how well a kernel fits registers and caches.
inline constexpr std::size_t estimator_features = 13;
using kernel_features = std::array<double, estimator_features>;

inline kernel_features features_of(const kernel& k, data_type type, int batch) {
  const layer& l = k.core;
  const auto log = [](double x) { return std::log(std::max(x, 1.0)); };
  const auto elements = static_cast<double>(l.output.elements()) * batch;
  const double channels = log(l.input.channels);
  const double filters = log(l.output.channels);
  const double pixels = log(static_cast<double>(l.output.batch) * l.output.height * l.output.width * batch);
  const auto costly = [](activation a) { return a != activation::identity && a != activation::relu; };
  const bool has_costly = costly(l.act) || costly(k.residual_act);
  const double work = log(static_cast<double>(macs(l)) * batch);
  return {1,
          work,
          log(static_cast<double>(traffic(k, type, batch))),
          has_costly ? log(elements) : 0,
          has_costly ? 1.0 : 0.0,
          k.residual ? 1.0 : 0.0,
          channels,
          filters,
          pixels,
          channels * channels,
          pixels * pixels,
          log(l.kernel_height * l.kernel_width),
          l.stride_height > 1 || l.stride_width > 1 ? 1.0 : 0.0};
}

/// Least squares with a ridge of 1e-3 + 1e-6 of a feature's squares; keeps the inverse for the leverage of each sample.
class ridge_regression {
 public:
  using matrix = std::array<std::array<double, estimator_features>, estimator_features>;

  void fit(std::span<const kernel_features> x, std::span<const double> y) {
    matrix a{};
    kernel_features b{};
    for (std::size_t n = 0; n < x.size(); ++n)
      for (std::size_t i = 0; i < estimator_features; ++i) {
        b[i] += x[n][i] * y[n];
        for (std::size_t j = 0; j < estimator_features; ++j) a[i][j] += x[n][i] * x[n][j];
      }
    for (std::size_t i = 0; i < estimator_features; ++i)
      a[i][i] += 1e-3 + 1e-6 * a[i][i];  // features that never vary are no problem
    inverse_ = invert(a);
    for (std::size_t i = 0; i < estimator_features; ++i) weights_[i] = dot(inverse_[i], b);
  }

  double predict(const kernel_features& x) const { return dot(weights_, x); }

  /// How much a sample pulls its own prediction, in [0, 1): its residual over one minus this is what it would be
  /// without it.
  double leverage(const kernel_features& x) const {
    double sum = 0;
    for (std::size_t i = 0; i < estimator_features; ++i) sum += x[i] * dot(inverse_[i], x);
    return std::clamp(sum, 0.0, 1 - 1e-6);
  }

 private:
  static double dot(const kernel_features& a, const kernel_features& b) {
    double sum = 0;
    for (std::size_t i = 0; i < estimator_features; ++i) sum += a[i] * b[i];
    return sum;
  }

  /// Gauss and Jordan; positive definite by the ridge.
  static matrix invert(matrix a) {
    matrix inverse{};
    for (std::size_t i = 0; i < estimator_features; ++i) inverse[i][i] = 1;
    for (std::size_t c = 0; c < estimator_features; ++c) {
      const double pivot = 1 / a[c][c];
      for (std::size_t j = 0; j < estimator_features; ++j) {
        a[c][j] *= pivot;
        inverse[c][j] *= pivot;
      }
      for (std::size_t r = 0; r < estimator_features; ++r) {
        const double factor = a[r][c];
        if (r == c || factor == 0) continue;
        for (std::size_t j = 0; j < estimator_features; ++j) {
          a[r][j] -= factor * a[c][j];
          inverse[r][j] -= factor * inverse[c][j];
        }
      }
    }
    return inverse;
  }

  kernel_features weights_{};
  matrix inverse_{};
};

}  // namespace detail

/// Estimates times of kernels: for each kind of kernel a regression of the logarithm of time on those of MACs, bytes,
/// activated elements and shapes, and on top of it the mean deviation of the measured kernels that are most alike.
class kernel_estimator {
 public:
  /// \throws nascent::error where no kernel is given, or a time is not above 0
  kernel_estimator(std::span<const kernel_time> measured, data_type type, int batch) : type_(type), batch_(batch) {
    if (measured.empty())
      throw nascent::error("latency.estimator", "kernel_estimator", "no kernels", "1 or more that were measured");
    for (const kernel_time& t : measured) {
      if (!(t.ms > 0))
        throw nascent::error("latency.estimator", "kernel_estimator, kernel '" + t.what.signature() + "'",
                             exact_text(t.ms) + " ms", "above 0");
      const detail::kernel_features x = detail::features_of(t.what, type_, batch_);
      for (kind_model* m : {&models_[kind_of(t.what)], &all_}) {
        m->x.push_back(x);
        m->y.push_back(std::log(t.ms));
      }
    }
    for (auto& [kind, model] : models_) fit(model);
    fit(all_);
  }

  /// Without the look at single kernels, which takes time where many were measured.
  double rough_ms(const kernel& k) const {
    return std::exp(model_of(k).regression.predict(detail::features_of(k, type_, batch_)));
  }

  double ms(const kernel& k) const {
    const kind_model& m = model_of(k);
    const detail::kernel_features x = detail::features_of(k, type_, batch_);
    return std::exp(m.regression.predict(x) + local_deviation(m, x, m.x.size()));
  }

  /// Root mean square of the logarithms of estimate over time, for measured kernels of this one's kind that were left
  /// out one by one: 0.1 is about 10 %.
  double error(const kernel& k) const { return model_of(k).error; }

  /// The same over all measured kernels; `counted`: how many.
  double error() const {
    double squares = 0;
    double count = 0;
    for (const auto& [kind, m] : models_) {
      const kind_model& used = m.y.size() < enough ? all_ : m;
      squares += used.error * used.error * static_cast<double>(m.y.size());
      count += static_cast<double>(m.y.size());
    }
    return std::sqrt(squares / count);
  }

  /// An entry for a table, marked as estimated, whose interval is two such errors wide on either side.
  latency_entry estimate(const kernel& k) const {
    const double time = ms(k);
    const double factor = std::exp(2 * error(k));
    return {.signature = k.signature(),
            .time = {.median_ms = time,
                     .trimmed_mean_ms = time,
                     .minimum_ms = time / factor,
                     .low_ms = time / factor,
                     .high_ms = time * factor,
                     .spread = error(k),
                     .cpu_median_ms = time},
            .estimated = true,
            .network = "estimated from " + std::to_string(model_of(k).y.size()) + " kernels",
            .measured_at = utc_now()};
  }

 private:
  static constexpr std::size_t enough =
      2 * detail::estimator_features;  ///< kernels of a kind for a regression of its own
  static constexpr std::size_t neighbours = 4;
  static constexpr std::size_t most_left_out = 300;

  struct kind_model {
    std::vector<detail::kernel_features> x{};
    std::vector<double> y{};
    std::vector<double> residuals{};
    detail::kernel_features scale{};  ///< of the features, for distances
    detail::ridge_regression regression{};
    bool local = false;  ///< whether looking at the most alike kernels helps
    double error = 0;
  };

  static std::string kind_of(const kernel& k) {
    const layer& l = k.core;
    if (l.is_depthwise()) return "depthwise";
    std::string kind = to_string(l.kind);
    if (l.kind == layer_kind::convolution)
      kind += l.kernel_height * l.kernel_width > 1   ? " window"
              : l.output.height * l.output.width > 1 ? " 1x1"
                                                     : " vector";
    return kind;
  }

  const kind_model& model_of(const kernel& k) const {
    const auto found = models_.find(kind_of(k));
    return found == models_.end() || found->second.y.size() < enough ? all_ : found->second;
  }

  /// Mean residual of the samples that are most like `x`, nearer ones counting more; sample `without` is left out.
  static double local_deviation(const kind_model& m, const detail::kernel_features& x, std::size_t without,
                                bool always = false) {
    if (!m.local && !always) return 0;
    std::array<std::pair<double, double>, neighbours> best;
    best.fill({std::numeric_limits<double>::infinity(), 0});
    for (std::size_t n = 0; n < m.x.size(); ++n) {
      if (n == without) continue;
      double distance = 0;
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double d = (m.x[n][i] - x[i]) * m.scale[i];
        distance += d * d;
      }
      if (distance >= best.back().first) continue;
      best.back() = {distance, m.residuals[n]};
      std::ranges::sort(best);
    }
    double sum = 0;
    double total = 0.25;  // far from all, the regression alone
    for (const auto& [distance, residual] : best) {
      const double w = 1 / (distance + 0.05);
      sum += w * residual;
      total += w;
    }
    return sum / total;
  }

  static void fit(kind_model& m) {
    const std::size_t count = m.y.size();
    m.regression.fit(m.x, m.y);
    for (std::size_t i = 0; i < detail::estimator_features; ++i) {
      double mean = 0;
      double squares = 0;
      for (const auto& x : m.x) mean += x[i] / static_cast<double>(count);
      for (const auto& x : m.x) squares += (x[i] - mean) * (x[i] - mean) / static_cast<double>(count);
      m.scale[i] = squares > 1e-12 ? 1 / std::sqrt(squares) : 0;
    }
    for (std::size_t n = 0; n < count; ++n) m.residuals.push_back(m.y[n] - m.regression.predict(m.x[n]));
    const std::size_t step = std::max<std::size_t>(1, count / most_left_out);
    double plain = 0;
    double local = 0;
    std::size_t tried = 0;
    for (std::size_t n = 0; n < count; n += step, ++tried) {
      const double left_out = m.residuals[n] / (1 - m.regression.leverage(m.x[n]));
      const double rest = left_out - local_deviation(m, m.x[n], n, true);
      plain += left_out * left_out;
      local += rest * rest;
    }
    m.local = count > neighbours && local < plain;
    m.error = std::sqrt(std::min(plain, m.local ? local : plain) / static_cast<double>(tried));
  }

  data_type type_;
  int batch_;
  std::map<std::string, kind_model> models_;
  kind_model all_;
};

}  // namespace nascent
