// SPDX-License-Identifier: Apache-2.0
/// \file
/// Short texts that can be built in constant evaluation: paths of slots, sentences of errors.
#pragma once

#include <cfloat>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "nascent/base/detail/shortest_digits.hpp"

namespace nascent {

/// Characters of a fixed capacity. What does not fit is cut, and `truncated` says so.
template <std::size_t Capacity>
struct basic_text {
  char chars[Capacity] = {};
  std::size_t length = 0;
  bool truncated = false;

  constexpr std::string_view view() const { return {chars, length}; }
  constexpr operator std::string_view() const { return view(); }
  constexpr const char* c_str() const { return chars; }
  constexpr std::size_t size() const { return length; }

  constexpr basic_text& add(char c) {
    if (length + 1 < Capacity) chars[length++] = c;
    else truncated = true;
    return *this;
  }
  constexpr basic_text& add(std::string_view more) {
    for (const char c : more) add(c);
    return *this;
  }
  constexpr basic_text& add(std::int64_t number) {
    if (number < 0) return add('-').add(std::uint64_t{0} - static_cast<std::uint64_t>(number));
    return add(static_cast<std::uint64_t>(number));
  }
  constexpr basic_text& add(std::uint64_t number) {
    char digits[20] = {};
    int n = 0;
    do digits[n++] = static_cast<char>('0' + number % 10);
    while ((number /= 10) != 0);
    while (n > 0) add(digits[--n]);
    return *this;
  }
  constexpr basic_text& add(int number) { return add(static_cast<std::int64_t>(number)); }
  /// The shortest text that reads back as the same number, also in constant evaluation: "0.0625", "1e-9", "-inf".
  constexpr basic_text& add(double number) { return add_exact(number); }
  constexpr basic_text& add(float number) { return add_exact(number); }
  /// d1.d2d3...: plain from 0.0001 to 9999999999999999, else with a power of ten.
  constexpr basic_text& add(const detail::decimal_digits& number) {
    const auto digit = [&](int i) { return i >= 0 && i < number.count ? number.digits[i] : '0'; };
    const bool plain = number.exponent >= -4 && number.exponent < 16;
    const int point = plain ? number.exponent : 0;  // the digit that the decimal point follows
    const int begin =
        point < 0 ? point : 0;  // not std::min: <algorithm> costs every declaration of a space 15,000 lines
    const int end = number.count > point + 1 ? number.count : point + 1;
    for (int i = begin; i < end; ++i) {
      add(digit(i));
      if (i == point && i + 1 < number.count) add('.');
    }
    return plain ? *this : add('e').add(number.exponent);
  }
  constexpr basic_text& add(const char* more) { return add(std::string_view(more)); }

  friend constexpr bool operator==(const basic_text& a, std::string_view b) { return a.view() == b; }

 private:
  template <class Float>
  constexpr basic_text& add_exact(Float number) {
    if (number != number) return add("nan");
    if (number == 0) return add('0');
    if (number < 0) add('-');
    const Float size = number < 0 ? -number : number;
    return static_cast<double>(size) > DBL_MAX ? add("inf") : add(detail::shortest_digits(size));
  }
};

/// Long enough for paths and for the parts of an error.
using short_text = basic_text<64>;

}  // namespace nascent
