// SPDX-License-Identifier: Apache-2.0
/// \file
/// The checks of constraints: they name choices, ask of them what their values can answer, and are kept.
#pragma once

#include "nascent/space/detail/constraints.hpp"
#include "nascent/space/detail/fault_finder.hpp"
#include "nascent/space/detail/values.hpp"
#include "nascent/space/error.hpp"

namespace nascent::detail {

constexpr void report_path(fault_finder& finder, const place& where, const path_parts& parts, std::size_t stages,
                           std::string_view path) {
  short_text found{};
  found.add("found ").add(path);
  switch (find_thing(parts, stages, path)) {
    case named_thing::fixed_field:
      return finder.report(fault::constraint_on_fixed_field, where, found.add(", fixed"), "a field with a choice");
    case named_thing::tied_field:
      return finder.report(fault::constraint_on_fixed_field, where, found.add(", tied"), "the choice it is tied to");
    case named_thing::nothing: break;
  }
  if (is_pattern(path))
    return finder.report(fault::constraint_on_unknown_choice, where, found, "a pattern of choices, e.g. *.layers");
  finder.report(fault::constraint_on_unknown_choice, where, found, advise_path(parts, path, "2.filters").view());
}

template <class... Values, class Predicate>
constexpr void check_predicate(fault_finder& finder, const place& where, const Predicate&) {
  if constexpr (!std::is_invocable_r_v<bool, const Predicate&, Values...>) {
    short_text allowed{};
    allowed.add("bool(");
    const auto one = [&](std::string_view name) { (allowed.length > 5 ? allowed.add(", ") : allowed).add(name); };
    (one(std::is_convertible_v<Values, std::string_view> ? "const char*" : block_name<Values>), ...);
    finder.report(fault::predicate_does_not_fit, where, short_text{}.add("found another signature"),
                  allowed.add(')').view());
  }
}

template <class F, std::size_t C>
constexpr void check_predicate(fault_finder& finder) {
  if constexpr (is_predicate<F, C>) {
    constexpr const auto& slots = constraint_slots<F, C>;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      check_predicate<decltype(chosen_value<F, static_cast<std::size_t>(slots[I])>(0))...>(
          finder, place{"constraint", to_decimal(C).c_str(), ""}, get<C>(declared<F>::value.constraints()).holds);
    }
    (std::make_index_sequence<slots.size()>{});
  }
}

template <class F, std::size_t... C>
constexpr void check_constraints(fault_finder& finder, std::index_sequence<C...>) {
  constexpr unknown_path unknown = find_unknown(paths_of<F>, constraint_descriptions<F>.data(), constraint_total<F>);
  if constexpr (unknown.constraint >= 0) {
    report_path(finder, place{"constraint", to_decimal(static_cast<unsigned>(unknown.constraint)).c_str(), ""},
                paths_of<F>, declared<F>::stage_count, unknown.path);
  } else {
    (check_predicate<F, C>(finder), ...);
    constexpr const constraint_problem& problem = compiled_constraints_of<F>.problem;
    if (problem.constraint >= 0)
      finder.report(fault::constraint_does_not_fit,
                    place{"constraint", to_decimal(static_cast<unsigned>(problem.constraint)).c_str(), ""},
                    problem.found, problem.allowed);
  }
}

/// What exceeds which limit, in the words of a fault.
template <class F>
constexpr void report_limit(fault_finder& finder, const schedule_limit& limit) {
  short_text found{};
  found.add("found ").add(limit.found == 0 ? "over " : "");
  found.add(to_decimal(limit.found == 0 ? limit.allowed : limit.found).c_str()).add(' ').add(limit.what);
  const decimal number = to_decimal(static_cast<unsigned>(limit.constraint < 0 ? 0 : limit.constraint));
  const place where =
      limit.constraint < 0 ? place{"space", declared<F>::value.name(), ""} : place{"constraint", number.c_str(), ""};
  finder.report(fault::constraint_table_too_large, where, found,
                short_text{}.add("at most ").add(to_decimal(limit.allowed).c_str()).add(' ').add(limit.what).view());
}

/// Says which constraint a candidate breaks, and by which values: of many choices only some.
template <class F>
space_error broken_constraint_error(std::size_t i, const digit* d) {
  const constraint_description c = constrained_counter<F>::describe(i);
  basic_text<256> found;
  for (std::size_t n = 0; n < c.slots.size(); ++n) {
    if (n > 0) found.add(", ");
    if (c.slots.size() > 3 && n == 2) {
      found.add("..., ");
      n = c.slots.size() - 1;
    }
    const auto k = static_cast<std::size_t>(c.slots[n]);
    found.add(slot_paths<F>[k]).add(' ');
    if (d[k] < 0) found.add("inactive");
    else found.add(value_at<F>(k, d[k]).text());
  }
  const auto said = to_text(c);
  return space_error("space.constraint", place_in(declared<F>::value.name(), joined("constraint ", i)), found,
                     c.kind == constraint_kind::predicate ? "what its predicate accepts" : said.view());
}

template <class F>
struct constraint_checker {
  static constexpr void check(fault_finder& finder) {
    check_constraints<F>(finder, std::make_index_sequence<constraint_total<F>>{});
  }
  static constexpr void report_size(fault_finder& finder) {
    report_limit<F>(finder, constrained_counter<F>::planned.exceeded);
  }
  static space_error broken(int constraint, const digit* d) {
    return broken_constraint_error<F>(static_cast<std::size_t>(constraint), d);
  }
};

}  // namespace nascent::detail
