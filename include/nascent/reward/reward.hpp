// SPDX-License-Identifier: Apache-2.0
/// \file
/// Rewards: what makes one network better than another, from its accuracy and its latency, as one number to maximise.
///
/// A reward is any callable over a structure of named metrics, so a lambda will do, and so will metrics of your own:
///
///     struct my_metrics { double accuracy; double latency_ms; double energy_mj; };
///     auto thrifty = [](const my_metrics& m) { return m.accuracy - 0.01 * m.energy_mj; };
#pragma once

#include <cmath>
#include <concepts>
#include <limits>
#include <string>
#include <type_traits>

#include "nascent/base/error.hpp"
#include "nascent/base/number_text.hpp"

namespace nascent {

/// What is known of a network when it is judged.
struct metrics {
  double accuracy = 0;    ///< a fraction or per cent: whatever the accuracy callable gives
  double latency_ms = 0;  ///< milliseconds

  friend constexpr bool operator==(const metrics&, const metrics&) = default;
};

/// Any callable that gives a number for metrics: the higher, the better.
template <class Reward, class Metrics = metrics>
concept reward = requires(const Reward& r, const Metrics& m) {
  { r(m) } -> std::convertible_to<double>;
};

/// Metrics that the rewards below take: they have these two names, perhaps among others.
template <class Metrics>
concept accuracy_and_latency = requires(const Metrics& m) {
  { m.accuracy } -> std::convertible_to<double>;
  { m.latency_ms } -> std::convertible_to<double>;
};

/// A reward with parameters, or metrics, that make no sense. The text says which, what was found, and what is allowed.
struct reward_error : error {
  using error::error;
};

namespace detail {

/// Above 0 and finite; false for NaN.
constexpr bool is_positive(double value) { return value > 0 && value <= std::numeric_limits<double>::max(); }

constexpr void check_reward(const char* name, double target_ms, double weight, const accuracy_and_latency auto& m) {
  if (!is_positive(target_ms))
    throw reward_error("reward.option", std::string(name) + ".target_ms", exact_text(target_ms), "above 0");
  if (!(weight <= 0) || weight < -std::numeric_limits<double>::max())
    throw reward_error("reward.option", std::string(name) + ".weight", exact_text(weight), "0 or below");
  if (!is_positive(m.latency_ms))
    throw reward_error("reward.metric", std::string(name) + ", metric latency_ms", exact_text(m.latency_ms), "above 0");
  if (!(m.accuracy >= 0) || m.accuracy > std::numeric_limits<double>::max())
    throw reward_error("reward.metric", std::string(name) + ", metric accuracy", exact_text(m.accuracy), "0 or above");
}

/// A penalty in units of accuracy depends on whether that is a fraction or per cent: a mix-up must not pass.
constexpr void check_scale(const char* name, double full_scale, double accuracy) {
  if (!is_positive(full_scale))
    throw reward_error("reward.option", std::string(name) + ".full_scale", exact_text(full_scale), "above 0: 1 or 100");
  if (accuracy > full_scale)
    throw reward_error("reward.metric", std::string(name) + ", metric accuracy", exact_text(accuracy),
                       "0 up to full_scale = " + exact_text(full_scale) + "; 100 for per cent");
}

}  // namespace detail

/// accuracy x (latency / target)^weight: MnasNet-Soft (Tan et al., 2019), `mnas` in TuNAS. Faster than the target pays
/// too. MnasNet used -0.07, EfficientNet-X -0.09. Fraction or per cent: the order is the same. \throws reward_error
struct mnas_soft {
  double target_ms = 0;
  double weight = -0.09;

  double operator()(const accuracy_and_latency auto& m) const {
    detail::check_reward("mnas_soft", target_ms, weight, m);
    return m.accuracy * std::pow(m.latency_ms / target_ms, weight);
  }
};

/// accuracy x min(1, (latency / target)^weight): the hard variant (MnasNet with weight -1). Nothing is gained below the
/// target. \throws reward_error
struct mnas_hard {
  double target_ms = 0;
  double weight = -1;

  double operator()(const accuracy_and_latency auto& m) const {
    detail::check_reward("mnas_hard", target_ms, weight, m);
    return m.latency_ms <= target_ms ? m.accuracy : m.accuracy * std::pow(m.latency_ms / target_ms, weight);
  }
};

/// accuracy + weight x |latency / target - 1|: TuNAS' absolute reward (Bender et al., 2020). It pulls towards the
/// target from both sides. The weight is meant for accuracy as a fraction; `full_scale` = 100 for per cent. \throws
/// reward_error
struct absolute {
  double target_ms = 0;
  double weight = -0.10;
  double full_scale = 1;  ///< the accuracy of a perfect network: 1 or 100

  constexpr double operator()(const accuracy_and_latency auto& m) const {
    detail::check_reward("absolute", target_ms, weight, m);
    detail::check_scale("absolute", full_scale, m.accuracy);
    const double excess = m.latency_ms / target_ms - 1;
    return m.accuracy + weight * full_scale * (excess < 0 ? -excess : excess);
  }
};

/// accuracy + weight x max(0, latency / target - 1): `absolute` on the slow side only; below the target accuracy alone
/// counts. `full_scale` as there. \throws reward_error
struct additive {
  double target_ms = 0;
  double weight = -0.10;
  double full_scale = 1;  ///< the accuracy of a perfect network: 1 or 100

  constexpr double operator()(const accuracy_and_latency auto& m) const {
    detail::check_reward("additive", target_ms, weight, m);
    detail::check_scale("additive", full_scale, m.accuracy);
    const double excess = m.latency_ms / target_ms - 1;
    return m.accuracy + (excess > 0 ? weight * full_scale * excess : 0.0);
  }
};

}  // namespace nascent
