// SPDX-License-Identifier: Apache-2.0
/// \file
/// The constraints of one space, resolved: its predicates, and the others as numbers.
#pragma once

#include <array>
#include <utility>

#include "nascent/space/detail/constraint_compiler.hpp"
#include "nascent/space/detail/product.hpp"

namespace nascent::detail {

template <class F, std::size_t... C>
consteval auto describe_constraints(std::index_sequence<C...>) {
  return std::array<constraint_description, sizeof...(C)>{get<C>(declared<F>::value.constraints()).describe()...};
}
template <class F>
inline constexpr auto constraint_descriptions =
    describe_constraints<F>(std::make_index_sequence<constraint_total<F>>{});

/// The values behind slot K, as constraints see them.
template <class F, std::size_t K>
constexpr void write_options(constraint_value* to) {
  constexpr slot_place place = slot_places<F>[K];
  if constexpr (place.role == slot_role::block) {
    for (int o = 0; o < place.size; ++o)
      to[o] = all_stage_facts<F>[static_cast<std::size_t>(place.stage)].block_names[o];
  } else {
    const auto& choice = choice_at<F, K>();
    for (std::size_t o = 0; o < choice.size(); ++o) to[o] = constraint_value(choice[o]);
  }
}

/// The slots that constraints look at as data, and where their values begin.
template <std::size_t Slots>
struct needed_slots {
  std::array<std::size_t, Slots + 1> slot{};
  std::array<int, Slots + 1> first{};  ///< by slot
  std::size_t count = 0;
  int values = 0;
};
template <std::size_t Slots>
constexpr needed_slots<Slots> list_needed(const path_parts& parts, const constraint_description* all,
                                          std::size_t count) {
  needed_slots<Slots> needed;
  std::array<bool, Slots + 1> is_needed{};
  for (std::size_t c = 0; c < count; ++c)
    for (const constraint_term& t : all[c].terms)
      if (t.prices == 0)
        for_each_match(parts, all[c].paths[t.first_path], takes_patterns(all[c], t),
                       [&](int k) { is_needed[static_cast<std::size_t>(k)] = true; });
  for (std::size_t k = 0; k < Slots; ++k) {
    if (!is_needed[k]) continue;
    needed.slot[needed.count++] = k;
    needed.first[k] = needed.values;
    needed.values += parts.places[k].size;
  }
  return needed;
}
template <class F>
inline constexpr auto needed_slots_of = list_needed<slot_total<F>>(paths_of<F>, constraint_descriptions<F>.data(),
                                                                   constraint_total<F>);

template <class F, std::size_t... N>
consteval auto list_option_values(std::index_sequence<N...>) {
  std::array<constraint_value, static_cast<std::size_t>(needed_slots_of<F>.values) + 1> values{};
  (write_options<F, needed_slots_of<F>.slot[N]>(values.data() + needed_slots_of<F>.first[needed_slots_of<F>.slot[N]]),
   ...);
  return values;
}

template <std::size_t Constraints, std::size_t Terms, std::size_t Slots, std::size_t Values>
struct compiled_constraints {
  std::array<joint_constraint, Constraints> constraints{};
  std::array<joint_term, Terms + 1> terms{};
  std::array<int, Slots + 1> slots{};
  std::array<std::int64_t, Values + 1> values{};
  constraint_problem problem{};
};

/// All constraints of a space whose paths are known.
template <class F>
consteval auto compile_constraints() {
  constexpr constraint_sizes n =
      measure_constraints(paths_of<F>, constraint_descriptions<F>.data(), constraint_total<F>);
  compiled_constraints<constraint_total<F>, n.terms, n.slots, n.values> result;
  const auto options = list_option_values<F>(std::make_index_sequence<needed_slots_of<F>.count>{});
  std::array<constraint_value, n.values + 1> scratch{};
  std::array<int, n.values + 1> order{};
  constraint_compiler compiler(paths_of<F>, {options.data(), needed_slots_of<F>.first.data()},
                               {result.constraints.data(), result.terms.data(), result.slots.data(),
                                result.values.data(), scratch.data(), order.data()});
  for (const constraint_description& c : constraint_descriptions<F>) compiler.add(c);
  result.problem = compiler.problem();
  return result;
}
template <class F>
inline constexpr auto compiled_constraints_of = compile_constraints<F>();

template <class F>
inline constexpr constraint_set constraint_set_of{slot_places<F>.data(),
                                                  compiled_constraints_of<F>.constraints.data(),
                                                  constraint_total<F>,
                                                  compiled_constraints_of<F>.terms.data(),
                                                  compiled_constraints_of<F>.slots.data(),
                                                  compiled_constraints_of<F>.values.data()};

/// The slots that constraint C, a predicate, names: -1 where a path is unknown.
template <class F, std::size_t C>
inline constexpr auto constraint_slots = [] {
  constexpr const auto& c = get<C>(declared<F>::value.constraints());
  std::array<int, std::size(c.paths)> slots{};
  for (std::size_t i = 0; i < slots.size(); ++i) slots[i] = find_slot<F>(c.paths[i]);
  return slots;
}();

template <class F, std::size_t C>
inline constexpr bool is_predicate =
    !is_stated<std::remove_cvref_t<decltype(get<C>(declared<F>::value.constraints()))>>;

/// The value that option `option` of slot K stands for; the name of a block.
template <class F, std::size_t K>
constexpr auto chosen_value(std::size_t option) {
  if constexpr (slot_places<F>[K].role == slot_role::block)
    return all_stage_facts<F>[static_cast<std::size_t>(slot_places<F>[K].stage)].block_names[option];
  else return choice_at<F, K>()[option];
}

/// Whether predicate C holds; true where one of its choices is inactive.
template <class F, std::size_t C>
constexpr bool predicate_holds(const digit* d) {
  constexpr const auto& slots = constraint_slots<F, C>;
  for (const int k : slots)
    if (d[k] < 0) return true;
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return static_cast<bool>(
        get<C>(declared<F>::value.constraints())
            .holds(chosen_value<F, static_cast<std::size_t>(slots[I])>(static_cast<std::size_t>(d[slots[I]]))...));
  }
  (std::make_index_sequence<slots.size()>{});
}

}  // namespace nascent::detail
