// SPDX-License-Identifier: Apache-2.0
/// \file
/// How a declaration that does not make sense is reported: one type whose arguments say where, what was found and what
/// is allowed, and one sentence that says what to do. docs/errors.md lists them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "nascent/base/text.hpp"

namespace nascent {

/// What can be wrong with a declaration.
enum class fault : std::uint8_t {
  none,
  no_input,
  no_name,
  stage_declared_twice,
  choice_declared_twice,
  empty_choice,
  reversed_range,
  range_misses_end,
  value_repeated,
  value_not_allowed,
  value_of_another_kind,
  stride_not_allowed,
  stride_in_later_layer,
  layers_not_allowed,
  skip_block_misplaced,
  shared_outside_independent,
  shared_between_alternatives,
  too_many_options,
  tie_to_unknown_choice,
  tie_to_optional_choice,
  skip_from_unknown_stage,
  skip_from_later_stage,
  constraint_on_unknown_choice,
  constraint_on_fixed_field,
  constraint_does_not_fit,
  predicate_does_not_fit,
  constraint_table_too_large,
  no_candidate_left,
  choice_without_use,
  block_cannot_choose,
  block_cannot_be_built,
  role_without_field,
  map_vanishes,
  stride_ignored,
  map_not_pooled,
  gate_does_not_fit,
  shapes_do_not_match,
  network_too_large,
  size_overflow,
};

/// A fault with its place. The texts are short: compilers cut long ones.
struct declaration_fault {
  fault what = fault::none;
  short_text where{};
  short_text found{};
  short_text allowed{};

  constexpr explicit operator bool() const { return what != fault::none; }
};

/// Text as a template argument, exactly as long as its content: compilers print unused bytes as numbers. Every byte is
/// assigned, because clang prints a text as numbers too if its last NUL was only initialised.
template <std::size_t N>
struct literal {
  char chars[N] = {};
  constexpr explicit literal(std::string_view t = {}) {
    for (std::size_t i = 0; i < N; ++i) chars[i] = i < t.size() ? t[i] : '\0';
  }
  constexpr explicit literal(const short_text& t) : literal(t.view()) {}
};

namespace detail {
/// True unless this is the fault at hand; the texts ride along so that the compiler prints them.
template <bool IsAtFault, literal... Texts>
inline constexpr bool fine = !IsAtFault;
}  // namespace detail

/// Instantiated only for a faulty declaration. `Texts`: where, what was found, what is allowed.
template <fault What, literal... Texts>
struct invalid_declaration {
  static_assert(detail::fine<What == fault::no_input, Texts...>,
                "nascent: a space begins with .input(channels, resolution)");
  static_assert(detail::fine<What == fault::no_name, Texts...>,
                "nascent: every space has a name, and every stage one of 1 to 24 characters, in UTF-8");
  static_assert(detail::fine<What == fault::stage_declared_twice, Texts...>,
                "nascent: two stages have the same name; rename one");
  static_assert(
      detail::fine<What == fault::choice_declared_twice, Texts...>,
      "nascent: two choices have the same path; alternatives of one type that choose the same field need another type");
  static_assert(detail::fine<What == fault::empty_choice, Texts...>, "nascent: a choice needs at least one value");
  static_assert(detail::fine<What == fault::reversed_range, Texts...>,
                "nascent: a range goes up from first to last by a step of at least 1");
  static_assert(detail::fine<What == fault::range_misses_end, Texts...>,
                "nascent: the last value of a range must be reached by its step");
  static_assert(detail::fine<What == fault::value_repeated, Texts...>,
                "nascent: a choice offers each value once, or networks would be counted twice");
  static_assert(detail::fine<What == fault::value_not_allowed, Texts...>,
                "nascent: a field holds a value that no network can have");
  static_assert(detail::fine<What == fault::value_of_another_kind, Texts...>,
                "nascent: a field holds a value of another type than it needs");
  static_assert(detail::fine<What == fault::stride_not_allowed, Texts...>, "nascent: strides are 1, 2 or 4");
  static_assert(detail::fine<What == fault::stride_in_later_layer, Texts...>,
                "nascent: only the first layer of a stage may have a stride above 1; use .stride(...)");
  static_assert(detail::fine<What == fault::layers_not_allowed, Texts...>,
                "nascent: a stage has at least 1 layer, or a choice of layer counts from 0 up");
  static_assert(detail::fine<What == fault::skip_block_misplaced, Texts...>,
                "nascent: skip{} comes last in either(...), in a stage with .layers(independent(...))");
  static_assert(
      detail::fine<What == fault::shared_outside_independent, Texts...>,
      "nascent: shared(...) is for stages with .layers(independent(...)); elsewhere layers share every choice");
  static_assert(detail::fine<What == fault::shared_between_alternatives, Texts...>,
                "nascent: shared(...) in a stage of several block types would count networks twice; use .choose(name, "
                "values) and tied_to(name)");
  static_assert(detail::fine<What == fault::too_many_options, Texts...>,
                "nascent: a choice has at most 32767 values, and a stage at most 64 layer counts and alternatives");
  static_assert(detail::fine<What == fault::tie_to_unknown_choice, Texts...>,
                "nascent: tied_to(path) needs the path of a choice of this space, such as \"stem.filters\"");
  static_assert(detail::fine<What == fault::tie_to_optional_choice, Texts...>,
                "nascent: tied_to(path) needs a choice that every network makes; this one may be inactive; use "
                ".choose(name, values)");
  static_assert(detail::fine<What == fault::skip_from_unknown_stage, Texts...>,
                "nascent: .skip(name) needs the name of a stage of this space");
  static_assert(detail::fine<What == fault::skip_from_later_stage, Texts...>,
                "nascent: .skip(name) needs a stage that comes earlier");
  static_assert(detail::fine<What == fault::constraint_on_unknown_choice, Texts...>,
                "nascent: .require(path, ...) needs paths of choices of this space, such as \"2.filters\"");
  static_assert(
      detail::fine<What == fault::constraint_on_fixed_field, Texts...>,
      "nascent: .require(path, ...) is about choices; what is fixed, or tied to another choice, chooses nothing");
  static_assert(detail::fine<What == fault::constraint_does_not_fit, Texts...>,
                "nascent: a constraint asks of choices what their values can answer: numbers are added and ordered, "
                "values compared with those on offer");
  static_assert(detail::fine<What == fault::predicate_does_not_fit, Texts...>,
                "nascent: .require(path, ..., predicate) calls the predicate with one value of each choice, in the "
                "order of the paths");
  static_assert(detail::fine<What == fault::constraint_table_too_large, Texts...>,
                "nascent: constraints that join many large choices need too large a table to be counted; join fewer "
                "choices, fewer values, or give prices in larger units");
  static_assert(detail::fine<What == fault::no_candidate_left, Texts...>, "nascent: the constraints leave no network");
  static_assert(detail::fine<What == fault::choice_without_use, Texts...>,
                "nascent: .choose(name, ...) must be the source of a tie in a stage that every network has, or it "
                "would count networks twice");
  static_assert(detail::fine<What == fault::block_cannot_choose, Texts...>,
                "nascent: a block whose fields hold choices is a template with one type parameter for each field");
  static_assert(detail::fine<What == fault::block_cannot_be_built, Texts...>,
                "nascent: a block is an aggregate with `constexpr auto operator()(auto& net, auto input, int stride) "
                "const` that returns a tensor");
  static_assert(detail::fine<What == fault::role_without_field, Texts...>,
                "nascent: `struct roles` of a block names fields of the block");
  static_assert(detail::fine<What == fault::map_vanishes, Texts...>,
                "nascent: in the smallest network the map would shrink below 1x1; use a larger resolution, or padding");
  static_assert(
      detail::fine<What == fault::stride_ignored, Texts...>,
      "nascent: a block does not divide its map by the stride of its stage; give `stride` to one of its layers");
  static_assert(detail::fine<What == fault::map_not_pooled, Texts...>,
                "nascent: dense, and softmax over channels, need a map of 1x1; put global_pool{} before it");
  static_assert(
      detail::fine<What == fault::gate_does_not_fit, Texts...>,
      "nascent: net.multiply takes a gate of 1x1 with as many channels as the map (use net.global_pool), or a map of "
      "its height and width");
  static_assert(detail::fine<What == fault::shapes_do_not_match, Texts...>,
                "nascent: shapes do not fit together; use residual::project, or factors and groups that divide");
  static_assert(detail::fine<What == fault::network_too_large, Texts...>,
                "nascent: a network is larger than can be counted; use a smaller map, fewer channels or fewer layers");
  static_assert(detail::fine<What == fault::size_overflow, Texts...>,
                "nascent: the space has 2^128 networks or more; split it");
};

}  // namespace nascent
