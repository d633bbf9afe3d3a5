// SPDX-License-Identifier: Apache-2.0
/// \file
/// How a declaration that does not make sense is reported: one type whose arguments say where, what was found and what is allowed, and
/// one sentence that says what to do. docs/errors.md lists them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "nascent/space/text.hpp"

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
  constraint_table_too_large,
  no_candidate_left,
  choice_without_use,
  block_cannot_be_built,
  map_vanishes,
  shapes_do_not_match,
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

/// Text as a template argument, exactly as long as its content: compilers print unused bytes as numbers.
template <std::size_t N>
struct literal {
  char chars[N] = {};
  constexpr literal() = default;
  constexpr explicit literal(const short_text& t) {
    for (std::size_t i = 0; i + 1 < N; ++i) chars[i] = t.chars[i];
  }
};

namespace detail {
/// True unless this is the fault at hand; the texts ride along so that the compiler prints them.
template <bool IsAtFault, literal Where, literal Found, literal Allowed>
inline constexpr bool fine = !IsAtFault;
}  // namespace detail

/// Instantiated only for a faulty declaration.
template <fault What, literal Where, literal Found, literal Allowed>
struct invalid_declaration {
  template <fault This>
  static constexpr bool fine = detail::fine<What == This, Where, Found, Allowed>;

  static_assert(fine<fault::no_input>, "nascent: a space begins with .input(channels, resolution)");
  static_assert(fine<fault::no_name>, "nascent: every space and stage has a name of 1 to 24 characters");
  static_assert(fine<fault::stage_declared_twice>, "nascent: two stages have the same name; rename one");
  static_assert(fine<fault::choice_declared_twice>, "nascent: two choices have the same path; alternatives of one type that choose the same field need another type");
  static_assert(fine<fault::empty_choice>, "nascent: a choice needs at least one value");
  static_assert(fine<fault::reversed_range>, "nascent: a range goes up from first to last by a step of at least 1");
  static_assert(fine<fault::range_misses_end>, "nascent: the last value of a range must be reached by its step");
  static_assert(fine<fault::value_repeated>, "nascent: a choice offers each value once, or networks would be counted twice");
  static_assert(fine<fault::value_not_allowed>, "nascent: the value of a field is outside of what networks can have");
  static_assert(fine<fault::stride_not_allowed>, "nascent: strides are 1, 2 or 4");
  static_assert(fine<fault::stride_in_later_layer>, "nascent: only the first layer of a stage may have a stride above 1; use .stride(...)");
  static_assert(fine<fault::layers_not_allowed>, "nascent: a stage has at least 1 layer, or a choice of layer counts from 0 up");
  static_assert(fine<fault::skip_block_misplaced>, "nascent: skip{} comes last in either(...), in a stage with .layers(independent(...))");
  static_assert(fine<fault::shared_outside_independent>, "nascent: shared(...) is for stages with .layers(independent(...)); elsewhere layers share every choice");
  static_assert(fine<fault::shared_between_alternatives>, "nascent: shared(...) in a stage of several block types would count networks twice; use .choose(name, values) and tied_to(name)");
  static_assert(fine<fault::too_many_options>, "nascent: a choice has at most 32767 values, and a stage at most 64 layer counts and alternatives");
  static_assert(fine<fault::tie_to_unknown_choice>, "nascent: tied_to(path) needs the path of a choice of this space, such as \"stem.filters\"");
  static_assert(fine<fault::tie_to_optional_choice>, "nascent: tied_to(path) needs a choice that every network makes; this one may be inactive; use .choose(name, values)");
  static_assert(fine<fault::skip_from_unknown_stage>, "nascent: .skip(name) needs the name of a stage of this space");
  static_assert(fine<fault::skip_from_later_stage>, "nascent: .skip(name) needs a stage that comes earlier");
  static_assert(fine<fault::constraint_on_unknown_choice>, "nascent: .require(path, ...) needs paths of choices of this space, such as \"2.filters\"");
  static_assert(fine<fault::constraint_table_too_large>, "nascent: constraints that join many large choices need too large a table; join neighbouring stages, or fewer values");
  static_assert(fine<fault::no_candidate_left>, "nascent: the constraints leave no network");
  static_assert(fine<fault::choice_without_use>, "nascent: .choose(name, ...) must be the source of a tie in a stage that every network has, or it would count networks twice");
  static_assert(fine<fault::block_cannot_be_built>, "nascent: a block needs `constexpr auto operator()(auto& net, auto input, int stride) const` that returns a tensor");
  static_assert(fine<fault::map_vanishes>, "nascent: in the smallest network the map would shrink below 1x1; use a larger resolution or smaller strides");
  static_assert(fine<fault::shapes_do_not_match>, "nascent: shapes do not fit together; use residual::project, or a block size that divides the map");
  static_assert(fine<fault::size_overflow>, "nascent: the space has 2^128 networks or more; split it");
};

}  // namespace nascent
