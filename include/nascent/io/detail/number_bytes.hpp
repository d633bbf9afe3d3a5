// SPDX-License-Identifier: Apache-2.0
/// \file
/// Numbers as bytes in files: little-endian, in the types of maps and weights.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <string>

#include "nascent/base/small_float.hpp"
#include "nascent/network/shape.hpp"

namespace nascent::detail {

template <class Integer>
void append_integer(std::string& bytes, Integer n) {
  for (std::size_t i = 0; i < sizeof n; ++i)
    bytes += static_cast<char>(static_cast<std::uint64_t>(n) >> (8 * i) & 0xffU);
}

/// False for a number that the type does not have: infinite, not a number, too large.
inline bool append_number(std::string& bytes, float x, data_type type) {
  if (!std::isfinite(x)) return false;
  if (type == data_type::f32) {
    append_integer(bytes, std::bit_cast<std::uint32_t>(x));
    return true;
  }
  const std::uint16_t small = type == data_type::f16 ? to_f16(x) : to_bf16(x);
  append_integer(bytes, small);
  const unsigned infinite = type == data_type::f16 ? 0x7c00U : 0x7f80U;
  return (small & 0x7fffU) < infinite;
}

}  // namespace nascent::detail
