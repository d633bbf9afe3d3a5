// SPDX-License-Identifier: Apache-2.0
/// \file
/// An order of the slots that constraints join in which few states are open at once: always the slot next that leaves
/// the smallest frontier (greedy elimination).
#pragma once

#include <cstddef>

#include "nascent/space/detail/constraint_set.hpp"

namespace nascent::detail {

/// Why a slot must be known later.
struct slot_demand {
  int children = 0;  ///< undecided slots that are active or not by its decision
  int joined = 0;    ///< constraints, and terms of several slots, that are not complete and look at it
  bool decided = false;
};

/// Whether a constraint is followed by a running total rather than looked at as a whole.
constexpr bool is_followed(const joint_constraint& c) {
  return c.kind != constraint_kind::predicate && c.kind != constraint_kind::compare && c.kind != constraint_kind::table;
}

/// Slots that must be known together, each with `visit(first, count)` in the set's slots: those of a constraint that is
/// looked at as a whole, or of a term. Not a member: clang would not have it when members before it are evaluated.
template <class Visit>
constexpr void for_each_union(const constraint_set& set, Visit visit) {
  for (std::size_t n = 0; n < set.count; ++n) {
    const joint_constraint& c = set.constraints[n];
    if (!is_followed(c)) visit(c.first_slot, c.slots);
    for (int t = 0; t < c.terms && is_followed(c); ++t)
      if (set.term(c, t).slots > 1) visit(set.term(c, t).first_slot, set.term(c, t).slots);
  }
}

class slot_rearrangement {
 public:
  constexpr slot_rearrangement(const constraint_set& set, std::size_t slots, const bool* touched, slot_demand* demands)
      : set_(&set), slots_(slots), touched_(touched), demands_(demands) {
    for (std::size_t k = 0; k < slots; ++k)
      if (touched[k] && set.places[k].parent >= 0) ++demands[set.places[k].parent].children;
    for_each_union(*set_, [&](int first, int count) {
      for (int i = first; i < first + count; ++i) ++demands_[set_->slots[i]].joined;
    });
  }

  /// Writes touched slots first, then the others, both by `natural` where nothing speaks for another order.
  constexpr void write(const int* natural, int* order) {
    std::size_t n = 0;
    for (int k = next(natural); k >= 0; k = next(natural)) {
      decide(k);
      order[n++] = k;
    }
    for (std::size_t p = 0; p < slots_; ++p)
      if (!touched_[natural[p]]) order[n++] = natural[p];
  }

 private:
  constexpr int undecided(int first, int count) const {
    int n = 0;
    for (int i = first; i < first + count; ++i) n += demands_[set_->slots[i]].decided ? 0 : 1;
    return n;
  }
  constexpr bool contains(int first, int count, int k) const {
    for (int i = first; i < first + count; ++i)
      if (set_->slots[i] == k) return true;
    return false;
  }
  constexpr double radix(int k) const { return set_->places[k].size + (set_->places[k].parent >= 0 ? 1 : 0); }

  /// Whether totals of monotone constraints can follow: their choices come in order.
  constexpr bool keeps_order(int k) const {
    for (std::size_t n = 0; n < set_->count; ++n) {
      const joint_constraint& c = set_->constraints[n];
      if (c.kind != constraint_kind::monotone) continue;
      for (int i = c.first_slot; i < c.first_slot + c.slots; ++i) {
        if (set_->slots[i] == k) break;
        if (!demands_[set_->slots[i]].decided && contains(i, c.first_slot + c.slots - i, k)) return false;
      }
    }
    return true;
  }

  /// The factor by which deciding a slot next changes the number of open states, about.
  constexpr double growth(int k) const {
    double factor = demands_[k].children > 0 ? radix(k) : 1;
    bool is_held = demands_[k].children > 0;
    const int parent = set_->places[k].parent;
    if (parent >= 0 && demands_[parent].children == 1 && demands_[parent].joined == 0) factor /= radix(parent);
    for_each_union(*set_, [&](int first, int count) {
      if (!contains(first, count, k)) return;
      if (undecided(first, count) > 1) {
        if (!is_held) factor *= radix(k);
        is_held = true;
        return;
      }
      for (int i = first; i < first + count; ++i) {
        const int other = set_->slots[i];
        if (other != k && demands_[other].children == 0 && demands_[other].joined == 1) factor /= radix(other);
      }
    });
    for (std::size_t n = 0; n < set_->count; ++n) {
      const joint_constraint& c = set_->constraints[n];
      if (!is_followed(c) || !contains(c.first_slot, c.slots, k)) continue;
      const int rest = undecided(c.first_slot, c.slots);
      const double totals = c.distinct > 0 ? c.distinct : 16;  // sums: some
      if (rest == c.slots && rest > 1) factor *= totals;
      if (rest == 1 && c.slots > 1) factor /= totals;
    }
    return factor;
  }

  /// The slot to be decided next; -1 at the end.
  constexpr int next(const int* natural) const {
    int best = -1;
    double least = 0;
    bool best_keeps_order = false;
    for (std::size_t p = 0; p < slots_; ++p) {
      const int k = natural[p];
      const int parent = set_->places[k].parent;
      if (!touched_[k] || demands_[k].decided || (parent >= 0 && !demands_[parent].decided)) continue;
      const bool ordered = keeps_order(k);
      if (best >= 0 && best_keeps_order && !ordered) continue;
      const double factor = growth(k);
      if (best < 0 || factor < least || (ordered && !best_keeps_order)) {
        best = k;
        least = factor;
        best_keeps_order = ordered;
      }
      if (ordered && factor <= 1 && is_free(k)) break;  // nothing is better than what opens nothing
    }
    return best;
  }
  constexpr bool is_free(int k) const { return demands_[k].children == 0 && demands_[k].joined == 0; }

  constexpr void decide(int k) {
    demands_[k].decided = true;
    if (set_->places[k].parent >= 0) --demands_[set_->places[k].parent].children;
    for_each_union(*set_, [&](int first, int count) {
      if (!contains(first, count, k) || undecided(first, count) > 0) return;
      for (int i = first; i < first + count; ++i) --demands_[set_->slots[i]].joined;
    });
  }

  const constraint_set* set_;
  std::size_t slots_;
  const bool* touched_;
  slot_demand* demands_;
};

constexpr void rearrange_slots(const constraint_set& set, std::size_t slots, const bool* touched, const int* natural,
                               int* order, slot_demand* demands) {
  slot_rearrangement(set, slots, touched, demands).write(natural, order);
}

}  // namespace nascent::detail
