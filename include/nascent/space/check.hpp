// SPDX-License-Identifier: Apache-2.0
/// \file
/// All checks of a declaration, in one place: the first fault is reported once.
#pragma once

#include "nascent/space/fault_finder.hpp"

namespace nascent::detail {

template <class F>
consteval declaration_fault find_fault() {
  fault_finder finder;
  if constexpr (!requires { stage_layout<F, 0>::declared_stage.block.resolution; }) {
    finder.report(fault::no_input, place{"space", declared<F>::value.name(), ""}, short_text{}.add("found no input"), ".input(3, 224) first");
  } else {
    if (declared<F>::value.channels() < 1) finder.check_value<int>(place{"stage", "input", "channels"}, rule_of("channels"), declared<F>::value.channels());
    if (std::string_view(declared<F>::value.name()).empty()) finder.report(fault::no_name, place{"space", "", ""}, short_text{}.add("found no name"), "1 to 24 characters");
    finder.check_stages<F>(std::make_index_sequence<declared<F>::stage_count>{});
  }
  return finder.first;
}
template <class F>
consteval declaration_fault find_reference_fault() {
  fault_finder finder;
  for_each_stage<F>([&](auto i) { finder.check_references<F, i()>(); });
  finder.check_constraints<F>();
  return finder.first;
}
template <class F>
consteval declaration_fault find_network_fault() {
  fault_finder finder;
  for_each_stage<F>([&](auto i) {
    if constexpr (i() > 0) finder.check_buildable<F, i()>();
  });
  return finder.first;
}
template <class F>
consteval declaration_fault find_count_fault() {
  fault_finder finder;
  if constexpr (joint_counter<F>::too_large) {
    finder.report(fault::constraint_table_too_large, place{"space", declared<F>::value.name(), ""}, short_text{}.add("found too many states"), "65536 states, 524288 decisions in them");
  } else {
    if (joint_counter<F>::size.overflow) finder.report(fault::size_overflow, place{"space", declared<F>::value.name(), ""}, short_text{}.add("found over 3.4e38"), "below 2^128");
    if (joint_counter<F>::size.value == 0) finder.report(fault::no_candidate_left, place{"space", declared<F>::value.name(), ""}, short_text{}.add("found 0 networks"), "1 or more");
  }
  if constexpr (constraint_total<F> == 0) finder.check_smallest<F>();
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

/// Names the message in a requirement, because clang takes an expression that needs a refused class for invalid too, and would go
/// on to report everything that depends on it.
template <const declaration_fault& Fault, std::size_t... I>
consteval bool print_message(std::index_sequence<I...>) {
  return requires { sizeof(invalid_declaration<Fault.what, literal<pieces_of<Fault>.text[I].size() + 1>(pieces_of<Fault>.text[I])...>); } || true;
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
inline constexpr bool declares_space = [] {
  if constexpr (std::is_default_constructible_v<F> && std::is_invocable_v<F>) return is_declaration<std::invoke_result_t<F>>;
  else return false;
}();

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
inline constexpr bool is_definable = [] {
  if constexpr (declares_space<F>) return is_definable_despite(first_fault<F>.what);
  else return false;
}();

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
  requires(!detail::is_definable<F>)
constexpr defined_space<detail::stand_in<F>> define(F) {
  if constexpr (detail::declares_space<F>) static_assert(detail::is_well_formed<F>());
  else static_assert(detail::declares_space<F>, "nascent: define() found no lambda without captures that returns a declaration; allowed: define([] { return search_space(...)...; })");
  return {};
}

}  // namespace nascent
