// SPDX-License-Identifier: Apache-2.0
/// \file
/// Candidates by the names and values of their choices.
#pragma once

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "nascent/space/view_of.hpp"

/// What takes part and the number that it chooses; all that is not named takes no part.
using named_numbers = std::vector<std::pair<std::string, double>>;

template <class Space>
auto member(const Space& space, const named_numbers& numbers) {
  const nascent::space_view view = nascent::view_of(space);
  std::vector<int> options(view.slots.size(), -1);
  for (const auto& [path, number] : numbers) {
    const auto slot = std::ranges::find(view.slots, path, &nascent::slot_view::path);
    if (slot == view.slots.end()) throw std::invalid_argument("no choice " + path);
    const auto value = std::ranges::find_if(slot->values, [&, n = number](const auto& v) { return v.number() == n; });
    if (value == slot->values.end()) throw std::invalid_argument(path + " is never " + std::to_string(number));
    options[static_cast<std::size_t>(slot - view.slots.begin())] = static_cast<int>(value - slot->values.begin());
  }
  return space.decode(options);
}
