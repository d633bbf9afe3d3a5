// SPDX-License-Identifier: Apache-2.0
/// \file
/// Choices of values: any field of a block may hold one instead of a value.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "nascent/choice/rounding.hpp"

namespace nascent {

/// A finite, ordered set of values. Lists that are read at run time model it just as the ones below do.
template <class T>
concept choice = requires(const T& c, std::size_t i) {
  typename T::value_type;
  { c.size() } -> std::convertible_to<std::size_t>;
  { c[i] } -> std::convertible_to<typename T::value_type>;
};

/// Values in the order in which they were written.
template <class T, std::size_t N>
struct one_of_values {
  using value_type = T;
  std::array<T, N> values{};
  std::size_t count = N;

  constexpr std::size_t size() const { return count; }
  constexpr T operator[](std::size_t i) const { return values[i]; }
};

namespace detail {
/// A choice of one value: stands in after a mistake was reported, so that nothing else is.
constexpr one_of_values<int, 1> any_choice() { return {{1}}; }
template <class First>
constexpr one_of_values<First, 1> any_choice(First value, ...) {
  return {{value}};
}
}  // namespace detail

/// A choice between the values given: `one_of(3, 5, 7)`, `one_of(0, .25)`, `one_of(relu, swish)`.
template <class... T>
constexpr auto one_of(T... values) {
  static_assert(sizeof...(T) > 0,
                "nascent: one_of() found 0 values; allowed: 1 or more; write the value itself for no choice");
  constexpr bool have_one_type = requires { typename std::common_type_t<T...>; };
  static_assert(
      have_one_type || sizeof...(T) == 0,
      "nascent: one_of() found values of different kinds; allowed: values of one type (either() takes whole blocks)");
  if constexpr (sizeof...(T) > 0 && have_one_type) {
    using value_type = std::common_type_t<T...>;
    return one_of_values<value_type, sizeof...(T)>{{static_cast<value_type>(values)...}};
  } else {
    return detail::any_choice(values...);
  }
}

/// The whole numbers first, first + step, ..., last. `last` must be reached.
struct int_range {
  using value_type = int;
  int first = 0;
  int last = 0;
  int step = 1;

  constexpr std::size_t size() const {
    return step < 1 || last < first ? 0 : static_cast<std::size_t>((std::int64_t{last} - first) / step + 1);
  }
  constexpr int operator[](std::size_t i) const {
    // In `int` where it holds all steps: compilers that know a stage's layers in order count networks a quarter faster.
    if (first < 0 && last > 2147483647 + first) [[unlikely]]
      return static_cast<int>(first + static_cast<std::int64_t>(i) * step);
    return first + static_cast<int>(i) * step;
  }
};

/// `range(32, 80, 16)` is 32, 48, 64, 80. A reversed range, or one that does not end on `last`, is refused when the
/// space is defined.
constexpr int_range range(int first, int last, int step = 1) { return {first, last, step}; }
template <class... T>
requires(std::is_floating_point_v<T> || ...) constexpr int_range range(T...) {
  static_assert(sizeof...(T) == 0,
                "nascent: range() found fractions; allowed: whole numbers; one_of(.25, .5) lists fractions");
  return {1, 1, 1};
}

/// Widths relative to a base: `64 * one_of(.5, .75, 1, 1.25)`, rounded half up to a multiple of 8. Factors that round
/// to the same width are one value.
template <std::size_t N>
constexpr one_of_values<int, N> relative_widths(int base, const one_of_values<double, N>& factors,
                                                int (*rounding)(double, int)) {
  one_of_values<int, N> widths;
  widths.count = 0;
  for (std::size_t i = 0; i < factors.size(); ++i) {
    const int width = rounding(base * factors[i], 8);
    bool known = false;
    for (std::size_t j = 0; j < widths.count; ++j) known = known || widths.values[j] == width;
    if (!known) widths.values[widths.count++] = width;
  }
  return widths;
}

template <std::size_t N>
constexpr auto operator*(int base, const one_of_values<double, N>& factors) {
  return relative_widths(base, factors, round_half_up);
}

/// The same with the 10 % rule: never below 90 % of base * factor.
template <std::size_t N>
constexpr auto scaled(int base, const one_of_values<double, N>& factors) {
  return relative_widths(base, factors, [](double width, int divisor) { return make_divisible(width, divisor); });
}

/// Takes its value from another choice of the space, named by its path: `tied_to("stem.filters")`. Adds nothing to the
/// count.
struct tie {
  const char* path;
};
constexpr tie tied_to(const char* path) { return {path}; }

/// In a stage whose layers choose independently: this field is chosen once and shared by all of them.
template <choice Choice>
struct shared_choice {
  Choice values;
};
template <choice Choice>
constexpr shared_choice<Choice> shared(Choice values) {
  return {values};
}

/// Each layer of the stage chooses on its own: `.layers(independent(range(2, 4)))`.
template <class Count>
struct independent_layers {
  Count count;
};
template <class Count>
constexpr independent_layers<Count> independent(Count count) {
  return {count};
}

namespace detail {
template <class T>
inline constexpr bool is_shared = false;
template <class C>
inline constexpr bool is_shared<shared_choice<C>> = true;
template <class T>
inline constexpr bool is_independent = false;
template <class C>
inline constexpr bool is_independent<independent_layers<C>> = true;
template <class T>
inline constexpr bool is_tie = std::is_same_v<std::remove_cvref_t<T>, tie>;
}  // namespace detail

}  // namespace nascent
