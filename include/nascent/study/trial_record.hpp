// SPDX-License-Identifier: Apache-2.0
/// \file
/// What a study keeps of each network that was tried.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nascent/base/language.hpp"
#include "nascent/reward/named_reward.hpp"

namespace nascent {

enum class trial_state : std::uint8_t {
  pending,  ///< proposed; its answer is not in
  done,
  failed,   ///< could not be evaluated: told to the searcher as a network that cannot be used
  stopped,  ///< ended early by a policy: told by the last partial result
};
constexpr const char* to_string(trial_state s) {
  switch (s) {
    case trial_state::pending: return "pending";
    case trial_state::done: return "done";
    case trial_state::failed: return "failed";
    case trial_state::stopped: return "stopped";
  }
  return "unknown";
}

/// One time that a worker evaluated a network, or a part of it.
struct attempt_record {
  std::string worker{};  ///< machine, and after the last space a process; empty where it is not known
  double began = 0;      ///< seconds since 1970
  double seconds = 0;
  std::string end{};  ///< "done", "failed", "stopped", "crashed", or "lost" with its machine

  bool has_result() const { return end == "done" || end == "stopped"; }
  bool has_failed() const { return end == "failed" || end == "crashed"; }
};

/// What an evaluation gave: metrics, or why there are none.
struct evaluation {
  metric_map metrics{};
  std::string failure{};              ///< not empty: why there is no result
  bool stopped = false;               ///< ended early; the metrics are those of the last partial result
  double cost = 0;                    ///< in units of your own, such as GPU hours
  double seconds = 0;                 ///< filled in by `run_study`
  int attempts = 1;                   ///< how often it was run
  std::vector<attempt_record> log{};  ///< where and when, if that is known; `work_record` tells it

  static evaluation failed(std::string why) { return {.failure = std::move(why)}; }
};

/// One network that was proposed, and its result.
struct trial_record {
  std::int64_t id = 0;                    ///< 1, 2, ..
  std::vector<int> decisions{};           ///< as `space::encode` gives them
  std::string network{};                  ///< `identity_of` the candidate
  std::optional<std::int64_t> same_as{};  ///< an earlier trial of the same network, whose result is this one's
  trial_state state = trial_state::pending;
  std::vector<double> told{};  ///< what the searcher was told: one number, the higher the better; or several
  evaluation result{};
  std::int64_t worker = 0;
  int starts = 0;          ///< how often a worker took it: more than once where one was killed
  bool asked = true;       ///< false: known from elsewhere, as after a migration
  std::string asked_at{};  ///< "2026-11-29T22:10:18Z"
  std::string told_at{};

  bool is_usable() const {
    return !told.empty() && told.front() > -std::numeric_limits<double>::infinity() && state != trial_state::failed;
  }
  /// Of one that can be used: an objective's limits were kept (see feasible_first), or it had none.
  bool keeps_limits() const { return is_usable() && told.front() > limits_beyond; }
  /// By how much it is beyond them, the sum of relative excesses; 0 where it keeps them.
  double violation() const { return keeps_limits() || !is_usable() ? 0 : told.front() / limits_beyond - 1; }
  double value() const { return told.empty() ? -std::numeric_limits<double>::infinity() : told.front(); }
};

/// Values reported while a trial ran, by rising step.
struct learning_curve {
  std::int64_t trial = 0;
  trial_state state = trial_state::pending;
  struct point {
    std::int64_t step;
    double value;
  };
  std::vector<point> points{};
};

}  // namespace nascent
