// SPDX-License-Identifier: Apache-2.0
/// \file
/// Numbers as bytes in files: little-endian, in the types of maps and weights.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <string>

#include "nascent/network/shape.hpp"

namespace nascent::detail {

/// The nearest bf16, ties to even. Of finite numbers; the largest become infinite.
constexpr std::uint16_t to_bf16(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  return static_cast<std::uint16_t>((bits + 0x7fffU + (bits >> 16 & 1U)) >> 16);
}

/// The nearest f16, ties to even, subnormal ones among them. Of finite numbers; those from 65520 on become infinite.
constexpr std::uint16_t to_f16(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t sign = bits >> 16 & 0x8000U;
  const int exponent = static_cast<int>(bits >> 23 & 0xffU) - 127 + 15;
  std::uint32_t fraction = bits & 0x7fffffU;
  if (exponent >= 31) return static_cast<std::uint16_t>(sign | 0x7c00U);
  int dropped = 13;
  std::uint32_t whole = static_cast<std::uint32_t>(exponent) << 23;
  if (exponent <= 0) {  // subnormal: the leading one becomes visible
    if (exponent < -10) return static_cast<std::uint16_t>(sign);
    fraction |= 0x800000U;
    dropped = 14 - exponent;
    whole = 0;
  }
  const std::uint32_t all = whole | fraction;
  const std::uint32_t half = 1U << (dropped - 1);
  const std::uint32_t rounded = (all + half - 1 + (all >> dropped & 1U)) >> dropped;
  return static_cast<std::uint16_t>(sign | rounded);
}

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
