// SPDX-License-Identifier: Apache-2.0
/// \file
/// What fields may hold, by their names and types.
#pragma once

#include "nascent/space/build.hpp"
#include "nascent/space/constraints.hpp"
#include "nascent/space/fault.hpp"

namespace nascent::detail {

constexpr bool is_stride(int value) { return value == 1 || value == 2 || value == 4; }

/// What a field may hold, by its name: the law for blocks of the library and of users alike.
constexpr const char* broken_rule(std::string_view name, double value) {
  if (name == "filters" || name == "units" || name == "kernel" || name == "groups" || name == "channels") return value >= 1 ? nullptr : "1 or more";
  if (name == "resolution") return value >= 1 && value <= 65536 ? nullptr : "1 to 65536";
  if (name == "factor") return value >= 2 ? nullptr : "2 or more";
  if (name == "expand" || name == "ratio") return value > 0 ? nullptr : "above 0";
  if (name == "stride") return is_stride(static_cast<int>(value)) ? nullptr : "1, 2 or 4";
  if (name == "se") return value >= 0 && value <= 1 ? nullptr : "0 to 1";
  return nullptr;
}

/// Fields that count something.
constexpr bool is_whole(std::string_view name) {
  return name == "filters" || name == "units" || name == "kernel" || name == "groups" || name == "channels" || name == "resolution" ||
         name == "factor" || name == "stride";
}

template <class Block>
inline constexpr bool is_not_a_block = false;
template <class Found>
inline constexpr bool is_not_a_block<not_a_block<Found>> = true;
template <class Block>
inline constexpr std::string_view found_instead = "";
template <class Found>
inline constexpr std::string_view found_instead<not_a_block<Found>> = block_name<Found>;

/// Whether a block's choices can be replaced by values: its fields must be template parameters.
template <class Block>
inline constexpr bool can_decide = count_kind<Block>(field_kind::fixed) == static_cast<int>(field_count<Block>);
template <template <class...> class Block, class... Fields>
inline constexpr bool can_decide<Block<Fields...>> = true;

/// The type that a field has by the block's default template arguments; void where there are none.
template <class Block, std::size_t J>
struct natural_field {
  using type = void;
};
template <template <class...> class Block, class... Fields, std::size_t J>
  requires requires { typename Block<>; }
struct natural_field<Block<Fields...>, J> {
  using type = std::remove_cvref_t<decltype(*pointer_to_field<Block<>, J>())>;
};

}  // namespace nascent::detail
