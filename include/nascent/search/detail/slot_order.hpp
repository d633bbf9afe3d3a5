// SPDX-License-Identifier: Apache-2.0
/// \file
/// Deciding a candidate slot by slot, for policies and models that draw one decision after another.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "nascent/base/random.hpp"
#include "nascent/search/region.hpp"
#include "nascent/space/error.hpp"
#include "nascent/space/space.hpp"

namespace nascent::detail {

/// A slot, with its number of options; slots come after those that make them take part.
struct ordered_slot {
  std::size_t slot = 0;
  std::size_t options = 0;
};

template <space Space>
std::vector<ordered_slot> slots_in_order(const Space& s) {
  std::vector<int> depths(s.slot_count);
  std::vector<ordered_slot> order;
  for (std::size_t k = 0; k < s.slot_count; ++k) {
    for (int parent = s.slot(k).parent; parent >= 0; parent = s.slot(static_cast<std::size_t>(parent)).parent)
      ++depths[k];
    order.push_back({k, static_cast<std::size_t>(s.slot(k).options)});
  }
  std::ranges::sort(order, {}, [&](const ordered_slot& o) { return std::pair(depths[o.slot], o.slot); });
  return order;
}

/// A candidate whose decisions `choose(slot in order)` makes, of the slots that take part; none where they break a
/// constraint, or lie outside of what is searched.
template <class Searched, class Choose>
std::optional<candidate<searched_space<Searched>>> decide_in_order(const Searched& searched,
                                                                   const std::vector<ordered_slot>& order,
                                                                   Choose&& choose) {
  const auto& s = space_of(searched);
  auto c = s.undecided();
  for (const ordered_slot& o : order)
    if (s.is_active(c, o.slot)) c.digits[o.slot] = static_cast<digit>(choose(o));
  try {
    s.validate(c);
  } catch (const space_error&) {
    return std::nullopt;
  }
  if constexpr (region<Searched>)
    if (!searched.contains(c)) return std::nullopt;
  return c;
}

/// Uniform in 0 .. 1, 1 left out.
using nascent::random_unit;

/// An index drawn by weights that sum to `total`.
template <class Weights>
std::size_t random_weighted(random_engine& rng, const Weights& weights, double total) {
  double left = random_unit(rng) * total;
  std::size_t i = 0;
  for (; i + 1 < weights.size(); ++i) {
    left -= weights[i];
    if (left < 0) break;
  }
  return i;
}

}  // namespace nascent::detail
