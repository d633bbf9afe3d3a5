// SPDX-License-Identifier: Apache-2.0
/// \file
/// The value behind an option of a choice: a number, an enumerator, the name of a block or stage. Typed, so that what
/// writes and reads values need not guess, and exact.
#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>

#include "nascent/base/text.hpp"
#include "nascent/block/reflection.hpp"

namespace nascent {

enum class value_kind : std::uint8_t {
  boolean,
  integer,
  real,
  enumerator,  ///< of an activation, a kind of padding, an enumeration of one's own
  block,       ///< name of one of the blocks of a stage
  name,        ///< a text, such as the stage that a skip connection comes from
  other,       ///< of a type without a meaning here; `text()` shows it as well as it can
};

constexpr const char* to_string(value_kind k) {
  switch (k) {
    case value_kind::boolean: return "boolean";
    case value_kind::integer: return "integer";
    case value_kind::real: return "real";
    case value_kind::enumerator: return "enumerator";
    case value_kind::block: return "block";
    case value_kind::name: return "name";
    case value_kind::other: return "other";
  }
  return "unknown";
}

/// One value, with its kind. A plain value without pointers: a description may outlive what it was read from.
class option_value {
 public:
  constexpr option_value() = default;

  constexpr value_kind kind() const { return kind_; }
  constexpr bool is_number() const { return kind_ <= value_kind::real; }
  /// The number, exact for reals; of an enumerator its underlying value; 0 for names.
  constexpr double number() const { return kind_ == value_kind::real ? real_ : static_cast<double>(integer_); }
  /// The whole number, 0 or 1 of a boolean, the underlying value of an enumerator; 0 for reals and names.
  constexpr std::int64_t integer() const { return integer_; }
  /// Of an enumerator, a block or a name; empty for numbers.
  constexpr std::string_view name() const { return name_.view(); }
  /// Name of an enumerator's enumeration, such as "activation"; empty for others.
  constexpr std::string_view type() const { return type_.view(); }

  /// For tables and messages: "5", "0.0625", "true", "swish". Reads back as the same number.
  constexpr short_text text() const {
    switch (kind_) {
      case value_kind::boolean: return short_text{}.add(integer_ != 0 ? "true" : "false");
      case value_kind::integer: return short_text{}.add(integer_);
      case value_kind::real: return short_text{}.add(real_);
      case value_kind::enumerator: return name_.size() > 0 ? name_ : short_text{}.add(integer_);
      case value_kind::block:
      case value_kind::name:
      case value_kind::other: return name_;
    }
    return {};
  }

  friend constexpr bool operator==(const option_value& a, const option_value& b) {
    return a.kind_ == b.kind_ && a.integer_ == b.integer_ && a.real_ == b.real_ && a.name() == b.name() &&
           a.type() == b.type();
  }

  static constexpr option_value of_boolean(bool value) { return {value_kind::boolean, value ? 1 : 0, 0, {}, {}}; }
  static constexpr option_value of_integer(std::int64_t value) { return {value_kind::integer, value, 0, {}, {}}; }
  static constexpr option_value of_real(double value) { return {value_kind::real, 0, value, {}, {}}; }
  static constexpr option_value of_enumerator(std::string_view type, std::string_view name, std::int64_t value) {
    return {value_kind::enumerator, value, 0, name, type};
  }
  static constexpr option_value of_block(std::string_view name) { return {value_kind::block, 0, 0, name, {}}; }
  static constexpr option_value of_name(std::string_view name) { return {value_kind::name, 0, 0, name, {}}; }
  static constexpr option_value of_other(std::string_view shown) { return {value_kind::other, 0, 0, shown, {}}; }

 private:
  constexpr option_value(value_kind kind, std::int64_t integer, double real, std::string_view name,
                         std::string_view type)
      : kind_(kind), integer_(integer), real_(real) {
    name_.add(name);
    type_.add(type);
  }

  value_kind kind_ = value_kind::integer;
  std::int64_t integer_ = 0;
  double real_ = 0;
  short_text name_{};
  short_text type_{};
};

/// A value of a field, as it stands in a declaration. Of a user's own types enumerations are known by their
/// `to_string`; classes are shown by it, or by their height and width.
template <class Value>
constexpr option_value make_option_value(const Value& value) {
  if constexpr (std::is_same_v<Value, bool>) {
    return option_value::of_boolean(value);
  } else if constexpr (std::is_enum_v<Value>) {
    const auto number = static_cast<std::int64_t>(value);
    if constexpr (requires { std::string_view(to_string(value)); })
      return option_value::of_enumerator(block_name<Value>, to_string(value), number);
    else return option_value::of_enumerator(block_name<Value>, {}, number);
  } else if constexpr (std::is_integral_v<Value>) {
    return option_value::of_integer(static_cast<std::int64_t>(value));
  } else if constexpr (std::is_floating_point_v<Value>) {
    return option_value::of_real(static_cast<double>(value));
  } else if constexpr (std::is_convertible_v<Value, std::string_view>) {
    return option_value::of_name(value);
  } else if constexpr (requires {
                         value.height;
                         value.width;
                       }) {
    return option_value::of_other(short_text{}
                                      .add(make_option_value(value.height).text().view())
                                      .add('x')
                                      .add(make_option_value(value.width).text().view())
                                      .view());
  } else if constexpr (requires { std::string_view(to_string(value)); }) {
    return option_value::of_other(to_string(value));
  } else {
    return option_value::of_other("\xE2\x80\xA6");
  }
}

}  // namespace nascent
