// SPDX-License-Identifier: Apache-2.0
/// \file
/// 128-bit unsigned integers: sizes and ranks of search spaces. Once-for-All's space alone needs 65 bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "nascent/base/language.hpp"

namespace nascent {

/// Sizes and ranks. Arithmetic that could overflow goes through checked_add and checked_multiply.
__extension__ typedef unsigned __int128 uint128;

/// `value` is only meaningful where `overflow` is false.
struct checked_uint128 {
  uint128 value = 0;
  bool overflow = false;
};

constexpr checked_uint128 checked_add(checked_uint128 a, checked_uint128 b) {
  const uint128 sum = a.value + b.value;
  return {sum, a.overflow || b.overflow || sum < a.value};
}

constexpr checked_uint128 checked_multiply(checked_uint128 a, checked_uint128 b) {
  const bool wraps = a.value != 0 && b.value > ~uint128{0} / a.value;
  return {a.value * b.value, a.overflow || b.overflow || wraps};
}

constexpr checked_uint128 checked_power(checked_uint128 base, int exponent) {
  checked_uint128 result{1};
  for (int i = 0; i < exponent; ++i) result = checked_multiply(result, base);
  return result;
}

/// So much of `n` as `fraction`, in units of 2^-64, says, rounded down: below n where n is above 0.
constexpr std::uint64_t share_of(std::uint64_t n, std::uint64_t fraction) {
  return static_cast<std::uint64_t>(static_cast<uint128>(n) * fraction >> 64);
}
constexpr uint128 share_of(uint128 n, std::uint64_t fraction) {
  return (n >> 64) * fraction + (static_cast<uint128>(static_cast<std::uint64_t>(n)) * fraction >> 64);
}

/// A decimal number of up to 39 digits.
struct decimal {
  char chars[40] = {};
  std::size_t length = 0;
  constexpr const char* c_str() const { return chars; }
  constexpr const char* data() const { return chars; }
  constexpr std::size_t size() const { return length; }
};

constexpr decimal to_decimal(uint128 value) {
  char reversed[40] = {};
  std::size_t n = 0;
  do {
    reversed[n++] = static_cast<char>('0' + static_cast<int>(value % 10));
    value /= 10;
  } while (value != 0);
  decimal text;
  text.length = n;
  for (std::size_t i = 0; i < n; ++i) text.chars[i] = reversed[n - 1 - i];
  return text;
}

/// Prints to any stream of the standard library, where namespace nascent is in use: a built-in type has none of its
/// own.
template <class Stream, class Number>
requires((std::is_same_v<Number, uint128> || std::is_same_v<Number, decimal>)&&requires(Stream& out) {
  out.write("", 0).flush();
}) Stream&
operator<<(Stream& out, const Number& number) {
  if constexpr (std::is_same_v<Number, decimal>) out << number.c_str();
  else out << to_decimal(number).c_str();
  return out;
}

}  // namespace nascent
