// SPDX-License-Identifier: Apache-2.0
/// \file
/// In which steps bounds of cost go through a space, and what must be in mind between them. In constant expressions
/// too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "nascent/space/detail/constraint_set.hpp"

namespace nascent::detail {

enum class bound_step_kind : std::uint8_t {
  stage,    ///< a whole stage of equal layers
  choices,  ///< a stage of independent layers: how many there are, and what they share
  layer,    ///< one of them
  end,      ///< the connection after the last
};

struct bound_step {
  bound_step_kind kind = bound_step_kind::stage;
  int stage = 0;
  int layer = 0;
};

/// What a state before a step is told apart by: the map, the decisions, the outputs of stages, the totals of
/// constraints that later steps look at.
struct bound_plan {
  std::vector<bound_step> steps{};
  std::vector<int> step_of{};                ///< that decides a slot
  std::vector<int> until{};                  ///< the last step that looks at it
  std::vector<int> slots{};                  ///< that are looked at after their step
  std::vector<int> sources{};                ///< stages whose outputs are
  std::vector<int> source_from{};            ///< by source: the step after which it is there
  std::vector<int> source_until{};           ///< by source
  std::vector<constraint_event> events{};    ///< of constraints that are data
  std::vector<int> predicates_at{};          ///< by constraint: the step that completes it; -1 for data
  std::size_t width = 4;                     ///< of a key
  std::size_t totals = 0;                    ///< of a key
  std::vector<char> looks_at_constraints{};  ///< by step

  constexpr bool is_looked_at(int slot, std::size_t from) const {
    return until[static_cast<std::size_t>(slot)] >= static_cast<int>(from);
  }
};

template <class Source>
constexpr bound_plan plan_bounds(const Source& space, const constraint_set& set) {
  bound_plan plan;
  const std::size_t stages = space.stages();
  std::vector<int> last_step(stages, 0);
  plan.step_of.assign(space.slots() + 1, -1);
  plan.until.assign(space.slots() + 1, -1);
  const auto decides = [&](int from, int to) {
    for (int k = from; k < to; ++k) plan.step_of[static_cast<std::size_t>(k)] = static_cast<int>(plan.steps.size()) - 1;
  };
  for (std::size_t i = 0; i < stages; ++i) {
    const stage_facts& f = space.facts(i);
    const int first = space.first_slot(i);
    const int stage = static_cast<int>(i);
    if (!f.independent) {
      plan.steps.push_back({bound_step_kind::stage, stage, 0});
      decides(first, first + f.slot_count);
    } else {
      plan.steps.push_back({bound_step_kind::choices, stage, 0});
      decides(first, first + f.slot_count);
      for (int j = 0; j < f.max_layers; ++j) {
        plan.steps.push_back({bound_step_kind::layer, stage, j});
        decides(first + f.block_slot + j * f.slots_per_layer, first + f.block_slot + (j + 1) * f.slots_per_layer);
      }
      if (space.has_skip(i)) plan.steps.push_back({bound_step_kind::end, stage, 0});
      for (int k = first; k < first + f.slot_count; ++k)
        if (k < first + f.block_slot || k >= first + f.stride_slot)
          plan.until[static_cast<std::size_t>(k)] = static_cast<int>(plan.steps.size()) - 1;
    }
    last_step[i] = static_cast<int>(plan.steps.size()) - 1;
  }
  const auto need = [](int& until, int step) { until = step > until ? step : until; };
  space.for_each_tie(
      [&](std::size_t stage, int slot) { need(plan.until[static_cast<std::size_t>(slot)], last_step[stage]); });
  plan.looks_at_constraints.assign(plan.steps.size(), 0);
  plan.predicates_at.assign(set.count, -1);
  std::size_t most = 0;
  for (std::size_t c = 0; c < set.count; ++c) {
    const joint_constraint& one = set.constraints[c];
    most += static_cast<std::size_t>(one.terms) + 1;
    if (one.terms > 0) continue;
    const int last = completed_by(plan.step_of.data(), set.slots + one.first_slot, one.slots);
    plan.predicates_at[c] = last;
    plan.looks_at_constraints[static_cast<std::size_t>(last)] = 1;
    for (int s = 0; s < one.slots; ++s) need(plan.until[static_cast<std::size_t>(set.slots[one.first_slot + s])], last);
  }
  if (set.count > 0) {
    plan.events.resize(most);
    plan.events.resize(list_events(set, plan.step_of.data(), static_cast<int>(plan.steps.size()), plan.events.data()));
    hold_slots(set, plan.step_of.data(), plan.until.data());
    for (const constraint_event& e : plan.events) plan.looks_at_constraints[static_cast<std::size_t>(e.step)] = 1;
    plan.totals = plan.events.empty() ? 0 : set.count;
  }
  for (std::size_t i = 0; i < stages; ++i) {
    if (!space.has_skip(i)) continue;
    const std::size_t options = space.facts(i).skip_options;
    for (std::size_t o = 0; o < (options > 0 ? options : 1); ++o) {
      const int from = space.skip_from(i, o);
      if (from < 0) continue;
      std::size_t n = 0;
      while (n < plan.sources.size() && plan.sources[n] != from) ++n;
      if (n == plan.sources.size()) {
        plan.sources.push_back(from);
        plan.source_from.push_back(last_step[static_cast<std::size_t>(from)]);
        plan.source_until.push_back(-1);
      }
      need(plan.source_until[n], last_step[i]);
    }
  }
  for (std::size_t k = 0; k < space.slots(); ++k)
    if (plan.until[k] > plan.step_of[k]) plan.slots.push_back(static_cast<int>(k));
  plan.width = 4 + plan.slots.size() + 4 * plan.sources.size() + plan.totals;
  return plan;
}

}  // namespace nascent::detail
