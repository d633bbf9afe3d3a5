// SPDX-License-Identifier: Apache-2.0
/// \file
/// What `.require(...)` takes: paths of choices and a predicate of their values, or a constraint that is data. Spaces
/// without constraints do not need this header, nor the compiler's time for it.
///
/// Each constraint names choices by their paths; in `sum`, `product`, `all_equal`, `monotone` and `count` a path may be
/// a pattern, where `*` stands for any characters: "*.layers" is every choice of a layer count.
///
/// A choice that is inactive takes no part: it adds nothing to a sum, multiplies nothing, is not counted, and equality
/// and order are asked of the others. A comparison and a table hold where one of their choices is inactive, and so does
/// a predicate.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "nascent/space/constraint_description.hpp"
#include "nascent/space/declaration.hpp"
#include "nascent/space/detail/constraint_checks.hpp"

namespace nascent {

/// What a number is compared with to make a constraint: `sum(...) <= 14`.
template <std::size_t Paths, std::size_t Terms, std::size_t Values>
struct constrained_quantity {
  using stated = stated_constraint<Paths, Terms, Values>;
  stated what;

  constexpr stated against(relation r, double bound) const {
    stated s = what;
    s.compares = r;
    s.bound = bound;
    return s;
  }
  friend constexpr stated operator==(const constrained_quantity& q, double b) { return q.against(relation::equal, b); }
  friend constexpr stated operator!=(const constrained_quantity& q, double b) {
    return q.against(relation::not_equal, b);
  }
  friend constexpr stated operator<(const constrained_quantity& q, double b) { return q.against(relation::less, b); }
  friend constexpr stated operator<=(const constrained_quantity& q, double b) {
    return q.against(relation::less_equal, b);
  }
  friend constexpr stated operator>(const constrained_quantity& q, double b) { return q.against(relation::greater, b); }
  friend constexpr stated operator>=(const constrained_quantity& q, double b) {
    return q.against(relation::greater_equal, b);
  }
};

/// The value of one choice, to be compared: `value_of("1.filters") <= value_of("2.filters")`,
/// `value_of("2.block") == "mbconv"`.
struct named_value {
  const char* path;

  constexpr stated_constraint<2, 2, 0> against(relation r, named_value other) const {
    return {constraint_kind::compare, r, 0, {}, {path, other.path}, {{{.first_path = 0}, {.first_path = 1}}}};
  }
  constexpr stated_constraint<1, 1, 1> against(relation r, constraint_value value) const {
    return {constraint_kind::compare, r, 0, {}, {path}, {{{}}}, {value}};
  }
  friend constexpr auto operator==(named_value a, named_value b) { return a.against(relation::equal, b); }
  friend constexpr auto operator!=(named_value a, named_value b) { return a.against(relation::not_equal, b); }
  friend constexpr auto operator<(named_value a, named_value b) { return a.against(relation::less, b); }
  friend constexpr auto operator<=(named_value a, named_value b) { return a.against(relation::less_equal, b); }
  friend constexpr auto operator>(named_value a, named_value b) { return a.against(relation::greater, b); }
  friend constexpr auto operator>=(named_value a, named_value b) { return a.against(relation::greater_equal, b); }
  friend constexpr auto operator==(named_value a, constraint_value b) { return a.against(relation::equal, b); }
  friend constexpr auto operator!=(named_value a, constraint_value b) { return a.against(relation::not_equal, b); }
  friend constexpr auto operator<(named_value a, constraint_value b) { return a.against(relation::less, b); }
  friend constexpr auto operator<=(named_value a, constraint_value b) { return a.against(relation::less_equal, b); }
  friend constexpr auto operator>(named_value a, constraint_value b) { return a.against(relation::greater, b); }
  friend constexpr auto operator>=(named_value a, constraint_value b) { return a.against(relation::greater_equal, b); }
};
constexpr named_value value_of(const char* path) { return {path}; }

/// A term of a sum or product that has a price for each option, in their order; see `priced`.
template <std::size_t Paths, std::size_t Prices>
struct priced_choice {
  std::array<const char*, Paths> paths{};
  std::array<constraint_value, Prices> prices{};
};

/// What an option costs instead of its value: `priced("1.layers", 12, 24, 36)`, one price for each option in their
/// order.
template <class... Price>
constexpr priced_choice<1, sizeof...(Price)> priced(const char* path, Price... prices) {
  return {{path}, {constraint_value(prices)...}};
}
/// The prices of combinations: `priced({"1.kernel", "1.layers"}, {9, 18, 25, 50})`; the last choice runs fastest. None
/// of them counts where one of the choices is inactive.
template <std::size_t Paths, std::size_t Prices>
constexpr priced_choice<Paths, Prices> priced(const char* const (&paths)[Paths], const double (&prices)[Prices]) {
  priced_choice<Paths, Prices> p;
  for (std::size_t i = 0; i < Paths; ++i) p.paths[i] = paths[i];
  for (std::size_t i = 0; i < Prices; ++i) p.prices[i] = prices[i];
  return p;
}
/// The same, and for one choice: prices that were worked out elsewhere.
template <class Price, std::size_t Prices>
constexpr priced_choice<1, Prices> priced(const char* path, const std::array<Price, Prices>& prices) {
  priced_choice<1, Prices> p{{path}, {}};
  for (std::size_t i = 0; i < Prices; ++i) p.prices[i] = prices[i];
  return p;
}
template <class Price, std::size_t Paths, std::size_t Prices>
constexpr priced_choice<Paths, Prices> priced(const char* const (&paths)[Paths],
                                              const std::array<Price, Prices>& prices) {
  priced_choice<Paths, Prices> p;
  for (std::size_t i = 0; i < Paths; ++i) p.paths[i] = paths[i];
  for (std::size_t i = 0; i < Prices; ++i) p.prices[i] = prices[i];
  return p;
}

/// What a choice must be to be counted: `count("*.kernel", at_least(5))`.
struct choice_condition {
  relation is;
  double value;
};
constexpr choice_condition at_least(double value) { return {relation::greater_equal, value}; }
constexpr choice_condition at_most(double value) { return {relation::less_equal, value}; }

namespace detail {

constexpr priced_choice<1, 0> as_term(const char* path) { return {{path}, {}}; }
template <std::size_t Paths, std::size_t Prices>
constexpr const priced_choice<Paths, Prices>& as_term(const priced_choice<Paths, Prices>& term) {
  return term;
}
template <class T>
inline constexpr bool is_term = std::is_convertible_v<T, const char*>;
template <std::size_t Paths, std::size_t Prices>
inline constexpr bool is_term<priced_choice<Paths, Prices>> = true;

template <std::size_t... Paths, std::size_t... Prices>
constexpr auto join_terms(constraint_kind kind, const priced_choice<Paths, Prices>&... terms) {
  constrained_quantity<(Paths + ...), sizeof...(Paths), (Prices + ...)> q{{kind}};
  std::size_t path = 0;
  std::size_t price = 0;
  std::size_t n = 0;
  const auto one = [&](const auto& term) {
    q.what.terms[n++] = {path, term.paths.size(), price, term.prices.size()};
    for (const char* p : term.paths) q.what.paths[path++] = p;
    for (const constraint_value& v : term.prices) q.what.values[price++] = v;
  };
  (one(terms), ...);
  return q;
}

/// A constraint of one term for each path.
template <std::size_t Values, class... Paths>
constexpr stated_constraint<sizeof...(Paths), sizeof...(Paths), Values> list_paths(constraint_kind kind,
                                                                                   const Paths&... paths) {
  stated_constraint<sizeof...(Paths), sizeof...(Paths), Values> s{.kind = kind, .paths = {paths...}};
  for (std::size_t i = 0; i < sizeof...(Paths); ++i) s.terms[i].first_path = i;
  return s;
}

template <class... T>
inline constexpr bool are_paths = sizeof...(T) > 0 && (std::is_convertible_v<T, const char*> && ...);

}  // namespace detail

/// The sum of the values of choices, or of their prices: `sum("1.layers", "2.layers") <= 14`. Fractions count as
/// decimals, exactly, with up to six places.
template <class... Terms>
constexpr auto sum(Terms... terms) {
  constexpr bool have_terms = sizeof...(Terms) > 0 && (detail::is_term<Terms> && ...);
  static_assert(have_terms, "nascent: sum() found no paths; allowed: paths such as \"1.layers\", and priced(...)");
  if constexpr (have_terms) return detail::join_terms(constraint_kind::sum, detail::as_term(terms)...);
  else return detail::join_terms(constraint_kind::sum, detail::as_term(""));
}

/// The product of the values of choices, none of them negative: `product("width", "1.expand") <= 192`.
template <class... Terms>
constexpr auto product(Terms... terms) {
  constexpr bool have_terms = sizeof...(Terms) > 0 && (detail::is_term<Terms> && ...);
  static_assert(have_terms, "nascent: product() found no paths; allowed: paths such as \"1.expand\", and priced(...)");
  if constexpr (have_terms) return detail::join_terms(constraint_kind::product, detail::as_term(terms)...);
  else return detail::join_terms(constraint_kind::product, detail::as_term(""));
}

/// All choices take the same value: `all_equal("1.kernel", "2.kernel", "3.kernel")`.
template <class... Paths>
constexpr auto all_equal(Paths... paths) {
  constexpr bool have_paths = detail::are_paths<Paths...>;
  static_assert(have_paths, "nascent: all_equal() found no paths; allowed: paths such as \"1.kernel\"");
  if constexpr (have_paths) return detail::list_paths<0>(constraint_kind::all_equal, paths...);
  else return detail::list_paths<0>(constraint_kind::all_equal, "");
}

/// Values that do not fall from one choice to the next.
template <std::size_t Paths>
struct monotone_constraint : stated_constraint<Paths, Paths, 0> {
  /// Without equal neighbours.
  constexpr monotone_constraint strict() const {
    monotone_constraint m = *this;
    m.compares = this->compares == relation::greater_equal ? relation::greater : relation::less;
    return m;
  }
  /// From the largest to the smallest.
  constexpr monotone_constraint falling() const {
    monotone_constraint m = *this;
    m.compares = this->compares == relation::less ? relation::greater : relation::greater_equal;
    return m;
  }
};

/// Each choice is at least the one before: `monotone("1.layers", "2.layers", "3.layers")`; `.strict()` for more than
/// it, `.falling()` the other way. Choices that a pattern names come in the order of the stages.
template <class... Paths>
constexpr auto monotone(Paths... paths) {
  constexpr bool have_paths = detail::are_paths<Paths...>;
  static_assert(have_paths, "nascent: monotone() found no paths; allowed: paths such as \"1.layers\"");
  constexpr std::size_t n = have_paths ? sizeof...(Paths) : 1;
  monotone_constraint<n> m{};
  if constexpr (have_paths)
    static_cast<stated_constraint<n, n, 0>&>(m) = detail::list_paths<0>(constraint_kind::monotone, paths...);
  m.compares = relation::less_equal;
  return m;
}

/// How many of the choices take one of the values, or meet a condition: `count("*.kernel", 5) <= 3`.
template <class... Values>
requires(std::is_convertible_v<Values, constraint_value>&&...) constexpr auto count(const char* paths,
                                                                                    Values... values) {
  constrained_quantity<1, 1, sizeof...(Values)> q{detail::list_paths<sizeof...(Values)>(constraint_kind::count, paths)};
  q.what.values = {constraint_value(values)...};
  return q;
}
constexpr auto count(const char* paths, choice_condition condition) {
  constrained_quantity<1, 1, 1> q = count(paths, condition.value);
  q.what.condition = condition.is;
  return q;
}
/// The same of several paths: `count({"1.kernel", "2.kernel"}, 5) == 1`.
template <std::size_t Paths, class... Values>
constexpr auto count(const char* const (&paths)[Paths], Values... values) {
  constrained_quantity<Paths, Paths, sizeof...(Values)> q{{.kind = constraint_kind::count}};
  for (std::size_t i = 0; i < Paths; ++i) {
    q.what.paths[i] = paths[i];
    q.what.terms[i].first_path = i;
  }
  q.what.values = {constraint_value(values)...};
  return q;
}
template <std::size_t Paths>
constexpr auto count(const char* const (&paths)[Paths], choice_condition condition) {
  constrained_quantity<Paths, Paths, 1> q = count(paths, condition.value);
  q.what.condition = condition.is;
  return q;
}

/// The values that choices may take together, one row each: `table({"1.kernel", "1.expand"}, {{3, 6}, {5, 3}})`.
template <std::size_t Paths, std::size_t Rows>
constexpr auto table(const char* const (&paths)[Paths], const constraint_value (&rows)[Rows][Paths]) {
  stated_constraint<Paths, Paths, Rows * Paths> s{.kind = constraint_kind::table};
  for (std::size_t i = 0; i < Paths; ++i) {
    s.paths[i] = paths[i];
    s.terms[i].first_path = i;
    for (std::size_t r = 0; r < Rows; ++r) s.values[r * Paths + i] = rows[r][i];
  }
  return s;
}

namespace detail {

template <class T>
inline constexpr bool is_uncompared = std::is_same_v<T, named_value>;
template <std::size_t Paths, std::size_t Terms, std::size_t Values>
inline constexpr bool is_uncompared<constrained_quantity<Paths, Terms, Values>> = true;

template <std::size_t Paths>
inline constexpr bool is_stated<monotone_constraint<Paths>> = true;

/// Whether the arguments of `.require` are a constraint that is data, or paths and a predicate.
template <class... What>
consteval bool states_constraint() {
  if constexpr (sizeof...(What) == 1) {
    return (is_stated<What> && ...);
  } else {
    constexpr std::size_t paths = sizeof...(What) - 1;
    constexpr bool are_names[] = {std::is_convertible_v<What, const char*>..., false};
    constexpr bool are_functions[] = {
        (std::is_class_v<What> || std::is_function_v<std::remove_pointer_t<What>>)&&!is_stated<What>..., false};
    for (std::size_t i = 0; i < paths && sizeof...(What) > 1; ++i)
      if (!are_names[i]) return false;
    return sizeof...(What) > 1 && are_functions[paths];
  }
}

template <class Stated>
constexpr Stated make_constraint(Stated stated) {
  return stated;
}
template <class Predicate>
constexpr constraint<1, Predicate> make_constraint(const char* a, Predicate holds) {
  return {{a}, holds};
}
template <class Predicate>
constexpr constraint<2, Predicate> make_constraint(const char* a, const char* b, Predicate holds) {
  return {{a, b}, holds};
}
template <class Predicate>
constexpr constraint<3, Predicate> make_constraint(const char* a, const char* b, const char* c, Predicate holds) {
  return {{a, b, c}, holds};
}
/// Any number of them: the last is found by its place.
template <class... What>
requires(sizeof...(What) > 4) constexpr auto make_constraint(What... what) {
  const flat_list<What...> all{{what}...};
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    const auto& holds = alternative_at<sizeof...(I)>(all);
    return constraint<sizeof...(I), std::remove_cvref_t<decltype(holds)>>{{alternative_at<I>(all)...}, holds};
  }
  (std::make_index_sequence<sizeof...(What) - 1>{});
}

template <class... What>
struct constraint_arguments {
  static constexpr bool is_compared = !(is_uncompared<What> || ...);
  static constexpr bool is_constraint = states_constraint<What...>();
  template <class Declaration>
  static constexpr auto add(const Declaration& space, const What&... what) {
    static_assert(is_compared, "nascent: .require() found a number without a comparison; allowed: sum(...) <= 14");
    static_assert(
        is_constraint || !is_compared,
        "nascent: .require() found no constraint; allowed: paths and then a predicate of as many values, or a "
        "constraint such as sum(\"1.layers\", \"2.layers\") <= 14");
    if constexpr (is_constraint) return space.add_constraint(make_constraint(what...));
    else return space;
  }
};

}  // namespace detail
}  // namespace nascent
