// SPDX-License-Identifier: Apache-2.0
/// \file
/// Which options of a decision bounds of cost need not try, because blocks say what their fields do to it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "nascent/block/detail/role_list.hpp"
#include "nascent/choice/either.hpp"
#include "nascent/space/detail/paths.hpp"

namespace nascent::detail {

/// What a decision does to the cost of all that look at it, and its options of the least and of the most work.
struct slot_work {
  work_effect effect = work_effect::none;
  digit least = 0;
  digit most = 0;
  bool ranked = false;
  bool from_one = false;  ///< all options are 1 or more

  constexpr void join(work_effect other) {
    if (other == work_effect::rising_from_one && from_one) other = work_effect::rising;
    if (other > work_effect::rising || (other == work_effect::rising && !ranked)) effect = work_effect::unknown;
    else if (other > effect) effect = other;
  }
};

template <class Value>
inline constexpr bool has_work_rank = std::is_arithmetic_v<Value> || requires(const Value& v) {
  work_of(v);
};
template <class Value>
constexpr double work_rank(const Value& v) {
  if constexpr (std::is_arithmetic_v<Value>) return static_cast<double>(v);
  else return static_cast<double>(work_of(v));
}

/// Ranks the options of a choice.
template <class Choice>
constexpr void rank_options(const Choice& values, slot_work& to) {
  using value_type = std::remove_cvref_t<decltype(values[0])>;
  if constexpr (has_work_rank<value_type>) {
    to.ranked = to.from_one = true;
    for (std::size_t o = 0; o < values.size(); ++o) {
      const double rank = work_rank(values[o]);
      if (rank < work_rank(values[static_cast<std::size_t>(to.least)])) to.least = static_cast<digit>(o);
      if (rank > work_rank(values[static_cast<std::size_t>(to.most)])) to.most = static_cast<digit>(o);
      if (!(rank >= 1)) to.from_one = false;
    }
  }
}

/// Whether a field lets a window's padding be other than SAME.
template <class Field>
constexpr bool may_pad_otherwise(const Field& f) {
  if constexpr (std::is_same_v<Field, padding>) return f != padding::same;
  else if constexpr (is_tie<Field>) return true;
  else if constexpr (is_shared<Field>) return std::is_same_v<std::remove_cvref_t<decltype(f.values[0])>, padding>;
  else if constexpr (choice<Field>) return std::is_same_v<std::remove_cvref_t<decltype(f[0])>, padding>;
  else return false;
}

/// The effects of one block's fields, each into the slot that it is decided by.
struct field_effects {
  const field_role* const* roles;
  const int* slots;  ///< by field; -1 where nothing is decided
  slot_work* to;
  bool own_choice;  ///< a choice for others to tie to: by itself it does nothing

  template <class... Fields>
  constexpr void operator()(const Fields&... fields) const {
    const bool pads = (may_pad_otherwise(fields) || ...);
    std::size_t j = 0;
    (one(fields, j++, pads), ...);
  }

 private:
  template <class Field>
  constexpr void one(const Field& f, std::size_t j, bool pads) const {
    if (slots[j] < 0) return;
    slot_work& slot = to[slots[j]];
    if constexpr (is_shared<Field>) rank_options(f.values, slot);
    else if constexpr (choice<Field>) rank_options(f, slot);
    work_effect effect = roles[j]->work;
    if (effect == work_effect::window) effect = pads ? work_effect::unknown : work_effect::rising;
    if (!own_choice) slot.join(effect);
  }
};

template <class Block>
inline constexpr bool grows_with_map = is_skip<Block>;
template <class Value>
inline constexpr bool grows_with_map<named_choice<Value>> = true;
template <class Block>
requires requires { Block::grows_with_map; }
inline constexpr bool grows_with_map<Block> = Block::grows_with_map;

/// The slots of the fields of alternative A of stage I, in its first layer; of ties the slots that they look at.
template <class F, std::size_t I, std::size_t A, std::size_t... J>
constexpr auto slots_of_fields(std::index_sequence<J...>) {
  using block = typename stage_layout<F, I>::template alternative_type<A>;
  std::array<int, sizeof...(J) + 1> slots{};
  [[maybe_unused]] const auto one = [&](auto j) {
    constexpr field_kind kind = field_kinds<block>[j()];
    int& slot = slots[j()];
    if constexpr (kind == field_kind::fixed) slot = -1;
    else if constexpr (kind == field_kind::tied) slot = tie_source<F, I, A, j()>;
    else slot = stage_slots<F>[I] + stage_layout<F, I>::template field_slot<A, j()>;
  };
  (one(std::integral_constant<std::size_t, J>{}), ...);
  return slots;
}

/// What all decisions of a space do to the cost, and whether larger maps never take less.
template <class F>
struct work_table {
  std::array<slot_work, slot_total<F> + 1> slots{};
  bool grows_with_map = true;
};

template <class F, std::size_t I, std::size_t A>
constexpr void add_effects(work_table<F>& table) {
  using layout = stage_layout<F, I>;
  using block = typename layout::template alternative_type<A>;
  if constexpr (I == 0) {
    with_fields(layout::declared_stage.block,
                field_effects{roles_of<block>.roles, slots_of_fields<F, 0, 0>(std::index_sequence<0>{}).data(),
                              table.slots.data(), true});
  } else {
    table.grows_with_map = table.grows_with_map && grows_with_map<block> && !layout::has_skip;
    if constexpr (field_count < block >> 0) {
      const auto slots = slots_of_fields<F, I, A>(std::make_index_sequence<field_count<block>>{});
      with_fields(alternative_of<A>(layout::declared_stage.block),
                  field_effects{roles_of<block>.roles, slots.data(), table.slots.data(),
                                is_named_choice<typename layout::block_type>});
    }
  }
}

template <class F>
constexpr work_table<F> list_work() {
  work_table<F> table;
  // What is no field can do anything.
  for (std::size_t k = 0; k < slot_total<F>; ++k)
    if (slot_places<F>[k].role != slot_role::field) table.slots[k].effect = work_effect::unknown;
  for_each_stage<F>(
      [&](auto i) { stage_layout<F, i()>::for_each_alternative([&](auto a) { add_effects<F, i(), a()>(table); }); });
  // The layers of a stage of independent ones decide alike.
  for (std::size_t i = 0; i < declared<F>::stage_count; ++i) {
    const stage_facts& f = all_stage_facts<F>[i];
    for (int n = 1; n < f.configurations; ++n)
      for (int s = f.block_slot; s < f.block_slot + f.slots_per_layer; ++s) {
        const slot_work& first = table.slots[static_cast<std::size_t>(stage_slots<F>[i] + s)];
        slot_work& later = table.slots[static_cast<std::size_t>(stage_slots<F>[i] + s + n * f.slots_per_layer)];
        const work_effect tied = later.effect;
        later = first;
        later.join(tied);
      }
  }
  if (slot_total < F >> 0 && slot_places<F>[0].stage == 0)
    table.slots[0].join(table.grows_with_map ? work_effect::rising : work_effect::unknown);
  return table;
}
template <class F>
inline constexpr work_table<F> work_of_slots = list_work<F>();

}  // namespace nascent::detail
