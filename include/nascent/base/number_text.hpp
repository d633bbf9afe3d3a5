// SPDX-License-Identifier: Apache-2.0
/// \file
/// Numbers as text at run time, the same under every locale. In constant evaluation: `basic_text::add` of
/// base/text.hpp.
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>

#include "nascent/base/text.hpp"

namespace nascent {

/// The shortest text that reads back as the same number: 0.0625 is "0.0625", a third is "0.3333333333333333".
inline std::string exact_text(double value) { return std::string(basic_text<32>{}.add(value).view()); }

/// `decimals` decimals, for columns: 8 is "8.00".
inline std::string fixed_text(double value, int decimals) {
  std::array<char, 384> text{};  // the largest double has 309 digits before its point
  const int places = decimals < 0 ? 0 : decimals > 60 ? 60 : decimals;  // <algorithm> would cost more than all of this
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed, places);
  return {text.data(), end.ptr};
}

/// Up to `decimals` decimals and no trailing zeros: 8 is "8", 8.125 is "8.13" or "8.12".
inline std::string rounded_text(double value, int decimals = 2) {
  std::string text = fixed_text(value, decimals);
  if (text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  return text == "-0" ? "0" : text;
}

/// For people: so many digits that matter, and all of those before the point. With three digits 8 is "8.00", 8.0612 is
/// "8.06", 0.012345 is "0.0123", 1234.6 is "1235", 3.2e24 is "3.20e24".
inline std::string significant_text(double value, int digits = 4) {
  std::array<char, 96> text{};
  const int after_first = (digits < 1 ? 1 : digits > 60 ? 60 : digits) - 1;
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific, after_first);
  const std::string_view rounded(text.data(), static_cast<std::size_t>(end.ptr - text.data()));
  const std::size_t power = rounded.find('e');
  if (value == 0 || power == std::string_view::npos) return exact_text(value);  // also nan and inf
  int exponent = 0;
  std::from_chars(rounded.data() + power + (rounded[power + 1] == '+' ? 2 : 1), end.ptr, exponent);
  if (exponent >= -4 && exponent < 16)
    return fixed_text(value, after_first - exponent);  // none where there are more before the point
  return std::string(rounded.substr(0, power)) + 'e' + std::to_string(exponent);
}

}  // namespace nascent
