// SPDX-License-Identifier: Apache-2.0
/// \file
/// Follows constraints that are data through the steps of a trellis: by running totals, as in counting.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "nascent/space/detail/constraint_set.hpp"

namespace nascent::detail {

class constraint_follower {
 public:
  /// `step_of` says which step decides a slot. Raises `until` to the last step at which a slot is looked at.
  void plan(const constraint_set& set, const std::vector<int>& step_of, std::size_t steps, std::vector<int>& until) {
    set_ = set;
    std::size_t most = set.count;
    for (std::size_t c = 0; c < set.count; ++c) most += static_cast<std::size_t>(set.constraints[c].terms);
    events_.resize(most);
    events_.resize(list_events(set, step_of.data(), static_cast<int>(steps), events_.data()));
    hold_slots(set, step_of.data(), until.data());
    totals_.resize(set.count);
    running_.resize(steps + 1);
    first_event_.assign(steps + 1, events_.size());
    for (std::size_t e = events_.size(); e-- > 0;)
      for (int p = 0; p <= events_[e].step; ++p) first_event_[static_cast<std::size_t>(p)] = e;
    for (std::size_t e = 0; e < events_.size(); ++e) {
      if (events_[e].term < 0 || events_[e].last) continue;
      std::size_t next = e + 1;
      while (events_[next].before != static_cast<int>(e)) ++next;
      for (int p = events_[e].step + 1; p <= events_[next].step; ++p)
        running_[static_cast<std::size_t>(p)].push_back(events_[e].constraint);
    }
  }

  /// What a step makes of the totals before it, which `keep` gave; false where a constraint breaks.
  bool follow(std::size_t step, const std::vector<std::int64_t>& before, const digit* digits) {
    if (events_.empty()) return true;
    for (std::size_t c = 0; c < set_.count; ++c) totals_[c] = neutral(set_.constraints[c].kind);
    for (std::size_t i = 0; i < before.size(); ++i) totals_[static_cast<std::size_t>(running_[step][i])] = before[i];
    for (std::size_t n = first_event_[step]; n < first_event_[step + 1]; ++n) {
      const constraint_event& e = events_[n];
      const auto c = static_cast<std::size_t>(e.constraint);
      if (e.term < 0) {
        if (!can_hold<true>(set_, set_.constraints[c], digits)) return false;
      } else {
        totals_[c] = advance(set_, e, totals_[c], digits);
        if (totals_[c] == broken_total) return false;
      }
    }
    return true;
  }

  /// The totals that a state before a step holds.
  void keep(std::size_t step, std::vector<std::int64_t>& totals) const {
    for (const int c : running_[step]) totals.push_back(totals_[static_cast<std::size_t>(c)]);
  }

 private:
  constraint_set set_{};
  std::vector<constraint_event> events_;
  std::vector<std::size_t> first_event_;   ///< of each step, and the end
  std::vector<std::vector<int>> running_;  ///< constraints whose totals a state before each step holds
  std::vector<std::int64_t> totals_;       ///< by constraint
};

}  // namespace nascent::detail
