// SPDX-License-Identifier: Apache-2.0
/// \file
/// Moves through a declared space: neighbours, mutation, crossover. All of them stay inside the space; none of them
/// rejects.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "nascent/space/detail/product.hpp"

namespace nascent::detail {

/// Decides the slots from `position` on that take part and have no decision yet: each takes its first option with which
/// the constraints can be kept. False where there is none.
template <class F>
constexpr bool decide_rest(digit* d, std::size_t position = 0) {
  for (; position < slot_total<F>; ++position) {
    const auto k = static_cast<std::size_t>(slot_order<F>[position]);
    if (d[k] >= 0 || !slot_is_active<F>(d, k)) continue;
    for (int option = 0; option < slot_places<F>[k].size; ++option) {
      d[k] = static_cast<digit>(option);
      if (joint_counter<F>::template broken_constraint<false>(d) < 0 && decide_rest<F>(d, position + 1)) return true;
    }
    d[k] = inactive;
    return false;
  }
  return true;
}

template <class F, class Candidate, class Visit>
constexpr void visit_neighbours(const Candidate& c, Visit& visit) {
  for (std::size_t slot = 0; slot < slot_total<F>; ++slot) {
    if (c.digits[slot] < 0) continue;
    for (int option = 0; option < slot_places<F>[slot].size; ++option) {
      if (option == c.digits[slot]) continue;
      Candidate near = c;
      near.digits[slot] = static_cast<digit>(option);
      for (std::size_t position = 0; position < slot_total<F>; ++position) {
        const auto k = static_cast<std::size_t>(slot_order<F>[position]);
        if (!slot_is_active<F>(near.digits.data(), k)) near.digits[k] = inactive;
      }
      if (joint_counter<F>::template broken_constraint<false>(near.digits.data()) < 0 &&
          decide_rest<F>(near.digits.data()))
        visit(near);
    }
  }
}

template <class F, class Candidate, class Rng>
constexpr Candidate mutate(const Candidate& c, Rng& rng) {
  std::array<std::size_t, slot_total<F> + 1> open{};
  std::uint64_t count = 0;
  for (std::size_t k = 0; k < slot_total<F>; ++k)
    if (c.digits[k] >= 0 && slot_places<F>[k].size > 1) open[count++] = k;
  while (count > 0) {
    const std::uint64_t drawn = random_below(rng, count);
    const std::size_t slot = open[drawn];
    open[drawn] = open[--count];
    Candidate changed = c;
    joint_counter<F>::walk(changed.digits.data(), [&](std::size_t k, int options, auto is_allowed) {
      if (k == slot) {
        int others = 0;
        for (int option = 0; option < options; ++option)
          others += option != c.digits[k] && is_allowed(static_cast<digit>(option)) ? 1 : 0;
        if (others == 0) return c.digits[k];
        return draw_allowed(rng, options, [&](digit option) { return option != c.digits[k] && is_allowed(option); });
      }
      if (c.digits[k] >= 0 && is_allowed(c.digits[k])) return c.digits[k];
      return draw_allowed(rng, options, is_allowed);
    });
    if (!(changed == c)) return changed;
  }
  return c;
}

template <class F, class Candidate, class Rng>
constexpr Candidate cross(const Candidate& a, const Candidate& b, Rng& rng) {
  Candidate child;
  joint_counter<F>::walk(child.digits.data(), [&](std::size_t k, int options, auto is_allowed) {
    const bool from_a = a.digits[k] >= 0 && is_allowed(a.digits[k]);
    const bool from_b = b.digits[k] >= 0 && is_allowed(b.digits[k]);
    if (from_a && (!from_b || (random_bits(rng) >> 63) != 0)) return a.digits[k];
    if (from_b) return b.digits[k];
    return draw_allowed(rng, options, is_allowed);
  });
  return child;
}

}  // namespace nascent::detail
