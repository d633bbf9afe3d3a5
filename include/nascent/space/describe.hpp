// SPDX-License-Identifier: Apache-2.0
/// \file
/// A candidate in words: its active decisions.
#pragma once

#include <cstddef>
#include <string>

#include "nascent/space/space.hpp"

namespace nascent {

/// The active decisions of a candidate in slot order: "stem.act = relu, 2.layers = 3, 2.kernel = 5".
template <space Space>
std::string describe(const Space& s, const candidate<Space>& c) {
  std::string text;
  for (std::size_t k = 0; k < s.slot_count; ++k) {
    if (c.digits[k] == inactive) continue;
    if (!text.empty()) text += ", ";
    text.append(s.slot(k).path.view()).append(" = ").append(s.value(k, c.digits[k]).text().view());
  }
  return text;
}

}  // namespace nascent
