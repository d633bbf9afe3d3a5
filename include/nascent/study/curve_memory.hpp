// SPDX-License-Identifier: Apache-2.0
/// \file
/// The learning curves of a study, kept in memory as long as nobody else writes its file: a policy looks at all of them
/// each time that something is reported.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "nascent/study/trial_record.hpp"

namespace nascent {

/// Curves by rising trial, as `study_store::curves` reads them, and what this process has written since.
class curve_memory {
  /// Where the curve of a trial is, or belongs.
  static auto place_of(auto& curves, std::int64_t trial) {
    return std::ranges::lower_bound(curves, trial, {}, &learning_curve::trial);
  }
  bool is_at(std::vector<learning_curve>::const_iterator at, std::int64_t trial) const {
    return at != curves_.end() && at->trial == trial;
  }

 public:
  /// Whether they are those of a file of that version (`study_store::version_of_others`).
  bool is_of(std::int64_t now) const { return version_ == now; }
  void take(std::int64_t now, std::vector<learning_curve>&& curves) {
    version_ = now;
    curves_ = std::move(curves);
  }
  /// Forgets all.
  void clear() { version_.reset(); }

  const std::vector<learning_curve>& all() const { return curves_; }
  /// The curve of a trial; null where it has none.
  const learning_curve* find(std::int64_t trial) const {
    const auto at = place_of(curves_, trial);
    return is_at(at, trial) ? &*at : nullptr;
  }

  /// A point of a trial that is pending; the last one of a step counts.
  void add(std::int64_t trial, std::int64_t step, double value) {
    auto curve = place_of(curves_, trial);
    if (!is_at(curve, trial)) curve = curves_.insert(curve, {.trial = trial});
    auto point = std::ranges::lower_bound(curve->points, step, {}, &learning_curve::point::step);
    if (point == curve->points.end() || point->step != step) point = curve->points.insert(point, {step, value});
    point->value = value;
  }
  void finish(std::int64_t trial, trial_state state) {
    if (const auto at = place_of(curves_, trial); is_at(at, trial)) at->state = state;
  }
  /// It is begun again.
  void forget(std::int64_t trial) {
    std::erase_if(curves_, [&](const learning_curve& c) { return c.trial == trial; });
  }

 private:
  std::vector<learning_curve> curves_{};
  std::optional<std::int64_t> version_{};
};

}  // namespace nascent
