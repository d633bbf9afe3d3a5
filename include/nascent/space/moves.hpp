// SPDX-License-Identifier: Apache-2.0
/// \file
/// Moves through a space: neighbours, mutation, crossover, distance. All of them stay inside the space; none of them
/// rejects.
#pragma once

#include "nascent/space/space.hpp"

namespace nascent {

/// Number of slots in which two candidates differ; an inactive slot differs from an active one.
template <class Space>
constexpr int distance(const candidate<Space>& a, const candidate<Space>& b) {
  int n = 0;
  for (std::size_t k = 0; k < Space::slot_count; ++k) n += a.digits[k] != b.digits[k] ? 1 : 0;
  return n;
}

namespace detail {
/// Decides the slots from `position` on that take part and have no decision yet: each takes its first option with which
/// the constraints can be kept. False where there is none.
template <class F>
constexpr bool decide_rest(digit* d, std::size_t position = 0) {
  for (; position < slot_total<F>; ++position) {
    const auto k = static_cast<std::size_t>(slot_order<F>[position]);
    if (d[k] >= 0 || !slot_is_active<F>(d, k)) continue;
    for (int option = 0; option < slot_places<F>[k].size; ++option) {
      d[k] = static_cast<digit>(option);
      if (joint_counter<F>::broken_constraint(d) < 0 && decide_rest<F>(d, position + 1)) return true;
    }
    d[k] = inactive;
    return false;
  }
  return true;
}
}  // namespace detail

/// Calls `visit` with every candidate that differs from `c` in one decision. Slots that the change makes active take
/// their first allowed options; changes that would break a constraint are left out.
template <class Space, class Visit>
constexpr void for_each_neighbour(const candidate<Space>& c, Visit visit) {
  using F = typename Space::declaration_type;
  for (std::size_t slot = 0; slot < Space::slot_count; ++slot) {
    if (c.digits[slot] < 0) continue;
    for (int option = 0; option < detail::slot_places<F>[slot].size; ++option) {
      if (option == c.digits[slot]) continue;
      candidate<Space> near = c;
      near.digits[slot] = static_cast<digit>(option);
      for (std::size_t position = 0; position < Space::slot_count; ++position) {
        const auto k = static_cast<std::size_t>(detail::slot_order<F>[position]);
        if (!detail::slot_is_active<F>(near.digits.data(), k)) near.digits[k] = inactive;
      }
      if (detail::joint_counter<F>::broken_constraint(near.digits.data()) < 0 &&
          detail::decide_rest<F>(near.digits.data()))
        visit(near);
    }
  }
}

/// Changes one decision, uniform over the active slots that have another option, then over those options. Slots that
/// the change makes active are decided uniformly; decisions that constraints no longer allow are decided anew. Returns
/// `c` where there is nothing else.
template <class Space, class Rng>
constexpr candidate<Space> mutate(const candidate<Space>& c, Rng& rng) {
  using F = typename Space::declaration_type;
  std::array<std::size_t, Space::slot_count + 1> open{};
  std::uint64_t count = 0;
  for (std::size_t k = 0; k < Space::slot_count; ++k)
    if (c.digits[k] >= 0 && detail::slot_places<F>[k].size > 1) open[count++] = k;
  while (count > 0) {
    const std::uint64_t drawn = random_below(rng, count);
    const std::size_t slot = open[drawn];
    open[drawn] = open[--count];
    candidate<Space> changed = c;
    detail::joint_counter<F>::walk(changed.digits.data(), [&](std::size_t k, int options, auto is_allowed) {
      if (k == slot) {
        int others = 0;
        for (int option = 0; option < options; ++option)
          others += option != c.digits[k] && is_allowed(static_cast<digit>(option)) ? 1 : 0;
        if (others == 0) return c.digits[k];
        return detail::draw_allowed(rng, options,
                                    [&](digit option) { return option != c.digits[k] && is_allowed(option); });
      }
      if (c.digits[k] >= 0 && is_allowed(c.digits[k])) return c.digits[k];
      return detail::draw_allowed(rng, options, is_allowed);
    });
    if (!(changed == c)) return changed;
  }
  return c;
}

/// A child that takes each decision from one of its parents, where the decision is active and allowed there (uniform
/// crossover).
template <class Space, class Rng>
constexpr candidate<Space> crossover(const candidate<Space>& a, const candidate<Space>& b, Rng& rng) {
  candidate<Space> child;
  detail::joint_counter<typename Space::declaration_type>::walk(
      child.digits.data(), [&](std::size_t k, int options, auto is_allowed) {
        const bool from_a = a.digits[k] >= 0 && is_allowed(a.digits[k]);
        const bool from_b = b.digits[k] >= 0 && is_allowed(b.digits[k]);
        if (from_a && (!from_b || (random_bits(rng) >> 63) != 0)) return a.digits[k];
        if (from_b) return b.digits[k];
        return detail::draw_allowed(rng, options, is_allowed);
      });
  return child;
}

}  // namespace nascent
