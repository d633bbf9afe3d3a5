// SPDX-License-Identifier: Apache-2.0
/// \file
/// What a block, or a choice between blocks, means for the slots of a stage. It depends on the block's type alone, so
/// stages of one type share it: most of a declaration's cost to the compiler is here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include "nascent/base/uint128.hpp"
#include "nascent/block/detail/role_list.hpp"
#include "nascent/block/reflection.hpp"
#include "nascent/space/declaration.hpp"

namespace nascent {

/// What a field of a block holds: a value, a choice, a choice that all layers of a stage share, a tie.
enum class field_kind : std::uint8_t { fixed, chosen, shared, tied };

}  // namespace nascent

namespace nascent::detail {

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
  static constexpr field_kind kinds[sizeof...(Fields) + 1]{kind_of_field<Fields>()...};
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
consteval int count_kind(field_kind kind) {
  int n = 0;
  for (std::size_t j = 0; j < field_count<Block>; ++j) n += field_kinds<Block>[j] == kind ? 1 : 0;
  return n;
}

/// Whether a block, or one of its alternatives, takes a value from another stage.
template <class Block>
inline constexpr bool has_ties = count_kind<Block>(field_kind::tied) > 0;
template <class... Blocks>
inline constexpr bool has_ties<alternatives<Blocks...>> = (has_ties<Blocks> || ...);

/// Options of a field: 1 where nothing is chosen.
template <class Field>
constexpr std::size_t options(const Field& f) {
  if constexpr (is_shared<Field>) return f.values.size();
  else if constexpr (choice<Field>) return f.size();
  else return 1;
}

/// Writes the options of all fields, in order, to `to`.
struct option_writer {
  std::size_t* to;
  template <class... Fields>
  constexpr void operator()(const Fields&... fields) {
    ((*to++ = options(fields)), ...);
  }
};

/// A field of an alternative: what it decides, and in which slot of the stage's layer 0.
struct field_entry {
  int alternative = 0;
  int field = 0;
  field_kind kind = field_kind::fixed;
  int slot = -1;
  std::string_view name{};
};

/// Shared fields come first, then the block's slot where there are alternatives.
constexpr void number_field_slots(field_entry* entries, std::size_t count, int shared, int alternatives) {
  int next_shared = 0;
  int next_chosen = shared + (alternatives > 1 ? 1 : 0);
  for (std::size_t i = 0; i < count; ++i) {
    if (entries[i].kind == field_kind::shared) entries[i].slot = next_shared++;
    if (entries[i].kind == field_kind::chosen) entries[i].slot = next_chosen++;
  }
}

/// All fields of a block's alternatives, with one spare element, and how many slots they take.
template <std::size_t Fields>
struct field_table {
  field_entry entries[Fields + 1]{};
  std::size_t count = 0;
  int shared = 0;  ///< slots of the stage
  int chosen = 0;  ///< slots of a layer, that of the block left out

  constexpr void add(int alternative, const field_kind* kinds, const std::string_view* names, std::size_t n) {
    for (std::size_t j = 0; j < n; ++j) {
      entries[count++] = {alternative, static_cast<int>(j), kinds[j], -1, names[j]};
      shared += kinds[j] == field_kind::shared ? 1 : 0;
      chosen += kinds[j] == field_kind::chosen ? 1 : 0;
    }
  }
  constexpr void number_slots(int alternatives) { number_field_slots(entries, count, shared, alternatives); }
  constexpr int slot(int alternative, int field) const {
    for (std::size_t i = 0; i < count; ++i)
      if (entries[i].alternative == alternative && entries[i].field == field) return entries[i].slot;
    return -1;
  }
};

template <class Block, std::size_t A>
struct nth_alternative {
  using type = Block;
};
template <class... Blocks, std::size_t A>
struct nth_alternative<alternatives<Blocks...>, A> {
  using storage = alternative_storage<std::index_sequence_for<Blocks...>, Blocks...>;
  using type = std::remove_cvref_t<decltype(alternative_at<A>(std::declval<const storage&>()))>;
};

/// Ways to fill the fields of a block.
template <std::size_t Alternatives>
struct field_options {
  checked_uint128 shared{1};                             ///< the shared fields of all alternatives
  std::array<checked_uint128, Alternatives> of_layer{};  ///< the layer's own fields, by alternative
  checked_uint128 later_layer{0};                        ///< a layer that may be skipped
  checked_uint128 first_layer{0};                        ///< one that may not
};

template <class Block>
struct block_layout {
  template <std::size_t A>
  using alternative_type = typename nth_alternative<Block, A>::type;

  static constexpr std::size_t alternatives = alternative_count<Block>;
  static constexpr bool offers_skip = alternatives > 1 && is_skip<alternative_type<alternatives - 1>>;

  template <class Visit>
  static constexpr void for_each_alternative(Visit visit) {
    if constexpr (alternatives == 1) {
      visit(std::integral_constant<std::size_t, 0>{});
    } else {
      [&]<std::size_t... A>(std::index_sequence<A...>) { (visit(std::integral_constant<std::size_t, A>{}), ...); }
      (std::make_index_sequence<alternatives>{});
    }
  }

  template <std::size_t... A>
  static consteval auto list_fields(std::index_sequence<A...>) {
    field_table<(field_count<alternative_type<A>> + ...)> list;
    (list.add(static_cast<int>(A), field_kinds<alternative_type<A>>, field_names<alternative_type<A>>.data(),
              field_count<alternative_type<A>>),
     ...);
    list.number_slots(static_cast<int>(alternatives));
    return list;
  }
  static constexpr auto table = list_fields(std::make_index_sequence<alternatives>{});
  static constexpr std::size_t field_total = table.count;

  static constexpr int shared_slots = table.shared;
  static constexpr int block_slot = shared_slots;  ///< of layer 0, where there are alternatives
  static constexpr int slots_per_layer = (alternatives > 1 ? 1 : 0) + table.chosen;

  /// Slot of field J of alternative A in layer 0, relative to the stage.
  template <std::size_t A, std::size_t J>
  static constexpr int field_slot = table.slot(static_cast<int>(A), static_cast<int>(J));

  /// Writes the options of all fields to `to`: field_total of them.
  static constexpr void list_options(const Block& block, std::size_t* to) {
    option_writer writer{to};
    if constexpr (alternatives == 1) {
      with_fields(block, writer);
    } else {
      for_each_alternative([&](auto a) { with_fields(alternative_of<a()>(block), writer); });
    }
  }

  static constexpr field_options<alternatives> count_options(const std::size_t* options) {
    field_options<alternatives> n;
    n.of_layer.fill({1});
    for (std::size_t i = 0; i < field_total; ++i) {
      checked_uint128& ways = n.of_layer[static_cast<std::size_t>(table.entries[i].alternative)];
      if (table.entries[i].kind == field_kind::shared) n.shared = checked_multiply(n.shared, {options[i]});
      if (table.entries[i].kind == field_kind::chosen) ways = checked_multiply(ways, {options[i]});
    }
    for (const checked_uint128& ways : n.of_layer) n.later_layer = checked_add(n.later_layer, ways);
    n.first_layer = {n.later_layer.value - (offers_skip ? 1U : 0U), n.later_layer.overflow};
    return n;
  }

  template <std::size_t... A>
  static constexpr std::array<std::string_view, alternatives> list_names(std::index_sequence<A...>) {
    return {block_name<alternative_type<A>>...};
  }
  static constexpr std::array<std::string_view, alternatives> block_names =
      list_names(std::make_index_sequence<alternatives>{});
};

template <class Block>
inline constexpr bool is_named_choice = false;
template <class Value>
inline constexpr bool is_named_choice<named_choice<Value>> = true;

}  // namespace nascent::detail
