// SPDX-License-Identifier: Apache-2.0
/// \file
/// Constraints as plain numbers over slots, resolved and ready to be counted: what the counting, the trellis and the
/// moves through a space evaluate. Nothing here is a template of the space.
#pragma once

#include <cstddef>
#include <cstdint>

#include "nascent/space/constraint_description.hpp"
#include "nascent/space/detail/layout.hpp"

namespace nascent::detail {

/// What one or more slots contribute to a constraint: a number for each combination of their options.
struct joint_term {
  int first_slot = 0;  ///< in `constraint_set::slots`
  int slots = 1;
  int first_value = 0;      ///< in `constraint_set::values`: by option; the last slot runs fastest
  int values = 0;           ///< how many
  std::int64_t absent = 0;  ///< where a slot is inactive: adds 0, multiplies by 1; -1 where values are ordinal numbers
  std::int64_t least = 0;   ///< the bounds of what it contributes
  std::int64_t most = 0;
};

struct joint_constraint {
  constraint_kind kind = constraint_kind::predicate;
  relation compares = relation::equal;
  std::int64_t bound = 0;
  int first_slot = 0;
  int slots = 0;
  int first_term = 0;
  int terms = 0;  ///< none of a predicate
  int first_row = 0;
  int rows = 0;      ///< of a table, in `constraint_set::values`
  int distinct = 0;  ///< ordinal numbers that its values have: of all_equal and monotone
};

struct constraint_set {
  const slot_place* places = nullptr;
  const joint_constraint* constraints = nullptr;
  std::size_t count = 0;
  const joint_term* terms = nullptr;
  const int* slots = nullptr;
  const std::int64_t* values = nullptr;

  constexpr const joint_term& term(const joint_constraint& c, int t) const { return terms[c.first_term + t]; }
  constexpr int slot(const joint_term& t, int i) const { return slots[t.first_slot + i]; }
  constexpr bool may_be_absent(const joint_term& t) const {
    for (int i = 0; i < t.slots; ++i)
      if (places[slot(t, i)].parent >= 0) return true;
    return false;
  }
};

/// Whether two things that compare as `order`, below 0, 0 or above 0, are in a relation.
constexpr bool is_kept(relation r, int order) {
  switch (r) {
    case relation::equal: return order == 0;
    case relation::not_equal: return order != 0;
    case relation::less: return order < 0;
    case relation::less_equal: return order <= 0;
    case relation::greater: return order > 0;
    case relation::greater_equal: return order >= 0;
  }
  return false;
}
constexpr int order_of(std::int64_t a, std::int64_t b) { return a < b ? -1 : a > b ? 1 : 0; }

/// What a term contributes. Its slots are decided.
constexpr std::int64_t term_value(const constraint_set& set, const joint_term& t, const digit* d) {
  int index = 0;
  for (int i = 0; i < t.slots; ++i) {
    const int k = set.slot(t, i);
    if (d[k] < 0) return t.absent;
    index = index * set.places[k].size + d[k];
  }
  return set.values[t.first_value + index];
}

inline constexpr std::int64_t largest_total = std::int64_t{1} << 62;

/// Sums are far from the ends of the numbers; products of numbers that are not negative stay at the largest.
constexpr std::int64_t combine(constraint_kind kind, std::int64_t a, std::int64_t b) {
  if (kind != constraint_kind::product) return a + b;
  return b != 0 && a > largest_total / b ? largest_total : a * b;
}
constexpr std::int64_t neutral(constraint_kind kind) { return kind == constraint_kind::product ? 1 : 0; }

enum class verdict : std::uint8_t { broken, open, settled };

/// What is known of a total that lies between two ends, both of which can be.
constexpr verdict judge(relation r, std::int64_t bound, std::int64_t least, std::int64_t most) {
  switch (r) {
    case relation::less_equal:
      return most <= bound ? verdict::settled : least > bound ? verdict::broken : verdict::open;
    case relation::greater_equal:
      return least >= bound ? verdict::settled : most < bound ? verdict::broken : verdict::open;
    case relation::less: return judge(relation::less_equal, bound - 1, least, most);
    case relation::greater: return judge(relation::greater_equal, bound + 1, least, most);
    case relation::equal:
      if (least > bound || most < bound) return verdict::broken;
      return least == most ? verdict::settled : verdict::open;
    case relation::not_equal:
      if (least > bound || most < bound) return verdict::settled;
      return least == most ? verdict::broken : verdict::open;
  }
  return verdict::broken;
}

/// Whether a slot without a decision could still get one, as the decisions of the others stand.
constexpr bool is_undecided(const slot_place* places, const digit* d, int k) {
  if (d[k] >= 0) return false;
  const int parent = places[k].parent;
  if (parent < 0) return true;
  return d[parent] >= 0 ? (places[k].when >> d[parent] & 1) != 0 : is_undecided(places, d, parent);
}

/// Whether a constraint that is data can be kept, whatever the slots that are still to be decided become. Exact where
/// none is; where some are, it may hope in vain.
template <bool Complete>
constexpr bool can_hold(const constraint_set& set, const joint_constraint& c, const digit* d) {
  const bool folds =
      c.kind == constraint_kind::sum || c.kind == constraint_kind::product || c.kind == constraint_kind::count;
  std::int64_t least = neutral(c.kind);
  std::int64_t most = least;
  std::int64_t before = -1;
  for (int n = 0; n < c.terms; ++n) {
    const joint_term& t = set.term(c, n);
    bool undecided = false;
    if constexpr (!Complete) {
      bool absent = false;
      for (int i = 0; i < t.slots; ++i) {
        const bool is_open = is_undecided(set.places, d, set.slot(t, i));
        undecided = undecided || is_open;
        absent = absent || (d[set.slot(t, i)] < 0 && !is_open);
      }
      undecided = undecided && !absent;
    }
    const std::int64_t value = undecided ? t.absent : term_value(set, t, d);
    if (folds) {
      least = combine(c.kind, least, undecided ? t.least : value);
      most = combine(c.kind, most, undecided ? t.most : value);
    } else if (value < 0) {
      if (c.kind == constraint_kind::compare || c.kind == constraint_kind::table) return true;
    } else if (c.kind == constraint_kind::compare && c.terms == 1) {
      return value != 0;
    } else {
      if (before >= 0 && c.kind != constraint_kind::table &&
          !is_kept(c.kind == constraint_kind::all_equal ? relation::equal : c.compares, order_of(before, value)))
        return false;
      before = value;
    }
  }
  if (folds) return judge(c.compares, c.bound, least, most) != verdict::broken;
  if (c.kind != constraint_kind::table) return true;
  for (int r = 0; r < c.rows; ++r) {
    bool is_row = true;
    for (int n = 0; n < c.terms && is_row; ++n)
      is_row = set.values[c.first_row + r * c.terms + n] == term_value(set, set.term(c, n), d);
    if (is_row) return true;
  }
  return false;
}

// --- running totals

/// A constraint is followed while slots are decided one after another by what it is about so far: a sum, a product, the
/// last value met. These two end it.
inline constexpr std::int64_t settled_total = INT64_MAX;  ///< it holds, whatever comes
inline constexpr std::int64_t broken_total = INT64_MIN;

/// Something about a constraint that happens when a slot was decided.
struct constraint_event {
  int step = 0;  ///< the one that decides the last slot it needs
  int constraint = 0;
  int term = -1;                ///< joins the total; -1: the constraint is looked at as a whole
  int before = -1;              ///< the event of the same constraint before it
  bool last = false;            ///< of the constraint
  bool reversed = false;        ///< a monotone constraint that is met from its end
  std::int64_t rest_least = 0;  ///< what the events after it contribute
  std::int64_t rest_most = 0;
};

/// The total after an event.
constexpr std::int64_t advance(const constraint_set& set, const constraint_event& e, std::int64_t total,
                               const digit* d) {
  if (total == settled_total) return total;
  const joint_constraint& c = set.constraints[e.constraint];
  const std::int64_t value = term_value(set, set.terms[e.term], d);
  if (c.kind == constraint_kind::all_equal || c.kind == constraint_kind::monotone) {  // 0, or 1 and the value met last
    if (value >= 0) {
      const relation r = c.kind == constraint_kind::all_equal ? relation::equal : c.compares;
      const int order = order_of(total - 1, value);
      if (total > 0 && !is_kept(r, e.reversed ? -order : order)) return broken_total;
      total = value + 1;
    }
    return e.last ? settled_total : total;
  }
  total = combine(c.kind, total, value);
  switch (judge(c.compares, c.bound, combine(c.kind, total, e.rest_least), combine(c.kind, total, e.rest_most))) {
    case verdict::broken: return broken_total;
    case verdict::settled: return settled_total;
    case verdict::open: return total;
  }
  return broken_total;
}

/// The last of the steps that decide the slots of a term, of a constraint.
constexpr int completed_by(const int* step_of, const int* slots, int count) {
  int last = -1;
  for (int i = 0; i < count; ++i) last = step_of[slots[i]] > last ? step_of[slots[i]] : last;
  return last;
}

/// Whether a constraint can be followed by a running total when slots are decided in this order. Totals of a monotone
/// one know only their last value: 1 where its choices come in their order, -1 in the opposite one, 0 not at all.
constexpr int follows(const constraint_set& set, const joint_constraint& c, const int* step_of) {
  switch (c.kind) {
    case constraint_kind::sum:
    case constraint_kind::product:
    case constraint_kind::count:
    case constraint_kind::all_equal: return 1;
    case constraint_kind::predicate:
    case constraint_kind::compare:
    case constraint_kind::table: return 0;
    case constraint_kind::monotone: break;
  }
  bool rises = true;
  bool falls = true;
  for (int n = 1; n < c.terms; ++n) {
    const int order = order_of(step_of[set.slot(set.term(c, n - 1), 0)], step_of[set.slot(set.term(c, n), 0)]);
    rises = rises && order <= 0;
    falls = falls && order >= 0;
  }
  return rises ? 1 : falls ? -1 : 0;
}

/// Writes all events in the order of their steps, and returns their number: at most one for each term and constraint.
/// Predicates have none.
constexpr std::size_t list_events(const constraint_set& set, const int* step_of, int steps, constraint_event* events) {
  std::size_t count = 0;
  for (int p = 0; p < steps; ++p)
    for (std::size_t n = 0; n < set.count; ++n) {
      const joint_constraint& c = set.constraints[n];
      if (c.terms == 0) continue;
      const int direction = follows(set, c, step_of);
      if (direction == 0) {
        if (completed_by(step_of, set.slots + c.first_slot, c.slots) == p)
          events[count++] = {.step = p, .constraint = static_cast<int>(n), .last = true};
        continue;
      }
      for (int i = 0; i < c.terms; ++i) {
        const int term = c.first_term + (direction > 0 ? i : c.terms - 1 - i);
        if (completed_by(step_of, set.slots + set.terms[term].first_slot, set.terms[term].slots) == p)
          events[count++] = {.step = p, .constraint = static_cast<int>(n), .term = term, .reversed = direction < 0};
      }
    }
  for (std::size_t e = count; e-- > 0;) {
    constraint_event& event = events[e];
    if (event.term < 0) continue;
    const constraint_kind kind = set.constraints[event.constraint].kind;
    event.last = true;
    event.rest_least = event.rest_most = neutral(kind);
    for (std::size_t after = e + 1; after < count; ++after) {
      if (events[after].constraint != event.constraint) continue;
      const joint_term& next = set.terms[events[after].term];
      event.last = false;
      event.rest_least = combine(kind, events[after].rest_least, next.least);
      event.rest_most = combine(kind, events[after].rest_most, next.most);
      events[after].before = static_cast<int>(e);
      break;
    }
  }
  return count;
}

/// How long each slot must be known: raises `until` to the last step at which a constraint looks at it.
constexpr void hold_slots(const constraint_set& set, const int* step_of, int* until) {
  const auto hold = [&](int first, int count) {
    const int last = completed_by(step_of, set.slots + first, count);
    for (int i = first; i < first + count; ++i)
      until[set.slots[i]] = last > until[set.slots[i]] ? last : until[set.slots[i]];
  };
  for (std::size_t n = 0; n < set.count; ++n) {
    const joint_constraint& c = set.constraints[n];
    if (follows(set, c, step_of) == 0) hold(c.first_slot, c.slots);
    else
      for (int i = 0; i < c.terms; ++i) hold(set.term(c, i).first_slot, set.term(c, i).slots);
  }
}

}  // namespace nascent::detail
