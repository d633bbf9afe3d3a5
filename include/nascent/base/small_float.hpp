// SPDX-License-Identifier: Apache-2.0
/// \file
/// Numbers of 16 bits, from and to f32.
#pragma once

#include <bit>
#include <cstdint>

#include "nascent/base/language.hpp"

namespace nascent {

/// f32 to the nearest f16, ties to even; what is too large becomes infinite.
constexpr std::uint16_t to_f16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>(bits >> 16 & 0x8000U);
  const std::uint32_t size = bits & 0x7fffffffU;
  if (size > 0x7f800000U) return static_cast<std::uint16_t>(sign | 0x7e00U);   // not a number
  if (size >= 0x477ff000U) return static_cast<std::uint16_t>(sign | 0x7c00U);  // 65520 and above
  if (size < 0x33000001U) return sign;                                         // up to half of the smallest
  const int exponent = static_cast<int>(size >> 23);
  std::uint32_t mantissa = (size & 0x7fffffU) | 0x800000U;
  const int shift = exponent < 113 ? 126 - exponent : 13;  // below 2^-14 numbers are subnormal
  const std::uint32_t rest = mantissa & ((1U << shift) - 1);
  const std::uint32_t half = 1U << (shift - 1);
  mantissa >>= shift;
  if (rest > half || (rest == half && (mantissa & 1U) != 0)) ++mantissa;
  // The leading one, where there is one, adds one to the exponent's field; so does a carry.
  const std::uint32_t field = exponent < 113 ? 0U : static_cast<std::uint32_t>(exponent - 113) << 10;
  return static_cast<std::uint16_t>(sign | (field + mantissa));
}

constexpr float from_f16(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000U) << 16;
  const std::uint32_t exponent = half >> 10 & 31U;
  const std::uint32_t mantissa = half & 0x3ffU;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000U | mantissa << 13);
  if (exponent != 0) return std::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
  const float small = static_cast<float>(mantissa) * 0x1p-24F;
  return sign == 0 ? small : -small;
}

/// f32 to the nearest bf16, ties to even.
constexpr std::uint16_t to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffU) > 0x7f800000U) return static_cast<std::uint16_t>(bits >> 16 | 0x40U);
  return static_cast<std::uint16_t>((bits + 0x7fffU + (bits >> 16 & 1U)) >> 16);
}

constexpr float from_bf16(std::uint16_t value) { return std::bit_cast<float>(std::uint32_t{value} << 16); }

}  // namespace nascent
