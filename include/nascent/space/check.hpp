// SPDX-License-Identifier: Apache-2.0
/// \file
/// All checks of a declaration, in one place: the first fault is reported once.
#pragma once

#include "nascent/space/detail/certain_use.hpp"
#include "nascent/space/detail/fault_finder.hpp"
#include "nascent/space/detail/product.hpp"
#include "nascent/space/detail/smallest_check.hpp"

namespace nascent::detail {

/// What stages say by themselves, one after another.
struct stage_checker {
  fault_finder& finder;
  const stage_facts* facts;
  const short_text* names;
  const std::uint64_t* hashes;
  std::size_t number = 0;

  template <class Stage>
  constexpr void operator()(const Stage& stage) {
    finder.check_name(facts, names, hashes, number);
    finder.check_stage(stage, facts[number], number, names[number].view());
    ++number;
  }
};

/// How width scaling rounds.
constexpr void check_rounding(fault_finder& finder, const width_rounding& rounding, std::string_view space) {
  if (rounding.divisor < 1 || rounding.divisor > 4096)
    finder.report(fault::value_not_allowed, place{"space", space, "divisor"}, fault_finder::found(rounding.divisor),
                  "1 to 4096");
  if (!(rounding.limit >= 0 && rounding.limit <= 1))
    finder.report(fault::value_not_allowed, place{"space", space, "limit"}, fault_finder::found(rounding.limit),
                  "0 to 1");
}

template <class F>
consteval declaration_fault find_fault() {
  fault_finder finder;
  if constexpr (!requires { stage_at<F, 0>().block.resolution; }) {
    finder.report(fault::no_input, place{"space", declared<F>::value.name(), ""}, short_text{}.add("found no input"),
                  ".input(3, 224) first");
  } else {
    if (declared<F>::value.channels() < 1)
      finder.check_value<int>(place{"stage", "input", "channels"}, role::count::meaning.rule,
                              declared<F>::value.channels());
    if (std::string_view(declared<F>::value.name()).empty())
      finder.report(fault::no_name, place{"space", "", ""}, short_text{}.add("found no name"), "1 to 24 characters");
    if (!is_utf8(declared<F>::value.name()))
      finder.report(fault::no_name, place{"space", "", ""}, short_text{}.add("found no UTF-8"), "UTF-8");
    check_rounding(finder, declared<F>::value.rounding(), declared<F>::value.name());
    stage_checker checker{finder, all_stage_facts<F>.data(), stage_names<F>.data(), stage_hashes<F>.data()};
    visit_stages(checker, declared<F>::stages.items);
  }
  return finder.first;
}
/// The connections between stages.
struct reference_checker {
  fault_finder& finder;
  const stage_facts* facts;
  const short_text* names;
  std::size_t stages;
  std::size_t number = 0;

  template <class Block, class Layers, class Stride, class Skip>
  constexpr void operator()(const stage_declaration<Block, Layers, Stride, Skip>& stage) {
    if constexpr (!std::is_same_v<Skip, no_skip>) finder.check_connection(stage.skip, names, stages, number);
    ++number;
  }
};

template <std::size_t Stages>
constexpr bool has_named_choices(const std::array<stage_facts, Stages>& all) {
  for (std::size_t i = 0; i < Stages; ++i)
    if (all[i].named_choice) return true;
  return false;
}

template <class F, std::size_t... K>
constexpr void check_all_ties(fault_finder& finder, std::index_sequence<K...>) {
  (finder.check_ties<F, tied_stages<F>.at[K]>(), ...);
}

/// What stages say of each other, by name.
template <class F>
consteval declaration_fault find_reference_fault() {
  fault_finder finder;
  reference_checker checker{finder, all_stage_facts<F>.data(), stage_names<F>.data(), declared<F>::stage_count};
  visit_stages(checker, declared<F>::stages.items);
  check_all_ties<F>(finder, std::make_index_sequence<tied_stages<F>.count>{});
  constexpr int shared = fault_finder::shared_path(all_stage_facts<F>, stage_slots<F>);
  if constexpr (shared >= 0)
    finder.report(fault::choice_declared_twice,
                  place{"choice", slot_path(paths_of<F>, static_cast<std::size_t>(shared)).view(), ""},
                  short_text{}.add("found twice"), "one choice a path");
  if constexpr (has_named_choices(all_stage_facts<F>)) {
    for (std::size_t i = 0; i < declared<F>::stage_count; ++i) {
      if (!all_stage_facts<F>[i].named_choice) continue;
      certain_use use{stage_names<F>[i].view(), all_stage_facts<F>.data()};
      visit_stages(use, declared<F>::stages.items);
      if (!use.found)
        finder.report(fault::choice_without_use, place{"choice", stage_names<F>[i].view(), ""},
                      short_text{}.add("found no certain tie"), "a tie in a sure stage");
    }
  }
  if constexpr (constraint_total<F> != 0) constraint_checker<F>::check(finder);
  return finder.first;
}

/// Whether the blocks of stages build themselves, with their fields decided. Blocks with ties wait: their types depend
/// on the space.
struct build_checker {
  fault_finder& finder;
  const short_text* names;
  std::size_t number = 0;

  template <class Block, class Layers, class Stride, class Skip>
  constexpr void operator()(const stage_declaration<Block, Layers, Stride, Skip>& stage) {
    if (number > 0) check<step_of<Stride>>(stage.block, place{"stage", names[number].view(), ""});
    ++number;
  }
  template <class Step, class Block>
  constexpr void check([[maybe_unused]] const Block& block, const place& where) {
    if constexpr (!has_ties<Block>) finder.check_block_builds<decltype(first_block(block)), Step>(where);
  }
  template <class Step, class... Blocks>
  constexpr void check(const alternatives<Blocks...>&, const place& where) {
    (check_alternative<Blocks, Step>(where), ...);
  }
  template <class Block, class Step>
  constexpr void check_alternative(const place& where) {
    if constexpr (!has_ties<Block>)
      finder.check_block_builds<decltype(first_block(std::declval<const Block&>())), Step>(where);
  }
};

template <class F, std::size_t I>
constexpr void check_tied_builds(fault_finder& finder) {
  using layout = block_layout<std::remove_cvref_t<decltype(stage_at<F, I>().block)>>;
  layout::for_each_alternative([&](auto a) {
    if constexpr (has_ties<typename layout::template alternative_type<a()>>)
      finder.check_block_builds<decltype(decided_block<F, I, a()>(nullptr, 0)), typename stage_layout<F, I>::step_type>(
          place{"stage", stage_names<F>[I].view(), ""});
  });
}
template <class F, std::size_t... K>
constexpr void check_all_tied_builds(fault_finder& finder, std::index_sequence<K...>) {
  (check_tied_builds<F, tied_stages<F>.at[K]>(finder), ...);
}

template <class F>
consteval declaration_fault find_network_fault() {
  fault_finder finder;
  build_checker checker{finder, stage_names<F>.data()};
  visit_stages(checker, declared<F>::stages.items);
  check_all_tied_builds<F>(finder, std::make_index_sequence<tied_stages<F>.count>{});
  return finder.first;
}
template <class F>
consteval declaration_fault find_count_fault() {
  fault_finder finder;
  const place where{"space", declared<F>::value.name(), ""};
  if constexpr (constraint_total<F> == 0) {
    const checked_uint128 size = size_without_constraints<F>;
    if (size.overflow) finder.report(fault::size_overflow, where, short_text{}.add("found over 3.4e38"), "below 2^128");
    else if (size.value == 0)
      finder.report(fault::no_candidate_left, where, short_text{}.add("found 0 networks"), "1 or more");
    check_smallest<F>(finder);
  } else if constexpr (joint_counter<F>::too_large) {
    constraint_checker<F>::report_size(finder);
  } else if constexpr (size_without_constraints<F>.overflow || !joint_counter<F>::finds_candidate()) {
    // Only now is it worth to count: otherwise the first use of the size does.
    if (joint_counter<F>::size.overflow)
      finder.report(fault::size_overflow, where, short_text{}.add("found over 3.4e38"), "below 2^128");
    if (joint_counter<F>::size.value == 0)
      finder.report(fault::no_candidate_left, where, short_text{}.add("found 0 networks"), "1 or more");
  }
  return finder.first;
}

/// The texts of a fault, for clang in pieces of at most 36 characters where they have a comma: it cuts what is longer.
struct message_pieces {
  std::string_view text[6] = {};
  std::size_t count = 0;

  constexpr explicit message_pieces(const declaration_fault& f) {
    for (const short_text* t : {&f.where, &f.found, &f.allowed}) {
      std::string_view rest = t->view();
      const std::size_t comma = rest.size() > 36 ? rest.rfind(", ", 36) : std::string_view::npos;
      if (comma != std::string_view::npos) {
        text[count++] = rest.substr(0, comma);
        rest.remove_prefix(comma + 2);
      }
      text[count++] = rest;
    }
  }
};
template <const declaration_fault& Fault>
inline constexpr message_pieces pieces_of{Fault};

/// Names the message in a requirement, because clang takes an expression that needs a refused class for invalid too,
/// and would go on to report everything that depends on it.
template <const declaration_fault& Fault, std::size_t... I>
consteval bool print_message(std::index_sequence<I...>) {
  return requires {
    sizeof(invalid_declaration<Fault.what, literal<pieces_of<Fault>.text[I].size() + 1>(pieces_of<Fault>.text[I])...>);
  }
  || true;
}

/// Turns a fault into the type that the compiler prints.
template <const declaration_fault& Fault>
consteval bool refuse() {
  return print_message<Fault>(std::make_index_sequence<pieces_of<Fault>.count>{});
}

/// Each step relies on the one before, so the first fault ends the checks.
template <class F>
consteval declaration_fault find_first_fault() {
  constexpr declaration_fault declaration = find_fault<F>();
  if constexpr (declaration.what != fault::none) {
    return declaration;
  } else {
    constexpr declaration_fault reference = find_reference_fault<F>();
    if constexpr (reference.what != fault::none) {
      return reference;
    } else {
      constexpr declaration_fault network = find_network_fault<F>();
      if constexpr (network.what != fault::none) return network;
      else return find_count_fault<F>();
    }
  }
}
template <class F>
inline constexpr declaration_fault first_fault = find_first_fault<F>();

/// True on purpose: a fault is reported on the way.
template <class F>
consteval bool is_well_formed() {
  if constexpr (first_fault<F>.what != fault::none) return refuse<first_fault<F>>();
  return true;
}

template <class T>
inline constexpr bool is_declaration = false;
template <class Stages, class Last, class Constraints>
inline constexpr bool is_declaration<space_declaration<Stages, Last, Constraints>> = true;

template <class F>
inline constexpr bool declares_space = false;
template <class F>
requires std::is_default_constructible_v<F> && std::is_invocable_v<F>
inline constexpr bool declares_space<F> = is_declaration<std::invoke_result_t<F>>;

/// Whether the compiler can run it: every value in it is a constant.
template <class F>
inline constexpr bool is_constant = requires {
  typename std::bool_constant<(static_cast<void>(F{}()), true)>;
};

/// Its deduced type makes the compiler say which value is none, without that a call of it has to be constant.
template <class F>
constexpr auto only_constants_in_define() {
  [[maybe_unused]] constexpr auto declaration_of_constants = F{}();
  return true;
}

/// A lambda in which the compiler has reported a mistake: it has a body, and neither a call nor a type of one.
template <class F>
inline constexpr bool is_broken_lambda = std::is_empty_v<F> && !std::is_aggregate_v<F> &&
                                         std::is_default_constructible_v<F> && !std::is_invocable_v<F> && !requires {
  &F::operator();
}
&&!requires { &F::template operator()<int>; };
template <class F>
inline constexpr bool returns_nothing = false;
template <class F>
requires std::is_invocable_v<F>
inline constexpr bool returns_nothing<F> = std::is_void_v<std::invoke_result_t<F>>;

/// Whether a declaration with this fault can be counted and built all the same, so that its uses add no errors.
constexpr bool is_definable_despite(fault what) {
  switch (what) {
    case fault::none:
    case fault::no_name:
    case fault::stage_declared_twice:
    case fault::choice_declared_twice:
    case fault::range_misses_end:
    case fault::value_repeated:
    case fault::stride_not_allowed:
    case fault::stride_in_later_layer:
    case fault::shared_outside_independent:
    case fault::shared_between_alternatives:
    case fault::skip_from_unknown_stage:
    case fault::skip_from_later_stage:
    case fault::choice_without_use: return true;
    default: return false;
  }
}
template <class F>
inline constexpr bool is_definable = false;
template <class F>
requires(declares_space<F>&& is_constant<F>) inline constexpr bool is_definable<F> =
    is_definable_despite(first_fault<F>.what);

/// Stands in for a declaration that is not definable: one network.
template <class F>
struct stand_in {
  constexpr auto operator()() const { return search_space("refused").input(1, 1); }
};

}  // namespace nascent::detail

namespace nascent {

template <class F>
class defined_space;

/// What `define` answers to a declaration that is not definable, and to anything that is no declaration.
template <class F>
requires(!detail::is_definable<F>) constexpr defined_space<detail::stand_in<F>> define(F) {
  if constexpr (detail::declares_space<F>) {
    if constexpr (detail::is_constant<F>) static_assert(detail::is_well_formed<F>());
    else static_cast<void>(requires { detail::only_constants_in_define<F>(); });
  } else if constexpr (detail::returns_nothing<F>) {
    static_assert(
        !detail::returns_nothing<F>,
        "nascent: define() found a lambda that returns nothing; allowed: return search_space(...)...; where the "
        "compiler has reported a mistake in that line, mend it first");
  } else if constexpr (!detail::is_broken_lambda<F>) {
    static_assert(detail::declares_space<F>,
                  "nascent: define() found no lambda without captures that returns a declaration; allowed: define([] { "
                  "return search_space(...)...; })");
  }
  return {};
}

}  // namespace nascent
