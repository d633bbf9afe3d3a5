// SPDX-License-Identifier: Apache-2.0
/// \file
/// When a network that is being evaluated is not worth its end: policies over what was reported by step.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "nascent/study/error.hpp"
#include "nascent/study/trial_record.hpp"

namespace nascent {

/// Stops a trial whose best value so far is below the median of the others' means up to the same step (Golovin et al.,
/// 2017, section 3.2.2).
struct median_rule {
  std::size_t least_trials = 5;  ///< finished ones that reached the step
  std::int64_t first_step = 1;   ///< none is stopped before

  bool operator()(const learning_curve& mine, const std::vector<learning_curve>& all) const {
    if (mine.points.empty() || mine.points.back().step < first_step) return false;
    const std::int64_t step = mine.points.back().step;
    std::vector<double> means;
    for (const learning_curve& other : all) {
      if (other.trial == mine.trial || other.state != trial_state::done || other.points.back().step < step) continue;
      double sum = 0;
      std::size_t n = 0;
      for (; n < other.points.size() && other.points[n].step <= step; ++n) sum += other.points[n].value;
      if (n > 0) means.push_back(sum / static_cast<double>(n));
    }
    if (means.size() < least_trials || means.empty()) return false;
    const auto middle = means.begin() + static_cast<std::ptrdiff_t>(means.size() / 2);
    std::ranges::nth_element(means, middle);
    double best = mine.points.front().value;
    for (const auto& p : mine.points) best = std::max(best, p.value);
    return best < *middle;
  }
};

/// Asynchronous successive halving (Li et al., 2020): at steps first, first x factor, first x factor^2, .. a trial goes
/// on only where its value is among the best 1 / factor of those that got there, itself included.
struct successive_halving {
  std::int64_t first = 1;
  std::int64_t factor = 3;

  /// \throws study_error for options out of range
  bool operator()(const learning_curve& mine, const std::vector<learning_curve>& all) const {
    if (first < 1 || factor < 2)
      throw study_error("study.option", first < 1 ? "successive_halving.first" : "successive_halving.factor",
                        std::to_string(first < 1 ? first : factor), first < 1 ? "1 or more" : "2 or more");
    if (mine.points.empty()) return false;
    const std::int64_t now = mine.points.back().step;
    const std::int64_t before = mine.points.size() > 1 ? mine.points[mine.points.size() - 2].step : 0;
    std::optional<std::int64_t> rung;
    for (std::int64_t r = first; r <= now; r *= factor) {
      if (r > before) rung = r;
      if (r > now / factor) break;
    }
    if (!rung) return false;
    const double value = mine.points.back().value;
    std::size_t there = 1;
    std::size_t better = 0;
    for (const learning_curve& other : all) {
      if (other.trial == mine.trial) continue;
      const auto at = std::ranges::find_if(other.points, [&](const auto& p) { return p.step >= *rung; });
      if (at == other.points.end()) continue;
      ++there;
      better += at->value > value;
    }
    return better >=
           std::max<std::size_t>(1, (there + static_cast<std::size_t>(factor) - 1) / static_cast<std::size_t>(factor));
  }
};

/// One of the policies, or none.
using early_stopping = std::variant<std::monostate, median_rule, successive_halving>;

/// Whether `mine` is to end now. \throws study_error
inline bool should_stop(const early_stopping& policy, const learning_curve& mine,
                        const std::vector<learning_curve>& all) {
  if (const auto* median = std::get_if<median_rule>(&policy)) return (*median)(mine, all);
  if (const auto* halving = std::get_if<successive_halving>(&policy)) return (*halving)(mine, all);
  return false;
}

}  // namespace nascent
