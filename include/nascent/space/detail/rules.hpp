// SPDX-License-Identifier: Apache-2.0
/// \file
/// What fields may hold, by their names and types.
#pragma once

#include "nascent/space/build.hpp"
#include "nascent/space/detail/constraints.hpp"
#include "nascent/space/fault.hpp"

namespace nascent::detail {

constexpr bool is_stride(int value) { return value == 1 || value == 2 || value == 4; }

/// What a field may hold.
struct value_rule {
  const char* allowed = nullptr;  ///< null where anything may be
  double least = 0;
  double most = 1e300;
  bool above_least = false;  ///< `least` itself is not allowed
  bool whole = false;        ///< counts something
  bool strides = false;      ///< only some values in between

  constexpr bool admits(double value) const {
    if (!allowed) return true;
    return value >= least && value <= most && !(above_least && value == least) &&
           (!strides || is_stride(static_cast<int>(value)));
  }
};

/// By the field's name: the law for blocks of the library and of users alike.
constexpr value_rule rule_of(std::string_view name) {
  if (name == "filters" || name == "units" || name == "kernel" || name == "groups" || name == "channels")
    return {.allowed = "1 or more", .least = 1, .whole = true};
  if (name == "resolution") return {.allowed = "1 to 65536", .least = 1, .most = 65536, .whole = true};
  if (name == "factor") return {.allowed = "2 or more", .least = 2, .whole = true};
  if (name == "expand" || name == "ratio") return {.allowed = "above 0", .above_least = true};
  if (name == "stride") return {.allowed = "1, 2 or 4", .least = 1, .most = 4, .whole = true, .strides = true};
  if (name == "se") return {.allowed = "0 to 1", .most = 1};
  return {};
}

/// Looked up once for a type of block: comparing names for every value of every stage would be most of the checks'
/// work.
template <class Block, std::size_t J>
inline constexpr value_rule field_rule = field_rule<natural_block<Block>, J>;
template <class Block, std::size_t J>
requires std::is_same_v<Block, natural_block<Block>>
inline constexpr value_rule field_rule<Block, J> = rule_of(field_name<Block, J>);

template <class Block>
inline constexpr bool is_not_a_block = false;
template <class Found>
inline constexpr bool is_not_a_block<not_a_block<Found>> = true;
template <class Block>
inline constexpr std::string_view found_instead{};
template <class Found>
inline constexpr std::string_view found_instead<not_a_block<Found>> = block_name<Found>;

/// Whether a block's choices can be replaced by values: its fields must be template parameters.
template <class Block>
inline constexpr bool can_decide = count_kind<Block>(field_kind::fixed) == static_cast<int>(field_count<Block>);
template <template <class...> class Block, class... Fields>
inline constexpr bool can_decide<Block<Fields...>> = true;

/// The types that a block's fields have by its default template arguments; its own where it has no defaults.
template <class Block>
using natural_fields_of = field_types_of<natural_block<Block>>;

template <std::size_t J, class Fields>
struct nth_field;
template <std::size_t J, class First, class... Rest>
struct nth_field<J, field_types<First, Rest...>> : nth_field<J - 1, field_types<Rest...>> {};
template <class First, class... Rest>
struct nth_field<0, field_types<First, Rest...>> {
  using type = First;
};

}  // namespace nascent::detail
