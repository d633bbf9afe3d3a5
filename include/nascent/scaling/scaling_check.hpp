// SPDX-License-Identifier: Apache-2.0
/// \file
/// Whether scaling found low holds high (EfficientNet-X, 5.2 and Table 6): coefficients that were searched at a low
/// level against those of a direct search at a high one, beside the rules of others; and how sure a triplet is.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "nascent/base/random.hpp"
#include "nascent/scaling/rules.hpp"

namespace nascent {

struct scaling_check_options {
  lacs_options scaling{};  ///< but its targets and its level
  /// Triplets that hold these instead of latency are searched too (EfficientNet's way: MACs), at twice the base's.
  std::vector<growth_bound> bounds{growth_bound::macs};
  std::vector<scaling_rule> rules = published_rules();  ///< judged beside them
};

/// Two networks at the same target, and how far their dimensions are apart.
template <class Space>
struct scaling_check_result {
  lacs_result<Space> low{};   ///< searched at the low level: levels[1] is its network there, levels[2] the one high up
  lacs_result<Space> high{};  ///< searched at the high level
  std::vector<scaling_rule_result<Space>> rules{};  ///< at the high level: low, direct, bounded ones, then the others

  const scaled_candidate<Space>& extrapolated() const { return low.levels[2].candidate; }
  const scaled_candidate<Space>& direct() const { return high.levels[2].candidate; }

  /// Depth, width and resolution that the low level's triplet leads to, relative to the direct search's: the paper has
  /// 75 layers against 79 and 368 against 350 pixels, within 6 %.
  std::array<double, 3> differences() const {
    const dimensions& a = extrapolated().scale;
    const dimensions& b = direct().scale;
    return {a.depth / b.depth - 1, a.width / b.width - 1,
            static_cast<double>(a.resolution) / static_cast<double>(b.resolution) - 1};
  }
  double largest_difference() const {
    double largest = 0;
    for (const double d : differences()) largest = std::max(largest, std::abs(d));
    return largest;
  }
  /// What the cheap search gives away at the high level, in the accuracy's unit: 0 or more, but for the grid's steps.
  std::optional<double> accuracy_lost() const {
    if (!rules[0].accuracy || !rules[1].accuracy) return std::nullopt;
    return *rules[1].accuracy - *rules[0].accuracy;
  }
};

/// Searches triplets at `low_ms` and at `high_ms`, and judges all rules at `high_ms`. \throws as lacs does
template <scalable_space Space, network_metric<scaled_candidate<Space>> Accuracy,
          network_metric<scaled_candidate<Space>> Latency>
scaling_check_result<Space> scaling_check(const Space& s, const candidate<Space>& base, Accuracy&& accuracy,
                                          Latency&& latency, double low_ms, double high_ms,
                                          const scaling_check_options& options = {}) {
  lacs_options o = options.scaling;
  o.targets_ms = {low_ms, high_ms};
  scaling_check_result<Space> result;
  o.search_level = 1;
  result.low = lacs(s, base, accuracy, latency, o);
  o.search_level = 2;
  result.high = lacs(s, base, accuracy, latency, o);
  std::vector<scaling_rule> rules{{"LACS, low", result.low.coefficients, "searched at the low level"},
                                  {"LACS, direct", result.high.coefficients, "searched at the high level"}};
  for (const growth_bound bound : options.bounds)
    rules.push_back(bounded_rule(s, base, accuracy, bound, 2, options.scaling));
  rules.insert(rules.end(), options.rules.begin(), options.rules.end());
  result.rules = compare_rules(s, base, accuracy, latency, rules, high_ms, options.scaling);
  return result;
}

struct coefficient_interval_options {
  int draws = 1000;             ///< 1 or more
  double confidence = 0.9;      ///< above 0, below 1
  double accuracy_noise = 0;    ///< standard deviation of one accuracy, in its unit: of training again, for instance
  std::size_t neighbours = 24;  ///< of the best triplet, that the surface is fitted to; 10 or more
  std::uint64_t seed = 0;
};

/// Where the best triplet may lie. Coefficients are of a doubling of MACs, as lacs gives them.
struct coefficient_interval {
  compound_coefficients low{};
  compound_coefficients high{};
  compound_coefficients middle{};  ///< medians
  int draws = 0;
};

namespace detail {

/// A quadratic in the shares of depth and width, by least squares.
class share_surface {
 public:
  static constexpr std::size_t terms = 6;

  struct sample {
    growth_shares shares;
    double accuracy;
  };

  /// False where the samples do not determine it.
  bool fit(const std::vector<sample>& samples) {
    std::array<std::array<double, terms + 1>, terms> a{};
    for (const sample& s : samples) {
      const std::array<double, terms> x = terms_of(s.shares.depth, s.shares.width);
      for (std::size_t i = 0; i < terms; ++i) {
        for (std::size_t j = 0; j < terms; ++j) a[i][j] += x[i] * x[j];
        a[i][terms] += x[i] * s.accuracy;
      }
    }
    for (std::size_t i = 0; i < terms; ++i) {
      std::size_t pivot = i;
      for (std::size_t j = i + 1; j < terms; ++j)
        if (std::abs(a[j][i]) > std::abs(a[pivot][i])) pivot = j;
      if (std::abs(a[pivot][i]) < 1e-12) return false;
      std::swap(a[i], a[pivot]);
      for (std::size_t j = 0; j < terms; ++j) {
        if (j == i) continue;
        const double factor = a[j][i] / a[i][i];
        for (std::size_t k = i; k <= terms; ++k) a[j][k] -= factor * a[i][k];
      }
    }
    for (std::size_t i = 0; i < terms; ++i) weights_[i] = a[i][terms] / a[i][i];
    return true;
  }

  /// The highest point between the least and the largest shares of the samples, in steps of 1 / 60: the surface is
  /// known no better, and beyond them not at all.
  growth_shares best(const growth_shares& least, const growth_shares& most) const {
    constexpr int steps = 60;
    growth_shares found = least;
    double highest = -std::numeric_limits<double>::infinity();
    const auto between = [](double low, double value, double high) { return low <= value && value <= high; };
    for (int d = 0; d <= steps; ++d)
      for (int w = 0; d + w <= steps; ++w) {
        const growth_shares at{1.0 * d / steps, 1.0 * w / steps, 1.0 * (steps - d - w) / steps};
        if (!between(least.depth, at.depth, most.depth) || !between(least.width, at.width, most.width) ||
            !between(least.resolution, at.resolution, most.resolution))
          continue;
        const std::array<double, terms> x = terms_of(at.depth, at.width);
        double value = 0;
        for (std::size_t i = 0; i < terms; ++i) value += weights_[i] * x[i];
        if (value > highest) {
          highest = value;
          found = at;
        }
      }
    return found;
  }

 private:
  static std::array<double, terms> terms_of(double depth, double width) {
    return {1, depth, width, depth * depth, depth * width, width * width};
  }
  std::array<double, terms> weights_{};
};

}  // namespace detail

/// How sure LACS' triplet is, by the bootstrap: the triplets around the best are drawn again with replacement, each
/// accuracy with its noise, a quadratic surface is fitted, and its highest point taken among the shares that were tried
/// there. Rounding of layers and widths is in the triplets themselves. None where too few triplets could be judged: 10
/// and more are needed. \throws scaling_error for options out of range
template <class Space>
std::optional<coefficient_interval> bootstrap_coefficients(const lacs_result<Space>& found,
                                                           const coefficient_interval_options& options = {}) {
  detail::check_scaling(options.draws >= 1 && options.draws <= 1000000, "coefficient_interval_options.draws",
                        options.draws, "1 to 1000000");
  detail::check_scaling(options.confidence > 0 && options.confidence < 1, "coefficient_interval_options.confidence",
                        options.confidence, "above 0, below 1");
  detail::check_scaling(options.accuracy_noise >= 0 && options.accuracy_noise < 1e6,
                        "coefficient_interval_options.accuracy_noise", options.accuracy_noise, "0 or more");
  detail::check_scaling(options.neighbours >= 10, "coefficient_interval_options.neighbours",
                        static_cast<double>(options.neighbours), "10 or more");
  using sample = detail::share_surface::sample;
  std::vector<sample> known;
  for (const lacs_trial<Space>& t : found.trials)
    if (t.is_usable() && t.judged) known.push_back({detail::growth_shares::of(t.coefficients), t.judged->accuracy});
  if (known.size() < 10) return std::nullopt;
  const auto best = detail::growth_shares::of(found.coefficients);
  std::ranges::sort(known, {}, [&](const sample& s) {  // no ties: the same on every machine
    return std::tuple(s.shares.distance(best), s.shares.depth, s.shares.width);
  });
  known.resize(std::min(known.size(), options.neighbours));

  constexpr double rounding = 1e-9;
  detail::growth_shares least = best;
  detail::growth_shares most = best;
  for (const sample& s : known) {
    least = {std::min(least.depth, s.shares.depth - rounding), std::min(least.width, s.shares.width - rounding),
             std::min(least.resolution, s.shares.resolution - rounding)};
    most = {std::max(most.depth, s.shares.depth + rounding), std::max(most.width, s.shares.width + rounding),
            std::max(most.resolution, s.shares.resolution + rounding)};
  }
  random_engine rng(options.seed);
  const auto normal = [&] {  // Box and Muller, the same on every compiler
    const double radius = std::sqrt(-2 * std::log(1 - random_unit(rng)));
    return radius * std::cos(2 * std::numbers::pi * random_unit(rng));
  };
  std::array<std::vector<double>, 3> drawn;
  std::vector<sample> again(known.size());
  detail::share_surface surface;
  for (int draw = 0, tries = 0; draw < options.draws && tries < 4 * options.draws + 100; ++tries) {
    for (sample& s : again) {
      s = known[random_below(rng, known.size())];
      if (options.accuracy_noise > 0) s.accuracy += options.accuracy_noise * normal();
    }
    if (!surface.fit(again)) continue;
    const compound_coefficients c = surface.best(least, most).coefficients();
    drawn[0].push_back(c.alpha);
    drawn[1].push_back(c.beta);
    drawn[2].push_back(c.gamma);
    ++draw;
  }
  if (drawn[0].empty()) return std::nullopt;
  coefficient_interval interval{.draws = static_cast<int>(drawn[0].size())};
  const auto at = [&](double share) {
    std::array<double, 3> values{};
    for (std::size_t i = 0; i < 3; ++i) {
      std::ranges::sort(drawn[i]);
      values[i] = drawn[i][static_cast<std::size_t>(std::lround(share * static_cast<double>(drawn[i].size() - 1)))];
    }
    return compound_coefficients{values[0], values[1], values[2]};
  };
  interval.low = at((1 - options.confidence) / 2);
  interval.high = at((1 + options.confidence) / 2);
  interval.middle = at(0.5);
  return interval;
}

}  // namespace nascent
