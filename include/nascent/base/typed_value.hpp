// SPDX-License-Identifier: Apache-2.0
/// \file
/// A value of a hyper-parameter with its kind: what blocks, descriptions of spaces, files and pictures say fields hold.
/// Typed, so that what writes and reads values need not guess, and exact.
#pragma once

#include <cstdint>
#include <string_view>

#include "nascent/base/text.hpp"

namespace nascent {

enum class value_kind : std::uint8_t {
  boolean,
  integer,
  real,
  size,        ///< height x width
  enumerator,  ///< of an activation, a kind of padding, an enumeration of one's own
  block,       ///< name of one of the blocks of a stage
  name,        ///< a text, such as the stage that a skip connection comes from
  other,       ///< of a type without a meaning here
};

constexpr const char* to_string(value_kind k) {
  switch (k) {
    case value_kind::boolean: return "boolean";
    case value_kind::integer: return "integer";
    case value_kind::real: return "real";
    case value_kind::size: return "size";
    case value_kind::enumerator: return "enumerator";
    case value_kind::block: return "block";
    case value_kind::name: return "name";
    case value_kind::other: return "other";
  }
  return "unknown";
}

/// One value. Its texts are not copied: they have to stay where they are, as literals do and what is known to the
/// compiler.
class typed_value {
 public:
  /// Of no type that has a meaning.
  constexpr typed_value() = default;
  static constexpr typed_value of_boolean(bool value) { return {value_kind::boolean, {.integer = value ? 1 : 0}}; }
  static constexpr typed_value of_integer(std::int64_t value) { return {value_kind::integer, {.integer = value}}; }
  static constexpr typed_value of_real(double value) { return {value_kind::real, {.real = value}}; }
  static constexpr typed_value of_size(int height, int width) {
    return {value_kind::size, {.integer = static_cast<std::int64_t>(height) * size_base + width}};
  }
  /// `type` is the enumeration, such as "activation"; an enumerator without a name has its number only.
  static constexpr typed_value of_enumerator(std::string_view type, std::string_view name, std::int64_t value) {
    return {value_kind::enumerator, {.integer = value}, name, type};
  }
  static constexpr typed_value of_block(std::string_view name) { return {value_kind::block, {.integer = 0}, name}; }
  static constexpr typed_value of_name(std::string_view name) { return {value_kind::name, {.integer = 0}, name}; }
  /// `shown` is what the value is written as, where anything is known to say.
  static constexpr typed_value of_other(std::string_view type, std::string_view shown = {}) {
    return {value_kind::other, {.integer = 0}, shown, type};
  }

  constexpr value_kind kind() const { return kind_; }
  constexpr bool is_number() const { return kind_ <= value_kind::real; }
  /// The number, exact for reals; of an enumerator its underlying value; 0 for sizes and names.
  constexpr double number() const { return kind_ == value_kind::real ? value_.real : static_cast<double>(integer()); }
  /// The whole number, 0 or 1 of a boolean, the underlying value of an enumerator; 0 for reals, sizes and names.
  constexpr std::int64_t integer() const {
    return kind_ == value_kind::real || kind_ == value_kind::size ? 0 : value_.integer;
  }
  constexpr bool truth() const { return kind_ == value_kind::boolean && value_.integer != 0; }
  /// Of a size; 0 for others.
  constexpr int height() const { return kind_ == value_kind::size ? static_cast<int>(value_.integer / size_base) : 0; }
  constexpr int width() const { return kind_ == value_kind::size ? static_cast<int>(value_.integer % size_base) : 0; }
  /// Of an enumerator, a block or a name; empty for numbers.
  constexpr std::string_view name() const { return {name_, name_length_}; }
  /// Name of an enumerator's enumeration, such as "activation", or of the type of a value of another kind; empty for
  /// the rest.
  constexpr std::string_view type() const { return {type_, type_length_}; }

  /// For tables and messages: "5", "0.0625", "true", "3x5", "swish". A number reads back as the same number.
  constexpr short_text text() const {
    switch (kind_) {
      case value_kind::boolean: return short_text{}.add(truth() ? "true" : "false");
      case value_kind::integer: return short_text{}.add(value_.integer);
      case value_kind::real: return short_text{}.add(value_.real);
      case value_kind::size: return short_text{}.add(height()).add('x').add(width());
      case value_kind::enumerator:
        return name_length_ > 0 ? short_text{}.add(name()) : short_text{}.add(value_.integer);
      case value_kind::block:
      case value_kind::name: return short_text{}.add(name());
      case value_kind::other: return short_text{}.add(name_length_ > 0 ? name() : "\xE2\x80\xA6");
    }
    return {};
  }

  friend constexpr bool operator==(const typed_value& a, const typed_value& b) {
    return a.kind_ == b.kind_ &&
           (a.kind_ == value_kind::real ? a.value_.real == b.value_.real : a.value_.integer == b.value_.integer) &&
           a.name() == b.name() && a.type() == b.type();
  }

 private:
  static constexpr std::int64_t size_base = std::int64_t{1} << 31;
  union payload {
    std::int64_t integer = 0;
    double real;
  };
  constexpr typed_value(value_kind kind, payload value, std::string_view name = {}, std::string_view type = {})
      : value_(value),
        name_(name.data()),
        type_(type.data()),
        name_length_(static_cast<std::uint32_t>(name.size())),
        type_length_(static_cast<std::uint16_t>(type.size())),
        kind_(kind) {}

  payload value_{};
  const char* name_ = nullptr;
  const char* type_ = nullptr;
  std::uint32_t name_length_ = 0;
  std::uint16_t type_length_ = 0;
  value_kind kind_ = value_kind::other;
};

}  // namespace nascent
