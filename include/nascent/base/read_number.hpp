// SPDX-License-Identifier: Apache-2.0
/// \file
/// The one reader of numbers that come from outside: files and command lines. A number is taken whole and as it is, or
/// not at all: what does not fit is refused, with words for what would.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "nascent/base/number_text.hpp"

namespace nascent {

/// Which whole numbers are taken, both ends too. Without ends: all from 0 on that the type holds.
template <std::integral Integer = std::int64_t>
struct whole_range {
  Integer least = 0;
  Integer most = std::numeric_limits<Integer>::max();

  template <std::integral Other>
  constexpr bool admits(Other value) const {
    return std::cmp_less_equal(least, value) && std::cmp_less_equal(value, most);
  }
  /// For errors: "a whole number of 1 or more, below 2^31", "a whole number from 1 to 64".
  std::string allowed() const {
    using limits = std::numeric_limits<Integer>;
    const bool only_type = most == limits::max();
    if (least == limits::min() && limits::is_signed && only_type)
      return "a whole number that " + std::to_string(limits::digits + 1) + " bits hold";
    return "a whole number " + (only_type ? "of " : std::string("from ")) + std::to_string(least) +
           (only_type ? " or more, below 2^" + std::to_string(limits::digits) : " to " + std::to_string(most));
  }
};

/// Which other numbers are taken: finite ones from `least` to `most`.
struct real_range {
  double least = 0;
  double most = std::numeric_limits<double>::max();
  bool above_least = false;  ///< `least` itself is not taken

  constexpr bool admits(double value) const {
    return value >= least && value <= most && !(above_least && value == least);
  }
  /// For errors: "a number of 0 or more", "a number above 0, up to 1000".
  std::string allowed() const {
    const bool has_end = most < std::numeric_limits<double>::max();
    if (least == std::numeric_limits<double>::lowest())
      return has_end ? "a number up to " + exact_text(most) : "a finite number";
    if (above_least) return "a number above " + exact_text(least) + (has_end ? ", up to " + exact_text(most) : "");
    if (has_end) return "a number from " + exact_text(least) + " to " + exact_text(most);
    return "a number of " + exact_text(least) + " or more";
  }
};

/// Any finite number.
inline constexpr real_range any_finite{.least = std::numeric_limits<double>::lowest()};

namespace detail {

/// The whole of a text as one number; nothing where it is none, or one that the type does not hold.
template <class Number>
std::optional<Number> number_in(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

}  // namespace detail

/// A whole number in decimal digits; nothing for any other text, and for numbers out of the range.
template <std::integral Integer = std::int64_t>
std::optional<Integer> read_whole(std::string_view text, const whole_range<Integer>& range = {}) {
  const std::optional<Integer> value = detail::number_in<Integer>(text);
  return value && range.admits(*value) ? value : std::nullopt;
}

/// A number such as "0.25" or "1e-3"; nothing for any other text, for numbers out of the range, for nan and inf.
inline std::optional<double> read_real(std::string_view text, const real_range& range = {}) {
  const std::optional<double> value = detail::number_in<double>(text);
  return value && range.admits(*value) ? value : std::nullopt;
}

}  // namespace nascent
