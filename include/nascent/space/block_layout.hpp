// SPDX-License-Identifier: Apache-2.0
/// \file
/// What a block, or a choice between blocks, means for the slots of a stage. It depends on the block's type alone, so stages of one type share
/// it: most of a declaration's cost to the compiler is here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include "nascent/block/reflection.hpp"
#include "nascent/choice/uint128.hpp"
#include "nascent/space/declaration.hpp"

namespace nascent::detail {

enum class field_kind : std::uint8_t { fixed, chosen, shared, tied };

template <class Field>
consteval field_kind kind_of_field() {
  if constexpr (is_shared<Field>) return field_kind::shared;
  else if constexpr (is_tie<Field>) return field_kind::tied;
  else if constexpr (choice<Field>) return field_kind::chosen;
  else return field_kind::fixed;
}

/// The types of a block's fields.
template <class... Fields>
struct field_types {
  /// Their kinds, with one spare element so that the array is never empty.
  static constexpr std::array<field_kind, sizeof...(Fields) + 1> kinds{kind_of_field<Fields>()...};
};
struct type_lister {
  template <class... Fields>
  constexpr field_types<std::remove_cvref_t<Fields>...> operator()(Fields&...) const {
    return {};
  }
};
template <class Block>
using field_types_of = decltype(with_fields(std::declval<const Block&>(), type_lister{}));
template <class Block>
inline constexpr auto& field_kinds = field_types_of<Block>::kinds;

template <class Block>
consteval int count_kind(field_kind kind, std::size_t before = max_fields) {
  int n = 0;
  for (std::size_t j = 0; j < field_count<Block> && j < before; ++j) n += field_kinds<Block>[j] == kind ? 1 : 0;
  return n;
}

/// Options of a field: 1 where nothing is chosen.
template <class Field>
constexpr std::size_t options(const Field& f) {
  if constexpr (is_shared<Field>) return f.values.size();
  else if constexpr (choice<Field>) return f.size();
  else return 1;
}

/// A field of an alternative: what it decides, and in which slot of the stage's layer 0.
struct field_entry {
  int alternative = 0;
  int field = 0;
  field_kind kind = field_kind::fixed;
  int slot = -1;
  std::size_t options = 1;
  std::string_view name{};
};

template <class Block>
struct block_layout {
  template <std::size_t A>
  using alternative_type = std::remove_cvref_t<decltype(alternative_of<A>(std::declval<const Block&>()))>;

  static constexpr std::size_t alternatives = alternative_count<Block>;
  static constexpr bool offers_skip = alternatives > 1 && is_skip<alternative_type<alternatives - 1>>;

  template <class Visit>
  static constexpr void for_each_alternative(Visit visit) {
    if constexpr (alternatives == 1) {
      visit(std::integral_constant<std::size_t, 0>{});
    } else {
      [&]<std::size_t... A>(std::index_sequence<A...>) {
        (visit(std::integral_constant<std::size_t, A>{}), ...);
      }(std::make_index_sequence<alternatives>{});
    }
  }

  template <std::size_t... A>
  static consteval int count_fields_of(field_kind kind, std::size_t end, std::index_sequence<A...>) {
    return ((A < end ? count_kind<alternative_type<A>>(kind) : 0) + ...);
  }
  /// Fields of one kind in the alternatives before `end`.
  static consteval int count_before(field_kind kind, std::size_t end) {
    return count_fields_of(kind, end, std::make_index_sequence<alternatives>{});
  }

  static constexpr int shared_slots = count_before(field_kind::shared, alternatives);
  static constexpr int block_slot = shared_slots;  ///< of layer 0, where there are alternatives
  static constexpr int first_field_slot = shared_slots + (alternatives > 1 ? 1 : 0);
  static constexpr int slots_per_layer = (alternatives > 1 ? 1 : 0) + count_before(field_kind::chosen, alternatives);

  /// Slot of field J of alternative A in layer 0, relative to the stage.
  template <std::size_t A, std::size_t J>
  static constexpr int field_slot = [] {
    constexpr field_kind kind = field_kinds<alternative_type<A>>[J];
    return (kind == field_kind::shared ? 0 : first_field_slot) + count_before(kind, A) + count_kind<alternative_type<A>>(kind, J);
  }();

  template <std::size_t... A>
  static consteval std::size_t count_all_fields(std::index_sequence<A...>) {
    return (field_count<alternative_type<A>> + ...);
  }
  static constexpr std::size_t field_total = count_all_fields(std::make_index_sequence<alternatives>{});

  /// All fields, with one spare element.
  using field_list = std::array<field_entry, field_total + 1>;

  static constexpr field_list list_fields(const Block& block) {
    field_list list{};
    std::size_t n = 0;
    int shared = 0;
    int chosen = first_field_slot;
    for_each_alternative([&](auto a) {
      add_fields<a()>(list, n, shared, chosen, alternative_of<a()>(block), std::make_index_sequence<field_count<alternative_type<a()>>>{});
    });
    return list;
  }
  template <std::size_t A, class Alternative, std::size_t... J>
  static constexpr void add_fields([[maybe_unused]] field_list& list, [[maybe_unused]] std::size_t& n, [[maybe_unused]] int& shared,
                                   [[maybe_unused]] int& chosen, const Alternative& block, std::index_sequence<J...>) {
    with_fields(block, [&](const auto&... f) {
      ((list[n++] = {static_cast<int>(A), static_cast<int>(J), field_kinds<Alternative>[J],
                     field_kinds<Alternative>[J] == field_kind::shared ? shared++ : field_kinds<Alternative>[J] == field_kind::chosen ? chosen++ : -1,
                     options(f), field_name<Alternative, J>}),
       ...);
    });
  }

  /// Ways to fill fields.
  struct field_options {
    checked_uint128 shared{1};                             ///< the shared fields of all alternatives
    std::array<checked_uint128, alternatives> of_layer{};  ///< the layer's own fields, by alternative
    checked_uint128 later_layer{0};                        ///< a layer that may be skipped
    checked_uint128 first_layer{0};                        ///< one that may not
  };
  static constexpr field_options count_options(const field_list& list) {
    field_options n;
    n.of_layer.fill({1});
    for (std::size_t i = 0; i < field_total; ++i) {
      checked_uint128& ways = n.of_layer[static_cast<std::size_t>(list[i].alternative)];
      if (list[i].kind == field_kind::shared) n.shared = checked_multiply(n.shared, {list[i].options});
      if (list[i].kind == field_kind::chosen) ways = checked_multiply(ways, {list[i].options});
    }
    for (const checked_uint128& ways : n.of_layer) n.later_layer = checked_add(n.later_layer, ways);
    n.first_layer = {n.later_layer.value - (offers_skip ? 1U : 0U), n.later_layer.overflow};
    return n;
  }

  template <std::size_t... A>
  static constexpr std::array<std::string_view, alternatives> list_names(std::index_sequence<A...>) {
    return {block_name<alternative_type<A>>...};
  }
  static constexpr std::array<std::string_view, alternatives> block_names = list_names(std::make_index_sequence<alternatives>{});
};

template <class Block>
inline constexpr bool is_named_choice = false;
template <class Value>
inline constexpr bool is_named_choice<named_choice<Value>> = true;

}  // namespace nascent::detail
