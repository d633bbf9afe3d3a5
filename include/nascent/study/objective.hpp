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
#include "nascent/reward/named_reward.hpp"
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

  /// A limit that is kept first: a network beyond it is worse than all that keep it, the further beyond the worse (see
  /// feasible_first). \throws study_error for a limit that is not above 0
  objective& under(const std::string& metric, double most) { return within({.metric = metric, .most = most}); }
  /// The same from below: `minimise("phone_ms").at_least("accuracy", 75)`.
  objective& at_least(const std::string& metric, double least) { return within({.metric = metric, .least = least}); }
  objective& within(metric_limit limit) {
    try {
      limit.check();
    } catch (const reward_error& e) {
      throw study_error("study.option", "objective, " + std::string(e.where()), std::string(e.found()),
                        std::string(e.allowed()));
    }
    text_ += ", " + limit.text();
    limits_.push_back(std::move(limit));
    return *this;
  }

  const std::string& text() const { return text_; }
  std::size_t count() const { return judges_.size(); }

  /// The numbers. \throws study_error for a metric that is missing or not finite, and for a result that is no number
  std::vector<double> operator()(const metric_map& metrics) const {
    for (const auto& [name, value] : metrics)
      if (!std::isfinite(value)) refuse("metric '" + name + "'", exact_text(value), "a finite number");
    for (const metric_limit& l : limits_) metric(metrics, l.metric);
    const double excess = violation(metrics, limits_);
    std::vector<double> told;
    for (const function& judge : judges_) {
      const double value = judge(metrics);
      if (std::isnan(value) || value == std::numeric_limits<double>::infinity())
        refuse("objective '" + text_ + "'", exact_text(value), "a number");
      if (value <= kept::beyond && value > -std::numeric_limits<double>::infinity() && !limits_.empty())
        refuse("objective '" + text_ + "'", exact_text(value), "above " + exact_text(kept::beyond));
      told.push_back(excess > 0 ? kept::worth(excess) : value);
    }
    return told;
  }

  /// Whether a network keeps the limits; one without the metrics does not.
  bool keeps_limits(const metric_map& metrics) const {
    return std::ranges::all_of(limits_, [&](const metric_limit& l) {
      const auto found = metrics.find(l.metric);
      return found != metrics.end() && l.holds(found->second);
    });
  }

  /// \throws study_error where it is missing
  static double metric(const metric_map& metrics, const std::string& name) {
    try {
      return metric_of(metrics, name);
    } catch (const reward_error& e) {
      refuse(std::string(e.where()), std::string(e.found()), std::string(e.allowed()));
    }
  }

 private:
  using kept = feasible_first<function>;

  [[noreturn]] static void refuse(const std::string& where, const std::string& found, const std::string& allowed) {
    throw study_error("study.metric", where, found, allowed);
  }

  std::string text_;
  std::vector<function> judges_{};
  std::vector<metric_limit> limits_{};
};

inline objective maximise(std::string metric) {
  std::string text = "maximise " + metric;
  return {std::move(text), [metric = std::move(metric)](const metric_map& m) { return objective::metric(m, metric); }};
}
inline objective minimise(std::string metric) {
  std::string text = "minimise " + metric;
  return {std::move(text), [metric = std::move(metric)](const metric_map& m) { return -objective::metric(m, metric); }};
}

/// A reward over several of them: `reward_objective(weighted_product{.targets = {{"gpu_ms", 3}, {"phone_ms", 40}}})`.
inline objective reward_objective(const weighted_product& judge) {
  return {judge.text(), [judge](const metric_map& m) { return judge(m); }};
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
