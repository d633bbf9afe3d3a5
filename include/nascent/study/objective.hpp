// SPDX-License-Identifier: Apache-2.0
/// \file
/// What a study makes of named metrics: one number to maximise, or several, under limits that are kept first.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "nascent/base/number_text.hpp"
#include "nascent/reward/reward.hpp"
#include "nascent/study/error.hpp"
#include "nascent/study/trial_record.hpp"

namespace nascent {

/// `maximise("accuracy")`, `maximise("accuracy").under("latency_ms", 8)`, `reward_objective(mnas_soft{.target_ms = 8},
/// "accuracy", "latency_ms", "mnas_soft 8 ms")`. Metrics may be of several devices: "gpu_ms", "phone_ms".
class objective {
 public:
  using function = std::function<double(const metric_map&)>;

  /// `text` says what it is: a study refuses to go on with another one.
  objective(std::string text, function judge) : text_(std::move(text)) { judges_.push_back(std::move(judge)); }

  /// A further number to maximise, for searchers that take several.
  objective& also(const objective& other) {
    text_ += ", " + other.text_;
    judges_.insert(judges_.end(), other.judges_.begin(), other.judges_.end());
    return *this;
  }

  /// A limit that is kept first: a network beyond it is worse than all that keep it, the further beyond the worse.
  objective& under(const std::string& metric, double most) {
    if (!(most > 0) || !std::isfinite(most))
      throw study_error("study.option", "objective, limit of " + metric, exact_text(most), "a number above 0");
    text_ += ", " + metric + " <= " + exact_text(most);
    limits_.emplace_back(metric, most);
    return *this;
  }

  const std::string& text() const { return text_; }
  std::size_t count() const { return judges_.size(); }

  /// The numbers. \throws study_error for a metric that is missing or not finite, and for a result that is no number
  std::vector<double> operator()(const metric_map& metrics) const {
    for (const auto& [name, value] : metrics)
      if (!std::isfinite(value)) refuse("metric '" + name + "'", exact_text(value), "a finite number");
    double excess = 0;
    for (const auto& [name, most] : limits_) excess += std::max(0.0, metric(metrics, name) / most - 1);
    std::vector<double> told;
    for (const function& judge : judges_) {
      const double value = judge(metrics);
      if (std::isnan(value) || value == std::numeric_limits<double>::infinity())
        refuse("objective '" + text_ + "'", exact_text(value), "a number");
      told.push_back(excess > 0 ? infeasible * (1 + excess) : value);
    }
    return told;
  }

  /// Whether a network keeps the limits; one without the metrics does not.
  bool keeps_limits(const metric_map& metrics) const {
    for (const auto& [name, most] : limits_)
      if (const auto found = metrics.find(name); found == metrics.end() || !(found->second <= most)) return false;
    return true;
  }

  /// \throws study_error where it is missing
  static double metric(const metric_map& metrics, const std::string& name) {
    const auto found = metrics.find(name);
    if (found != metrics.end()) return found->second;
    std::string there;
    for (const auto& [other, value] : metrics) there += (there.empty() ? "" : ", ") + other;
    refuse("metric '" + name + "'", there.empty() ? "no metrics" : "only " + there, "a number under that name");
  }

 private:
  static constexpr double infeasible = -1e6;  ///< below all rewards

  [[noreturn]] static void refuse(const std::string& where, const std::string& found, const std::string& allowed) {
    throw study_error("study.metric", where, found, allowed);
  }

  std::string text_;
  std::vector<function> judges_{};
  std::vector<std::pair<std::string, double>> limits_{};
};

inline objective maximise(std::string metric) {
  std::string text = "maximise " + metric;
  return {std::move(text), [metric = std::move(metric)](const metric_map& m) { return objective::metric(m, metric); }};
}
inline objective minimise(std::string metric) {
  std::string text = "minimise " + metric;
  return {std::move(text), [metric = std::move(metric)](const metric_map& m) { return -objective::metric(m, metric); }};
}

/// A reward of reward/ over two of the metrics.
template <reward Reward>
objective reward_objective(const Reward& judge, std::string text, std::string accuracy = "accuracy",
                           std::string latency_ms = "latency_ms") {
  return {std::move(text),
          [judge, accuracy = std::move(accuracy), latency_ms = std::move(latency_ms)](const metric_map& m) {
            return static_cast<double>(judge(
                metrics{.accuracy = objective::metric(m, accuracy), .latency_ms = objective::metric(m, latency_ms)}));
          }};
}

}  // namespace nascent
