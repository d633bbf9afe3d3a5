// SPDX-License-Identifier: Apache-2.0
/// \file
/// Rewards over named metrics, such as the latencies of several devices: products with a target for each, and limits
/// that come before any reward.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nascent/base/number_text.hpp"
#include "nascent/reward/reward.hpp"

namespace nascent {

/// Named figures of a network: "accuracy", "macs", "server_ms", "phone_ms".
using metric_map = std::map<std::string, double, std::less<>>;

/// The figure of that name. \throws reward_error where there is none: it lists those that there are
inline double metric_of(const metric_map& metrics, std::string_view name) {
  if (const auto found = metrics.find(name); found != metrics.end()) return found->second;
  std::string there;
  for (const auto& [other, value] : metrics) there += (there.empty() ? "" : ", ") + other;
  throw reward_error("reward.metric", "metric '" + std::string(name) + "'",
                     there.empty() ? "no metrics" : "only " + there, "a number under that name");
}

/// A metric that is the less the better, and what it should be: `{"phone_ms", 40}`.
struct metric_target {
  std::string metric{};
  double target = 0;
  double weight = -0.09;  ///< 0 or below: a metric of twice the target multiplies the reward by 2^weight
  bool hard = false;      ///< nothing is gained below the target
};

/// gain x product of (metric / target)^weight over several metrics: MnasNet's reward (Tan et al., 2019) for as many
/// devices as one likes. With one target it is `mnas_soft`, or `mnas_hard` where that is hard.
///
///     weighted_product{.targets = {{"server_ms", 3}, {"phone_ms", 40, -0.07}}}
///
/// \throws reward_error for targets and weights out of range, and for metrics that are missing or out of range
struct weighted_product {
  std::string gain = "accuracy";  ///< a metric of 0 or more that is the more the better
  std::vector<metric_target> targets{};

  double operator()(const metric_map& metrics) const {
    double value = metric_of(metrics, gain);
    demand(value >= 0 && std::isfinite(value), "reward.metric", ", metric " + gain, value, "0 or above");
    for (const metric_target& t : targets) {
      demand(detail::is_positive(t.target), "reward.option", ", target of " + t.metric, t.target, "above 0");
      demand(t.weight <= 0 && std::isfinite(t.weight), "reward.option", ", weight of " + t.metric, t.weight,
             "0 or below");
      const double spent = metric_of(metrics, t.metric);
      demand(detail::is_positive(spent), "reward.metric", ", metric " + t.metric, spent, "above 0");
      if (!t.hard || spent > t.target) value *= std::pow(spent / t.target, t.weight);
    }
    return value;
  }

  /// What it is, for studies: "accuracy x (server_ms / 3)^-0.09 x min(1, (phone_ms / 40)^-1)".
  std::string text() const {
    std::string words = gain;
    for (const metric_target& t : targets) {
      const std::string factor = "(" + t.metric + " / " + exact_text(t.target) + ")^" + exact_text(t.weight);
      words += " x " + (t.hard ? "min(1, " + factor + ")" : factor);
    }
    return words;
  }

 private:
  static void demand(bool ok, error_code code, const std::string& what, double found, const char* allowed) {
    if (!ok) throw reward_error(code, "weighted_product" + what, exact_text(found), allowed);
  }
};

/// What a metric may be: `{.metric = "macs", .most = 3e8}`, `{.metric = "accuracy", .least = 75}`, or both.
struct metric_limit {
  std::string metric{};
  double most = std::numeric_limits<double>::infinity();    ///< above 0
  double least = -std::numeric_limits<double>::infinity();  ///< above 0 where there is one

  bool holds(double value) const { return value <= most && value >= least; }
  /// How far a value is beyond, in parts of the limit; 0 where it is kept.
  double excess(double value) const {
    if (holds(value)) return 0;
    const double over = value > most ? value / most - 1 : 1 - value / least;
    return std::clamp(over, std::numeric_limits<double>::min(), largest_excess);
  }
  std::string text() const {
    std::string words;
    if (std::isfinite(least)) words = metric + " >= " + exact_text(least);
    if (std::isfinite(most)) words += (words.empty() ? "" : ", ") + metric + " <= " + exact_text(most);
    return words;
  }
  /// \throws reward_error for limits that say nothing, and for those that a share of means nothing
  void check() const {
    const bool has_most = most != std::numeric_limits<double>::infinity();
    const bool has_least = least != -std::numeric_limits<double>::infinity();
    if (!has_most && !has_least)
      throw reward_error("reward.option", "limit of " + metric, "neither most nor least", "one of them, or both");
    if (has_most && !detail::is_positive(most))
      throw reward_error("reward.option", "limit of " + metric, exact_text(most), "a number above 0");
    if (has_least && !detail::is_positive(least))
      throw reward_error("reward.option", "limit of " + metric, exact_text(least), "a number above 0");
    if (has_most && has_least && least > most)
      throw reward_error("reward.option", "limit of " + metric, exact_text(least) + " to " + exact_text(most),
                         "a least that is at most the most");
  }

 private:
  static constexpr double largest_excess = 1e100;
};

/// By how much a network is beyond limits: the sum of their excesses; 0 where it keeps all of them.
/// \throws reward_error for a metric that is missing
inline double violation(const metric_map& metrics, const std::vector<metric_limit>& limits) {
  double sum = 0;
  for (const metric_limit& l : limits) {
    const double value = metric_of(metrics, l.metric);
    if (std::isnan(value)) throw reward_error("reward.metric", "metric '" + l.metric + "'", "nan", "a number");
    sum += l.excess(value);
  }
  return sum;
}

/// What networks beyond limits are worth at most; all that keep them are worth more.
inline constexpr double limits_beyond = -1e100;

/// Feasible first (Deb, 2000): what keeps all limits is better than anything beyond them, and is judged by the reward;
/// of two beyond, the one that is less so is better, whatever they gain. So a limit is a limit to every searcher that
/// is told one number, and those that start outside find their way in.
///
///     feasible_first judge{weighted_product{...}, {{.metric = "macs", .most = 3e8}, {.metric = "phone_ms", .most =
///     40}}};
template <reward<metric_map> Reward>
class feasible_first {
 public:
  /// What a violation of 0 would be worth: rewards are above it.
  static constexpr double beyond = limits_beyond;

  /// \throws reward_error, see metric_limit::check
  feasible_first(Reward judge, std::vector<metric_limit> limits)
      : judge_(std::move(judge)), limits_(std::move(limits)) {
    for (const metric_limit& l : limits_) l.check();
  }

  const std::vector<metric_limit>& limits() const { return limits_; }

  /// \throws reward_error for a metric of a limit that is missing, and for a reward that is not above `beyond`; what
  /// the reward throws
  double operator()(const metric_map& metrics) const {
    if (const double excess = violation(metrics, limits_); excess > 0) return worth(excess);
    const auto value = static_cast<double>(judge_(metrics));
    if (value <= beyond && value > -std::numeric_limits<double>::infinity())
      throw reward_error("reward.metric", "feasible_first, reward", exact_text(value),
                         "above " + exact_text(beyond) + ", or -inf for a network that cannot be used");
    return value;
  }

  /// Of a network that is so much beyond its limits.
  static constexpr double worth(double excess) { return beyond * (1 + excess); }

 private:
  Reward judge_;
  std::vector<metric_limit> limits_;
};

}  // namespace nascent
