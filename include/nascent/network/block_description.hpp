// SPDX-License-Identifier: Apache-2.0
/// \file
/// What is said of a block where it is built: its name and its fields as values. Apart from block_span.hpp, which every
/// declaration of a space would pay for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "nascent/base/language.hpp"

namespace nascent {

/// The value that a field had when its block was built.
class field_value {
 public:
  enum class kind : std::uint8_t {
    other,    ///< of a type that is none of the following
    integer,  ///< a whole number
    real,
    truth,
    name,  ///< an enumerator: the name of its type, and its own as `to_string` gives it
  };

  constexpr field_value() = default;
  static constexpr field_value of_integer(std::int64_t value) { return {kind::integer, {}, {.integer = value}}; }
  static constexpr field_value of_real(double value) { return {kind::real, {}, {.real = value}}; }
  static constexpr field_value of_truth(bool value) { return {kind::truth, {}, {.integer = value ? 1 : 0}}; }
  /// Both texts have to stay where they are: literals, or what is known to the compiler.
  static constexpr field_value of_name(std::string_view type, std::string_view value) {
    field_value named{
        kind::name, type, {.text = value.data()}};  // NOLINT(bugprone-suspicious-stringview-data-usage): with length_
    named.length_ = static_cast<std::uint32_t>(value.size());
    return named;
  }
  static constexpr field_value of_other(std::string_view type) { return {kind::other, type, {.integer = 0}}; }

  constexpr kind type() const { return kind_; }
  /// 0 where the value is of another kind; true counts as 1.
  constexpr std::int64_t integer() const { return kind_ == kind::integer || kind_ == kind::truth ? value_.integer : 0; }
  constexpr bool truth() const { return integer() != 0; }
  /// Of whole numbers too.
  constexpr double real() const { return kind_ == kind::real ? value_.real : static_cast<double>(integer()); }
  /// Empty where the value is no enumerator.
  constexpr std::string_view name() const {
    return kind_ == kind::name ? std::string_view{value_.text, length_} : std::string_view{};
  }
  /// Of an enumerator, or of a value of another kind: "activation". Empty for numbers and truths.
  constexpr std::string_view type_name() const { return type_name_; }

  friend constexpr bool operator==(const field_value& a, const field_value& b) {
    if (a.kind_ != b.kind_ || a.type_name_ != b.type_name_) return false;
    switch (a.kind_) {
      case kind::other: return true;
      case kind::integer:
      case kind::truth: return a.value_.integer == b.value_.integer;
      case kind::real: return a.value_.real == b.value_.real;
      case kind::name: return a.name() == b.name();
    }
    return false;
  }

 private:
  union payload {
    std::int64_t integer = 0;
    double real;
    const char* text;
  };
  constexpr field_value(kind k, std::string_view type, payload value) : type_name_(type), value_(value), kind_(k) {}

  std::string_view type_name_{};
  payload value_{};
  std::uint32_t length_ = 0;
  kind kind_ = kind::other;
};

/// Most fields that a block may have.
inline constexpr std::size_t max_block_fields = 12;

/// What an interpreter is told where a block begins. `name` and `field_names` have to outlive the network: literals, or
/// what is known to the compiler; `fields` are copied.
struct block_description {
  std::string_view name{};
  std::span<const std::string_view> field_names{};
  std::span<const field_value> fields{};
};

}  // namespace nascent
