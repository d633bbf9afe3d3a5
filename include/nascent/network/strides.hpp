// SPDX-License-Identifier: Apache-2.0
/// \file
/// The steps of a window over a map.
#pragma once

#include "nascent/base/language.hpp"

namespace nascent {

/// Rows and columns that a window moves by: `.stride = 2`, or `.stride = {2, 1}` for every second row of each column.
struct strides {
  int height = 1;
  int width = 1;

  constexpr strides() = default;
  // Implicit on purpose: one number means both.
  constexpr strides(int both) : height(both), width(both) {}
  constexpr strides(int h, int w) : height(h), width(w) {}

  friend constexpr bool operator==(const strides&, const strides&) = default;
};

}  // namespace nascent
