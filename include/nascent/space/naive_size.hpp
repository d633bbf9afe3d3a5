// SPDX-License-Identifier: Apache-2.0
/// \file
/// The size that many papers print: all choices multiplied, whether they take part or not.
#pragma once

#include <array>
#include <cstddef>

#include "nascent/space/space.hpp"

namespace nascent {

/// Room for the digits of a naive size; a larger one is cut and says so (`truncated`).
inline constexpr std::size_t naive_size_digits = 160;

/// The product of the options of all slots, in decimal: it may need more than 128 bits. It is at least size(): a slot
/// that takes no part (the kernel of a skipped layer, of a block not chosen, of a stage without layers) counts with all
/// its options for each of the networks that it makes no difference to. Constraints take no part.
template <space Space>
constexpr basic_text<naive_size_digits> naive_size(const Space& space) {
  std::array<int, naive_size_digits> places{1};  // the lowest first
  std::size_t used = 1;
  bool truncated = false;
  for (std::size_t k = 0; k < space.slot_count; ++k) {
    std::int64_t carry = 0;
    for (std::size_t i = 0; i < used || carry > 0; ++i) {
      if (i == places.size()) {
        truncated = true;
        break;
      }
      const std::int64_t sum = std::int64_t{places[i]} * space.slot(k).options + carry;
      places[i] = static_cast<int>(sum % 10);
      carry = sum / 10;
      used = i < used ? used : i + 1;
    }
  }
  basic_text<naive_size_digits> text;
  for (std::size_t i = used; i > 0; --i) text.add(static_cast<char>('0' + places[i - 1]));
  text.truncated = text.truncated || truncated;
  return text;
}

}  // namespace nascent
