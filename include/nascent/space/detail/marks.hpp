// SPDX-License-Identifier: Apache-2.0
/// \file
/// The marks `fixed` and `scaled` in the fields of blocks. A stage keeps its block without them, and beside it which
/// fields had one, so that only scaling knows of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "nascent/block/reflection.hpp"
#include "nascent/choice/either.hpp"
#include "nascent/choice/marks.hpp"

namespace nascent::detail {

template <template <class...> class Block, class... Fields, class... Values>
constexpr auto rebuild(const Block<Fields...>&, Values... values) {
  return Block{values...};
}

/// Fields of one block, a bit for each.
struct field_marks {
  std::uint16_t fixed = 0;
  std::uint16_t scaled = 0;

  friend constexpr bool operator==(const field_marks&, const field_marks&) = default;
};

template <class... Fields>
constexpr field_marks find_marks() {
  field_marks marks;
  unsigned bit = 1;
  const auto one = [&](bool fixed, bool scaled) {
    if (fixed) marks.fixed = static_cast<std::uint16_t>(marks.fixed | bit);
    if (scaled) marks.scaled = static_cast<std::uint16_t>(marks.scaled | bit);
    bit <<= 1;
  };
  (one(is_fixed<Fields>, is_scaled<Fields>), ...);
  return marks;
}
struct mark_finder {
  template <class... Fields>
  constexpr auto operator()(const Fields&...) const {
    return std::integral_constant<field_marks (*)(), find_marks<Fields...>>{};
  }
};

template <class Block>
inline constexpr bool has_marks = false;
template <template <class...> class Block, class... Fields>
inline constexpr bool has_marks<Block<Fields...>> = (is_marked<Fields> || ...);
template <class... Blocks>
inline constexpr bool has_marks<alternatives<Blocks...>> = (has_marks<Blocks> || ...);

/// The marks of a block.
template <class Block>
constexpr field_marks marks_in_block() {
  if constexpr (has_marks<Block>) return decltype(with_fields(std::declval<const Block&>(), mark_finder{}))::value();
  else return {};
}
/// The same of all alternatives of a stage's block.
template <class Block>
inline constexpr std::array<field_marks, 1> marks_of{marks_in_block<Block>()};
template <class... Blocks>
inline constexpr std::array<field_marks, sizeof...(Blocks)> marks_of<alternatives<Blocks...>>{
    marks_in_block<Blocks>()...};

/// A stage's block, every field as it would be without marks.
template <class Block>
constexpr auto without_marks(const Block& block) {
  if constexpr (has_marks<Block>)
    return with_fields(block, [&](const auto&... fields) { return rebuild(block, unmarked(fields)...); });
  else return block;
}
template <class... Blocks, std::size_t... I>
constexpr auto without_marks(const alternatives<Blocks...>& set, std::index_sequence<I...>) {
  return alternatives<decltype(without_marks(alternative_of<I>(set)))...>{{{without_marks(alternative_of<I>(set))}...}};
}
template <class... Blocks>
constexpr auto without_marks(const alternatives<Blocks...>& set) {
  if constexpr (has_marks<alternatives<Blocks...>>) return without_marks(set, std::index_sequence_for<Blocks...>{});
  else return set;
}

}  // namespace nascent::detail
