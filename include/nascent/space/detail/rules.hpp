// SPDX-License-Identifier: Apache-2.0
/// \file
/// What blocks and their fields may be, by their types.
#pragma once

#include "nascent/space/build.hpp"
#include "nascent/space/fault.hpp"

namespace nascent::detail {

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
