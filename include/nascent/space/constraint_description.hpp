// SPDX-License-Identifier: Apache-2.0
/// \file
/// What constraints say, as plain data: a declaration holds them so, and a space answers so when it is asked for them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

#include "nascent/base/text.hpp"

namespace nascent {

enum class constraint_kind : std::uint8_t {
  predicate,  ///< a function of the values; the only kind that is no data
  compare,    ///< two choices, or one and a value
  sum,        ///< of values, or of prices, against a bound
  product,
  all_equal,
  monotone,  ///< each choice against the next
  count,     ///< of the choices that satisfy a condition, against a bound
  table,     ///< the rows of values that are allowed
};

constexpr const char* to_string(constraint_kind k) {
  switch (k) {
    case constraint_kind::predicate: return "predicate";
    case constraint_kind::compare: return "compare";
    case constraint_kind::sum: return "sum";
    case constraint_kind::product: return "product";
    case constraint_kind::all_equal: return "all_equal";
    case constraint_kind::monotone: return "monotone";
    case constraint_kind::count: return "count";
    case constraint_kind::table: return "table";
  }
  return "?";
}

enum class relation : std::uint8_t { equal, not_equal, less, less_equal, greater, greater_equal };

constexpr const char* to_string(relation r) {
  switch (r) {
    case relation::equal: return "==";
    case relation::not_equal: return "!=";
    case relation::less: return "<";
    case relation::less_equal: return "<=";
    case relation::greater: return ">";
    case relation::greater_equal: return ">=";
  }
  return "?";
}

/// A value of a choice, as constraints see it: a number, or the name of an enumerator, of a stage or of a block.
struct constraint_value {
  double number = 0;
  std::string_view text{};  ///< empty for numbers

  constexpr constraint_value() = default;
  template <class Value>
  requires std::is_arithmetic_v<Value> || std::is_enum_v<Value> || std::is_convertible_v<Value, std::string_view>
  constexpr constraint_value(const Value& value) {
    if constexpr (std::is_convertible_v<Value, std::string_view>) text = value;
    else if constexpr (requires { to_string(value); }) text = to_string(value);
    else number = static_cast<double>(value);
  }

  constexpr bool is_number() const { return text.empty(); }
  /// Numbers in their order, before names in theirs.
  friend constexpr int compare(const constraint_value& a, const constraint_value& b) {
    if (a.is_number() && b.is_number()) return a.number < b.number ? -1 : a.number > b.number ? 1 : 0;
    return a.text.compare(b.text);
  }
};

/// A part of a constraint: the value of one choice, or a price for each combination of options of one or more.
struct constraint_term {
  std::size_t first_path = 0;
  std::size_t paths = 1;
  std::size_t first_price = 0;  ///< in the constraint's values
  std::size_t prices = 0;       ///< none: the value itself
};

/// What a constraint says. The memory belongs to the declaration.
struct constraint_description {
  constraint_kind kind = constraint_kind::predicate;
  relation compares = relation::equal;   ///< with the bound, the other choice, the value or the next choice
  double bound = 0;                      ///< of a sum, product or count
  relation condition = relation::equal;  ///< of a count: what a choice must be to one of the values
  std::span<const char* const> paths{};  ///< as declared, with patterns
  std::span<const constraint_term> terms{};
  std::span<const constraint_value> values{};  ///< prices; what is counted or compared with; the rows of a table
  std::span<const int> slots{};                ///< the choices that it is about; empty until the space is defined
};

/// A constraint as a declaration holds it; `sum` and the others below make them.
template <std::size_t Paths, std::size_t Terms, std::size_t Values>
struct stated_constraint {
  constraint_kind kind;
  relation compares = relation::equal;
  double bound = 0;
  relation condition = relation::equal;
  std::array<const char*, Paths> paths{};
  std::array<constraint_term, Terms> terms{};
  std::array<constraint_value, Values> values{};

  constexpr constraint_description describe() const {
    return {kind, compares, bound, condition, paths, terms, values, {}};
  }
};

/// A predicate over the values of N named choices. It holds where any of them is inactive.
template <std::size_t N, class Predicate>
struct constraint {
  const char* paths[N];
  Predicate holds;

  constexpr constraint_description describe() const { return {.paths = paths}; }
};

/// What a constraint says, in the words of a declaration: "sum(1.layers, 2.layers) <= 14". Of many paths only some.
constexpr basic_text<192> to_text(const constraint_description& c) {
  basic_text<192> text;
  const auto paths = [&] {
    for (std::size_t p = 0; p < c.paths.size(); ++p) {
      if (p > 0) text.add(", ");
      if (c.paths.size() > 4 && p == 2) {
        text.add("..., ");
        p = c.paths.size() - 1;
      }
      text.add(c.paths[p]);
    }
  };
  const auto value = [&](const constraint_value& v) {
    if (v.is_number()) text.add(v.number);
    else text.add(v.text);
  };
  const auto against = [&](double bound) { text.add(") ").add(to_string(c.compares)).add(' ').add(bound); };
  switch (c.kind) {
    case constraint_kind::predicate:
      text.add("predicate(");
      paths();
      text.add(')');
      break;
    case constraint_kind::compare:
      text.add(c.paths[0]).add(' ').add(to_string(c.compares)).add(' ');
      if (c.values.empty()) text.add(c.paths[1]);
      else value(c.values[0]);
      break;
    case constraint_kind::sum:
    case constraint_kind::product:
      text.add(c.values.empty() ? "" : "priced ").add(c.kind == constraint_kind::sum ? "sum(" : "product(");
      paths();
      against(c.bound);
      break;
    case constraint_kind::all_equal:
      text.add("all_equal(");
      paths();
      text.add(')');
      break;
    case constraint_kind::monotone:
      text.add("monotone(");
      paths();
      text.add(c.compares == relation::less || c.compares == relation::greater ? ").strict()" : ")");
      text.add(c.compares == relation::greater || c.compares == relation::greater_equal ? ".falling()" : "");
      break;
    case constraint_kind::count:
      text.add("count(");
      paths();
      for (const constraint_value& v : c.values) {
        text.add(c.condition == relation::equal        ? ", "
                 : c.condition == relation::less_equal ? ", at most "
                                                       : ", at least ");
        value(v);
      }
      against(c.bound);
      break;
    case constraint_kind::table:
      text.add("a row of table(");
      paths();
      text.add(')');
      break;
  }
  return text;
}

namespace detail {

template <class T>
inline constexpr bool is_stated = false;
template <std::size_t Paths, std::size_t Terms, std::size_t Values>
inline constexpr bool is_stated<stated_constraint<Paths, Terms, Values>> = true;

}  // namespace detail
}  // namespace nascent
