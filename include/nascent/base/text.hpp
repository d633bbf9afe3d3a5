// SPDX-License-Identifier: Apache-2.0
/// \file
/// Short texts that can be built in constant evaluation: paths of slots, sentences of errors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace nascent {

/// Characters of a fixed capacity. What does not fit is cut, and `truncated` says so.
template <std::size_t Capacity>
struct basic_text {
  char chars[Capacity] = {};
  std::size_t length = 0;
  bool truncated = false;

  constexpr std::string_view view() const { return {chars, length}; }
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
    if (number < 0) {
      add('-');
      number = -number;
    }
    char digits[20] = {};
    int n = 0;
    do digits[n++] = static_cast<char>('0' + number % 10);
    while ((number /= 10) != 0);
    while (n > 0) add(digits[--n]);
    return *this;
  }
  /// Up to three decimals, without trailing zeros: enough for ratios.
  constexpr basic_text& add(double number) {
    if (number < 0) {
      add('-');
      number = -number;
    }
    const auto thousandths = static_cast<std::int64_t>(number * 1000 + 0.5);
    add(thousandths / 1000);
    int rest = static_cast<int>(thousandths % 1000);
    if (rest == 0) return *this;
    add('.');
    for (int place = 100; place > 0 && rest != 0; place /= 10) {
      add(static_cast<char>('0' + rest / place));
      rest %= place;
    }
    return *this;
  }
  constexpr basic_text& add(int number) { return add(static_cast<std::int64_t>(number)); }
  constexpr basic_text& add(std::size_t number) { return add(static_cast<std::int64_t>(number)); }
  constexpr basic_text& add(const char* more) { return add(std::string_view(more)); }

  friend constexpr bool operator==(const basic_text& a, std::string_view b) { return a.view() == b; }
};

/// Long enough for paths and for the parts of an error.
using short_text = basic_text<64>;

}  // namespace nascent
