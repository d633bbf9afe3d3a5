// SPDX-License-Identifier: Apache-2.0
/// \file
/// In which order the slots that constraints join are decided, and what must be in mind before each: the frontier. The
/// product of what its parts can be is the number of states to count.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "nascent/space/detail/product.hpp"
#include "nascent/space/detail/resolved_constraints.hpp"
#include "nascent/space/detail/slot_rearrangement.hpp"

namespace nascent::detail {

inline constexpr std::uint64_t most_states = 65536;
inline constexpr std::uint64_t most_decisions = std::uint64_t{1} << 19;  ///< states times options: seconds of compiling
inline constexpr std::size_t most_trials = 65536;  ///< totals times the values that join them, where totals are listed
inline constexpr std::size_t too_many = ~std::size_t{0};
inline constexpr std::size_t most_parts = 16;  ///< each has two values or more: no limit that could be met first

/// Which limit a schedule exceeds.
struct schedule_limit {
  const char* what = nullptr;  ///< null where it keeps all
  std::uint64_t found = 0;     ///< 0: more than allowed, not known how many
  std::uint64_t allowed = 0;
  int constraint = -1;  ///< whose totals they are
};

/// The values that a running total can have after an event, in their order: evenly spaced, or a list.
struct total_states {
  std::int64_t lowest = 0;
  std::int64_t gap = 1;
  std::size_t count = 0;  ///< with the settled one
  std::size_t first = 0;  ///< 1 where number 0 stands for a constraint that holds whatever comes
  const std::int64_t* list = nullptr;

  constexpr std::size_t number(std::int64_t total) const {
    if (total == settled_total) return 0;
    if (list == nullptr) return first + static_cast<std::size_t>((total - lowest) / gap);
    std::size_t from = 0;
    std::size_t to = count - first;
    while (to - from > 1) {
      const std::size_t middle = (from + to) / 2;
      if (list[middle] <= total) from = middle;
      else to = middle;
    }
    return first + from;
  }
  constexpr std::int64_t total(std::size_t number) const {
    if (number < first) return settled_total;
    const std::size_t n = number - first;
    return list == nullptr ? lowest + static_cast<std::int64_t>(n) * gap : list[n];
  }
};

constexpr std::int64_t greatest_common_divisor(std::int64_t a, std::int64_t b) {
  while (b != 0) {
    const std::int64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a < 0 ? -a : a;
}
/// What all totals of a constraint differ by a multiple of.
constexpr std::int64_t gap_of(const constraint_set& set, const joint_constraint& c) {
  std::int64_t gap = 0;
  for (int n = 0; n < c.terms; ++n) {
    const joint_term& t = set.term(c, n);
    gap = greatest_common_divisor(gap, t.most - t.least);
    for (int v = 0; v < t.values; ++v) gap = greatest_common_divisor(gap, set.values[t.first_value + v] - t.least);
    if (set.may_be_absent(t)) gap = greatest_common_divisor(gap, t.absent - t.least);
  }
  return gap == 0 ? 1 : gap;
}

/// The totals after each event, where they are evenly spaced and not too many; a `count` of 0 says that they must be
/// listed. `least` and `most` are scratch, as long as the events.
constexpr void space_totals(const constraint_set& set, const constraint_event* events, std::size_t count,
                            total_states* states, std::int64_t* least, std::int64_t* most) {
  for (std::size_t e = 0; e < count; ++e) {
    const constraint_event& event = events[e];
    total_states& s = states[e];
    if (event.term < 0 || event.last) {
      s.count = 1;
      continue;
    }
    const joint_constraint& c = set.constraints[event.constraint];
    if (c.kind == constraint_kind::all_equal || c.kind == constraint_kind::monotone) {
      s.count = static_cast<std::size_t>(c.distinct) + 1;
      continue;
    }
    s.first = 1;
    if (c.kind == constraint_kind::product) continue;
    const joint_term& t = set.terms[event.term];
    least[e] = (event.before < 0 ? 0 : least[event.before]) + t.least;
    most[e] = (event.before < 0 ? 0 : most[event.before]) + t.most;
    // Open are the totals from which the bound may still be kept and may still be broken: those around it, less what is
    // to come.
    s.gap = gap_of(set, c);
    const std::int64_t from = c.bound - event.rest_most - 1;
    const std::int64_t to = c.bound - event.rest_least + 1;
    s.lowest = least[e] >= from ? least[e] : least[e] + (from - least[e] + s.gap - 1) / s.gap * s.gap;
    const std::int64_t highest = most[e] < to ? most[e] : to;
    const std::int64_t spaced = highest < s.lowest ? 0 : (highest - s.lowest) / s.gap + 1;
    // The list of those that exist is never longer; it is worth its making where this is long.
    s.count = spaced > 512 ? 0 : static_cast<std::size_t>(spaced) + 1;
  }
  // A list needs the one before it.
  for (std::size_t e = count; e-- > 0;)
    if (states[e].count == 0 && events[e].before >= 0) states[events[e].before].count = 0;
  for (std::size_t e = 0; e < count; ++e)
    if (events[e].before >= 0 && states[events[e].before].count == 0 && !events[e].last) states[e].count = 0;
}

/// The open totals after an event, in their order, from those before it: written to `to`, or only counted where it is
/// null; `too_many` says that it was given up. `next` is scratch, one for each value of the term and one more.
constexpr std::size_t list_totals(const constraint_set& set, const constraint_event& e, const std::int64_t* before,
                                  std::size_t count, std::int64_t* to, std::size_t* next) {
  const joint_constraint& c = set.constraints[e.constraint];
  const joint_term& t = set.terms[e.term];
  const int values = t.values + (set.may_be_absent(t) ? 1 : 0);
  const auto after = [&](int v) {
    return combine(c.kind, before[next[v]], v < t.values ? set.values[t.first_value + v] : t.absent);
  };
  for (int v = 0; v < values; ++v) next[v] = 0;
  std::size_t found = 0;
  for (std::size_t trials = 0;; trials += static_cast<std::size_t>(values)) {
    if (trials > most_trials) return too_many;
    std::int64_t total = settled_total;
    for (int v = 0; v < values; ++v)
      if (next[v] < count && after(v) < total) total = after(v);
    if (total == settled_total) return found;
    for (int v = 0; v < values; ++v)
      while (next[v] < count && after(v) == total) ++next[v];
    if (judge(c.compares, c.bound, combine(c.kind, total, e.rest_least), combine(c.kind, total, e.rest_most)) !=
        verdict::open)
      continue;
    if (to != nullptr) to[found] = total;
    ++found;
  }
}

/// A part of a frontier: a decision that later ones depend on, or the total of a constraint.
struct frontier_part {
  int slot = -1;
  std::int16_t event = -1;  ///< the last one that changed the total
  std::int16_t shift = 0;   ///< 1 where the slot may be inactive: its first state
  std::uint32_t radix = 1;
  std::uint32_t weight = 1;  ///< of its number in the number of the state
};

struct joint_step {
  int slot = 0;
  int first_event = 0;  ///< what happens when it was decided
  int end_of_events = 0;
  std::size_t part_count = 0;  // beside the parts: both are read together
  std::array<frontier_part, most_parts> parts{};
  std::size_t states = 1;

  constexpr std::size_t weight_of(int k) const {
    for (std::size_t i = 0; i < part_count; ++i)
      if (parts[i].slot == k) return parts[i].weight;
    return 0;
  }
};

/// Values of a slot to be told apart: its options, and that it is inactive.
constexpr std::size_t radix_of(const slot_place& place) {
  return static_cast<std::size_t>(place.size) + (place.parent >= 0 ? 1 : 0);
}

struct schedule_input {
  constraint_set set;
  std::size_t slots;
  const int* step_of;
  const constraint_event* events;
  std::size_t event_count;
  const total_states* totals;
};

/// Fills in the steps, one more than there are decisions, and says which limit they exceed.
constexpr schedule_limit plan_steps(const schedule_input& in, joint_step* steps, std::size_t step_count, int* until) {
  const auto limited = [](std::uint64_t a, std::uint64_t b) {
    constexpr std::uint64_t most = 1'000'000'000'000'000'000U;
    return b != 0 && a > most / b ? most : a * b;
  };
  for (std::size_t k = 0; k < in.slots; ++k) {
    const int parent = in.set.places[k].parent;
    if (in.step_of[k] < 0) continue;
    steps[in.step_of[k]].slot = static_cast<int>(k);
    if (parent >= 0 && in.step_of[k] > until[parent]) until[parent] = in.step_of[k];
  }
  hold_slots(in.set, in.step_of, until);
  std::size_t next_event = 0;
  std::uint64_t states_in_all = 0;
  std::uint64_t decisions = 0;
  for (std::size_t p = 0; p <= step_count; ++p) {
    joint_step& s = steps[p];
    std::uint64_t states = 1;
    const auto add = [&](const frontier_part& part) {
      if (part.radix < 2) return;
      states = limited(states, part.radix);
      if (s.part_count < most_parts) s.parts[s.part_count++] = part;
    };
    for (std::size_t q = 0; q < p; ++q) {
      const int k = steps[q].slot;
      if (until[k] < static_cast<int>(p)) continue;
      add({.slot = k,
           .shift = static_cast<std::int16_t>(in.set.places[k].parent >= 0 ? 1 : 0),
           .radix = static_cast<std::uint32_t>(radix_of(in.set.places[k]))});
    }
    for (std::size_t e = 0; e < next_event; ++e) {
      if (in.events[e].last || in.events[e].term < 0) continue;
      bool is_latest = true;
      for (std::size_t after = e + 1; after < next_event; ++after)
        is_latest = is_latest && in.events[after].before != static_cast<int>(e);
      if (is_latest)
        add({.event = static_cast<std::int16_t>(e), .radix = static_cast<std::uint32_t>(in.totals[e].count)});
    }
    s.states = static_cast<std::size_t>(states);
    for (std::size_t i = s.part_count; i-- > 1;) s.parts[i - 1].weight = s.parts[i].weight * s.parts[i].radix;
    s.first_event = static_cast<int>(next_event);
    while (next_event < in.event_count && in.events[next_event].step == static_cast<int>(p)) ++next_event;
    s.end_of_events = static_cast<int>(next_event);
    states_in_all += states;
    if (p < step_count) decisions += limited(states, static_cast<std::uint64_t>(in.set.places[s.slot].size));
    if (states_in_all > 1'000'000'000'000'000'000U || decisions > 1'000'000'000'000'000'000U) break;
  }
  if (states_in_all > most_states) return {"states", states_in_all, most_states};
  if (decisions > most_decisions) return {"decisions", decisions, most_decisions};
  return {};
}

/// The stages that constraints touch are decided slot by slot; the others only multiply.
template <class F>
inline constexpr auto touched_stages = [] {
  std::array<bool, declared<F>::stage_count> touched{};
  const constraint_set& set = constraint_set_of<F>;
  for (std::size_t c = 0; c < set.count; ++c)
    for (int i = 0; i < set.constraints[c].slots; ++i)
      touched[static_cast<std::size_t>(set.places[set.slots[set.constraints[c].first_slot + i]].stage)] = true;
  return touched;
}();

/// The order of all slots, in which touched ones keep theirs or come first, rearranged.
template <class F, bool Rearranged>
inline constexpr auto joint_order = [] {
  std::array<int, slot_total<F> + 1> order = slot_order<F>;
  if constexpr (Rearranged) {
    std::array<bool, slot_total<F> + 1> touched{};
    std::array<slot_demand, slot_total<F> + 1> demands{};
    for (std::size_t k = 0; k < slot_total<F>; ++k)
      touched[k] = touched_stages<F>[static_cast<std::size_t>(slot_places<F>[k].stage)];
    rearrange_slots(constraint_set_of<F>, slot_total<F>, touched.data(), slot_order<F>.data(), order.data(),
                    demands.data());
  }
  return order;
}();

/// The schedule of a space in the order of its declaration, or rearranged so that few states are open.
template <class F, bool Rearranged>
struct joint_schedule {
  static constexpr std::size_t step_count = [] {
    std::size_t n = 0;
    for (std::size_t k = 0; k < slot_total<F>; ++k)
      n += touched_stages<F>[static_cast<std::size_t>(slot_places<F>[k].stage)] ? 1U : 0U;
    return n;
  }();

  /// Number of the step that decides a slot, or -1.
  static constexpr auto step_of = [] {
    std::array<int, slot_total<F> + 1> at{};
    int n = 0;
    for (std::size_t p = 0; p < slot_total<F>; ++p) {
      const auto k = static_cast<std::size_t>(joint_order<F, Rearranged>[p]);
      at[k] = touched_stages<F>[static_cast<std::size_t>(slot_places<F>[k].stage)] ? n++ : -1;
    }
    return at;
  }();

  static constexpr std::size_t most_events = compiled_constraints_of<F>.terms.size() + constraint_total<F>;
  struct event_list {
    std::array<constraint_event, most_events> events{};
    std::array<total_states, most_events> totals{};
    std::size_t count = 0;
    bool needs_lists = false;
  };
  static constexpr event_list listed = [] {
    event_list list;
    list.count = list_events(constraint_set_of<F>, step_of.data(), static_cast<int>(step_count), list.events.data());
    std::array<std::int64_t, most_events> least{};
    std::array<std::int64_t, most_events> most{};
    space_totals(constraint_set_of<F>, list.events.data(), list.count, list.totals.data(), least.data(), most.data());
    for (std::size_t e = 0; e < list.count; ++e) list.needs_lists = list.needs_lists || list.totals[e].count == 0;
    return list;
  }();
  static constexpr const auto& events = listed.events;

  /// The totals after event E, listed: written to `to`, or only counted where it is null.
  template <std::size_t E>
  static constexpr std::size_t write_totals(std::int64_t* to) {
    constexpr const constraint_event& e = events[E];
    std::array<std::size_t, static_cast<std::size_t>(constraint_set_of<F>.terms[e.term].values) + 1> next{};
    if constexpr (e.before < 0) {
      const std::int64_t start[] = {neutral(constraint_set_of<F>.constraints[e.constraint].kind)};
      return list_totals(constraint_set_of<F>, e, start, 1, to, next.data());
    } else {
      constexpr const auto& before = totals_after<static_cast<std::size_t>(e.before)>;
      return list_totals(constraint_set_of<F>, e, before.data(), before.size(), to, next.data());
    }
  }
  template <std::size_t E>
  static constexpr auto list_totals_of() {
    constexpr std::size_t count = write_totals<E>(nullptr);
    std::array<std::int64_t, count == too_many ? 0 : count> list{};
    if (count != too_many) write_totals<E>(list.data());
    return list;
  }
  template <std::size_t E>
  static constexpr auto totals_after = list_totals_of<E>();

  template <std::size_t E>
  static constexpr total_states states_after() {
    total_states s = listed.totals[E];
    if constexpr (listed.totals[E].count == 0) {
      s.list = totals_after<E>.data();
      s.count = write_totals<E>(nullptr) == too_many ? too_many : totals_after<E>.size() + 1;
    }
    return s;
  }
  static constexpr auto totals = [] {
    if constexpr (listed.needs_lists) {
      return []<std::size_t... E>(std::index_sequence<E...>) {
        return std::array<total_states, listed.count>{states_after<E>()...};
      }
      (std::make_index_sequence<listed.count>{});
    } else {
      return listed.totals;
    }
  }();

  struct plan {
    std::array<joint_step, step_count + 1> steps{};
    schedule_limit exceeded{};
  };
  static constexpr plan planned = [] {
    plan result;
    for (std::size_t e = 0; e < listed.count; ++e)
      if (totals[e].count == too_many && result.exceeded.what == nullptr)
        result.exceeded = {"totals to try", 0, most_trials, events[e].constraint};
    std::array<int, slot_total<F> + 1> until{};
    if (result.exceeded.what == nullptr)
      result.exceeded =
          plan_steps({constraint_set_of<F>, slot_total<F>, step_of.data(), events.data(), listed.count, totals.data()},
                     result.steps.data(), step_count, until.data());
    return result;
  }();
};

}  // namespace nascent::detail
