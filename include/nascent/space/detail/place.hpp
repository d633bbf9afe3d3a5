// SPDX-License-Identifier: Apache-2.0
/// \file
/// Points of the unit cube as candidates of a declared space: each slot is decided by a coordinate of its own, whether
/// those before it take part or not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "nascent/space/detail/product.hpp"
#include "nascent/space/error.hpp"

namespace nascent::detail {

/// The slots that constraints join, each option as likely as the ways to go on after it are many.
template <class F>
constexpr void place_touched(const point_draws& draws, digit* d) {
  using counter = constrained_counter<F>;
  auto totals = counter::first_totals;
  for (std::size_t p = 0; p < counter::step_count; ++p) {
    const auto& step = counter::planned.steps[p];
    const auto k = static_cast<std::size_t>(step.slot);
    d[k] = inactive;
    if (slot_is_active<F>(d, k)) {
      uint128 r = draws.below(d + k, counter::tables[p][counter::state(step, d, totals)]);
      for (digit option = 0; option < slot_places<F>[k].size; ++option) {
        d[k] = option;
        const uint128 n = counter::completions_after(p, d, totals);
        if (r < n) break;
        r -= n;
      }
    }
    counter::follow(step, d, totals);
  }
}

/// An allowed option of a slot; all are equally likely where the coordinate is uniform.
template <class Allowed>
constexpr digit allowed_at(std::uint64_t at, int options, Allowed is_allowed) {
  std::uint64_t count = 0;
  for (int option = 0; option < options; ++option) count += is_allowed(static_cast<digit>(option)) ? 1U : 0U;
  std::uint64_t skip = share_of(count, at);
  for (int option = 0; option < options; ++option)
    if (is_allowed(static_cast<digit>(option)) && skip-- == 0) return static_cast<digit>(option);
  return inactive;
}

template <class F, class Candidate, bool PerDecision>
constexpr Candidate candidate_at(std::span<const std::uint64_t> at) {
  if (at.size() != slot_total<F>)
    throw space_error("space.vector", place_in(declared<F>::value.name(), "point"), joined("a length of ", at.size()),
                      joined("the number of slots, ", slot_total<F>));
  Candidate c;
  digit* const d = c.digits.data();
  if constexpr (PerDecision) {
    joint_counter<F>::walk(
        d, [&](std::size_t k, int options, auto is_allowed) { return allowed_at(at[k], options, is_allowed); });
  } else {
    const point_draws draws{d, at.data()};
    if constexpr (constraint_total < F >> 0) place_touched<F>(draws, d);
    for_each_stage<F>([&](auto i) {
      if constexpr (constraint_total < F >> 0)
        if (constrained_counter<F>::touched[i()]) return;
      stage_counter<F, i()>::decide(draws, d + stage_slots<F>[i()]);
    });
  }
  return c;
}

}  // namespace nascent::detail
