// SPDX-License-Identifier: Apache-2.0
/// \file
/// From a value of a field, as it stands in a declaration, to a typed one.
#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "nascent/base/typed_value.hpp"
#include "nascent/block/reflection.hpp"

namespace nascent {
namespace detail {

template <class T>
concept lasting_text = std::same_as<T, const char*> || std::same_as<T, std::string_view>;

/// What `to_string` names, by a text that stays.
template <class Value>
concept named_value_type = requires(const Value& value) {
  { to_string(value) } -> lasting_text;
};

}  // namespace detail

/// A value of a field. Of a user's own types enumerations, and classes, are known by a `to_string` that returns
/// `const char*` or std::string_view, and classes of a height and a width as sizes.
template <class Value>
constexpr typed_value make_value(const Value& value) {
  if constexpr (std::is_same_v<Value, bool>) {
    return typed_value::of_boolean(value);
  } else if constexpr (std::is_enum_v<Value>) {
    const auto number = static_cast<std::int64_t>(value);
    if constexpr (detail::named_value_type<Value>)
      return typed_value::of_enumerator(block_name<Value>, to_string(value), number);
    else return typed_value::of_enumerator(block_name<Value>, {}, number);
  } else if constexpr (std::is_integral_v<Value>) {
    return typed_value::of_integer(static_cast<std::int64_t>(value));
  } else if constexpr (std::is_floating_point_v<Value>) {
    return typed_value::of_real(static_cast<double>(value));
  } else if constexpr (std::is_convertible_v<Value, std::string_view>) {
    return typed_value::of_name(value);
  } else if constexpr (requires {
                         { value.height } -> std::convertible_to<int>;
                         { value.width } -> std::convertible_to<int>;
                       }) {
    return typed_value::of_size(value.height, value.width);
  } else if constexpr (detail::named_value_type<Value>) {
    return typed_value::of_other(block_name<Value>, to_string(value));
  } else {
    return typed_value::of_other(block_name<Value>);
  }
}

}  // namespace nascent
