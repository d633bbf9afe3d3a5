// SPDX-License-Identifier: Apache-2.0
/// \file
/// The shortest decimal digits that read back as the same floating-point number, also in constant evaluation, where
/// `std::to_chars` cannot be used. Steele and White, "How to print floating-point numbers accurately", PLDI 1990.
#pragma once

#include <bit>
#include <cfloat>
#include <cstdint>

#include "nascent/base/language.hpp"

namespace nascent::detail {

/// An unsigned integer of up to 1152 bits: what the smallest and the largest double take, with room for one digit.
struct wide_integer {
  static constexpr int capacity = 36;
  std::uint32_t limbs[capacity] = {};
  int used = 0;  ///< limbs up to the highest that is not 0

  constexpr wide_integer() = default;
  constexpr wide_integer(std::uint64_t value, int shift) {
    const int skip = shift / 32;
    const int bits = shift % 32;
    for (int i = 0; i < 2; ++i) {
      const std::uint64_t part = (value >> (32 * i) & 0xFFFFFFFFU) << bits;
      limbs[skip + i] |= static_cast<std::uint32_t>(part & 0xFFFFFFFFU);
      limbs[skip + i + 1] |= static_cast<std::uint32_t>(part >> 32);
    }
    used = skip + 3;
    trim();
  }

  constexpr void times_ten() {
    std::uint64_t carry = 0;
    for (int i = 0; i < used; ++i) {
      carry += std::uint64_t{limbs[i]} * 10;
      limbs[i] = static_cast<std::uint32_t>(carry & 0xFFFFFFFFU);
      carry >>= 32;
    }
    if (carry != 0) limbs[used++] = static_cast<std::uint32_t>(carry);
  }

  friend constexpr wide_integer operator+(const wide_integer& a, const wide_integer& b) {
    wide_integer sum;
    const int most = a.used > b.used ? a.used : b.used;
    std::uint64_t carry = 0;
    for (int i = 0; i < most; ++i) {
      carry += std::uint64_t{a.limbs[i]} + b.limbs[i];
      sum.limbs[i] = static_cast<std::uint32_t>(carry & 0xFFFFFFFFU);
      carry >>= 32;
    }
    sum.used = most;
    if (carry != 0) sum.limbs[sum.used++] = static_cast<std::uint32_t>(carry);
    return sum;
  }

  /// `other` must not be larger.
  constexpr void subtract(const wide_integer& other) {
    std::int64_t borrow = 0;
    for (int i = 0; i < used; ++i) {
      const std::int64_t difference = std::int64_t{limbs[i]} - other.limbs[i] + borrow;
      borrow = difference < 0 ? -1 : 0;
      limbs[i] = static_cast<std::uint32_t>(difference & 0xFFFFFFFF);
    }
    trim();
  }

  /// Below 0, 0, above 0: as `a` is less than, equal to or greater than `b`.
  friend constexpr int compare(const wide_integer& a, const wide_integer& b) {
    if (a.used != b.used) return a.used < b.used ? -1 : 1;
    for (int i = a.used - 1; i >= 0; --i)
      if (a.limbs[i] != b.limbs[i]) return a.limbs[i] < b.limbs[i] ? -1 : 1;
    return 0;
  }

 private:
  constexpr void trim() {
    while (used > 0 && limbs[used - 1] == 0) --used;
  }
};

/// d1.d2d3... times ten to the power of `exponent`; no trailing zeros.
struct decimal_digits {
  char digits[17] = {};
  int count = 0;
  int exponent = 0;
};

/// The bits of a number above 0 and where they lie in its format (IEEE 754).
struct number_format {
  int fraction_bits;
  int max_exponent;
};

/// Of the shortest decimals that read back as the number with these bits, finite and above 0, the nearest one; of two,
/// the even one. No template: most declarations of a space name it without ever coming here.
constexpr decimal_digits shortest_digits(std::uint64_t bits, const number_format& format) {
  const std::uint64_t fraction = bits & ((std::uint64_t{1} << format.fraction_bits) - 1);
  const auto biased = static_cast<int>(bits >> format.fraction_bits);
  const std::uint64_t whole = biased == 0 ? fraction : fraction | std::uint64_t{1} << format.fraction_bits;
  const int power =
      (biased == 0 ? 1 : biased) - format.max_exponent + 1 - format.fraction_bits;  // value: whole * 2^power

  // value = rest / scale; half the way to the neighbours = below / scale and above / scale. The neighbour below a power
  // of two is nearer than the one above, so everything is doubled once more there.
  const bool uneven = fraction == 0 && biased > 1;
  const int up = (power > 0 ? power : 0) + (uneven ? 1 : 0);
  wide_integer rest(whole, up + 1);
  wide_integer scale(1, (power < 0 ? -power : 0) + 1 + (uneven ? 1 : 0));
  wide_integer above(1, up);
  wide_integer below(1, uneven ? up - 1 : up);
  const bool even = whole % 2 == 0;  // then what lies exactly half the way is read as this number
  const auto reaches = [&](const wide_integer& sum) { return compare(sum, scale) >= (even ? 0 : 1); };

  decimal_digits result{.exponent = -1};
  for (const wide_integer sum = rest + above; reaches(sum); ++result.exponent) scale.times_ten();
  for (;; --result.exponent) {
    wide_integer larger = rest + above;
    larger.times_ten();
    if (reaches(larger)) break;
    rest.times_ten();
    above.times_ten();
    below.times_ten();
  }
  while (true) {
    rest.times_ten();
    above.times_ten();
    below.times_ten();
    int digit = 0;
    for (; compare(rest, scale) >= 0; ++digit) rest.subtract(scale);
    const bool low = compare(rest, below) < (even ? 1 : 0);
    const bool high = reaches(rest + above);
    if (low || high) {
      const int beyond_half = compare(rest + rest, scale);
      const bool nearer_above = low && high ? beyond_half > 0 || (beyond_half == 0 && digit % 2 != 0) : high;
      result.digits[result.count++] = static_cast<char>('0' + digit + (nearer_above ? 1 : 0));
      return result;
    }
    result.digits[result.count++] = static_cast<char>('0' + digit);
  }
}
constexpr decimal_digits shortest_digits(double value) {
  return shortest_digits(std::bit_cast<std::uint64_t>(value), {DBL_MANT_DIG - 1, DBL_MAX_EXP});
}
constexpr decimal_digits shortest_digits(float value) {
  return shortest_digits(std::bit_cast<std::uint32_t>(value), {FLT_MANT_DIG - 1, FLT_MAX_EXP});
}
static_assert(FLT_RADIX == 2 && FLT_MANT_DIG == 24 && DBL_MANT_DIG == 53,
              "nascent: numbers of 32 and 64 bits, as IEEE 754 has them");

}  // namespace nascent::detail
