// SPDX-License-Identifier: Apache-2.0
/// \file
/// Marks for scaling: what compound scaling leaves alone, and what it multiplies, where a field's meaning says
/// otherwise or nothing.
#pragma once

#include "nascent/choice/choice.hpp"

namespace nascent {

template <class Value>
struct fixed_value {
  Value value;
};
template <class Value>
struct scaled_value {
  Value value;
};

namespace detail {

/// A whole number, a choice of them, or what stands for one of these.
template <class T>
inline constexpr bool is_whole = std::is_convertible_v<T, int> && !std::is_floating_point_v<T>;
template <choice T>
inline constexpr bool is_whole<T> = is_whole<typename T::value_type>;
template <>
inline constexpr bool is_whole<tie> = true;
template <class T>
inline constexpr bool is_whole<shared_choice<T>> = is_whole<T>;
template <class T>
inline constexpr bool is_whole<independent_layers<T>> = is_whole<T>;

template <class T>
inline constexpr bool is_fixed = false;
template <class T>
inline constexpr bool is_fixed<fixed_value<T>> = true;
template <class T>
inline constexpr bool is_scaled = false;
template <class T>
inline constexpr bool is_scaled<scaled_value<T>> = true;
template <class T>
inline constexpr bool is_marked = false;
template <class T>
inline constexpr bool is_marked<fixed_value<T>> = true;
template <class T>
inline constexpr bool is_marked<scaled_value<T>> = true;

/// What a mark stands on; anything else is itself.
template <class T>
constexpr const auto& unmarked(const T& value) {
  if constexpr (is_marked<T>) return value.value;
  else return value;
}

}  // namespace detail

/// Scaling leaves this alone: `conv{.filters = fixed(32)}`, `.layers(fixed(2))`. A number, a choice of numbers, or a
/// tie; what is tied to a fixed choice is fixed, too.
template <class Value>
constexpr auto fixed(Value value) {
  static_assert(detail::is_whole<Value>,
                "nascent: fixed() found no whole number; allowed: a whole number, a choice of them, or a tie");
  if constexpr (detail::is_whole<Value>) return fixed_value<Value>{value};
  else return value;
}

/// Width scaling multiplies this, although the field is none that it multiplies by itself: `dense{.units =
/// scaled(1280)}` of a hidden layer.
template <class Value>
constexpr auto scaled(Value value) {
  static_assert(detail::is_whole<Value>,
                "nascent: scaled() found no whole number; allowed: a whole number, a choice of them, or a tie");
  if constexpr (detail::is_whole<Value>) return scaled_value<Value>{value};
  else return value;
}

}  // namespace nascent
