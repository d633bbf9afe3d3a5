// SPDX-License-Identifier: Apache-2.0
/// \file
/// From what constraints say to numbers over slots: paths and patterns are looked up, values become whole numbers.
#pragma once

#include "nascent/space/detail/constraint_set.hpp"
#include "nascent/space/detail/paths.hpp"

namespace nascent::detail {

constexpr bool is_pattern(std::string_view path) { return path.find('*') != std::string_view::npos; }
/// Whether a text is of the form of a pattern, in which `*` stands for any characters.
constexpr bool matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t star = std::string_view::npos;
  std::size_t from = 0;
  for (std::size_t t = 0; t < text.size();) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      from = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++from;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

/// Whether the paths of a constraint, or of one of its terms, may be patterns.
constexpr bool takes_patterns(const constraint_description& c, const constraint_term& t) {
  return c.kind != constraint_kind::predicate && c.kind != constraint_kind::compare &&
         c.kind != constraint_kind::table && t.paths == 1;
}

/// Calls `visit(slot)` for every slot that a path names, with -1 where there is none.
template <class Visit>
constexpr void for_each_match(const path_parts& parts, std::string_view path, bool patterns, Visit&& visit) {
  if (!patterns || !is_pattern(path)) return visit(find_slot(parts, path));
  bool any = false;
  for (std::size_t k = 0; k < parts.slots; ++k)
    if (matches(path, slot_path(parts, k).view())) {
      any = true;
      visit(static_cast<int>(k));
    }
  if (!any) visit(-1);
}

/// A path of a constraint that names no choice.
struct unknown_path {
  int constraint = -1;  ///< -1: all are known
  std::string_view path{};
};
constexpr unknown_path find_unknown(const path_parts& parts, const constraint_description* all, std::size_t count) {
  unknown_path unknown;
  for (std::size_t c = 0; c < count && unknown.constraint < 0; ++c)
    for (std::size_t p = 0; p < all[c].paths.size() && unknown.constraint < 0; ++p) {
      bool patterns = false;
      for (const constraint_term& t : all[c].terms)
        if (t.first_path <= p && p < t.first_path + t.paths) patterns = takes_patterns(all[c], t);
      for_each_match(parts, all[c].paths[p], patterns, [&](int slot) {
        if (slot < 0) unknown = {static_cast<int>(c), all[c].paths[p]};
      });
    }
  return unknown;
}

/// Numbers of things that a set of constraints consists of.
struct constraint_sizes {
  std::size_t terms = 0;
  std::size_t slots = 0;
  std::size_t values = 0;  ///< of all terms, and rows
};
constexpr constraint_sizes measure_constraints(const path_parts& parts, const constraint_description* all,
                                               std::size_t count) {
  constraint_sizes n;
  for (std::size_t c = 0; c < count; ++c) {
    if (all[c].kind == constraint_kind::predicate) n.slots += all[c].paths.size();
    if (all[c].kind == constraint_kind::table) n.values += all[c].values.size();
    for (const constraint_term& t : all[c].terms) {
      if (t.paths > 1) {
        ++n.terms;
        n.slots += t.paths;
        n.values += t.prices;
      } else {
        for_each_match(parts, all[c].paths[t.first_path], takes_patterns(all[c], t), [&](int slot) {
          ++n.terms;
          ++n.slots;
          n.values += static_cast<std::size_t>(parts.places[slot].size);
        });
      }
    }
  }
  return n;
}

/// What is wrong with the values of a constraint.
struct constraint_problem {
  int constraint = -1;  ///< -1: nothing
  short_text found{};
  const char* allowed = "";
};

/// The values of options, for the slots that constraints look at.
struct option_values {
  const constraint_value* values;
  const int* first;  ///< by slot
};

struct constraint_output {
  joint_constraint* constraints;
  joint_term* terms;
  int* slots;
  std::int64_t* values;
  constraint_value* scratch;  ///< as many as values, and so is the next
  int* order;
};

/// Compiles one constraint after another.
class constraint_compiler {
 public:
  constexpr constraint_compiler(const path_parts& parts, const option_values& options, const constraint_output& to)
      : parts_(&parts), options_(options), to_(to) {}

  constexpr void add(const constraint_description& c) {
    now_ = &to_.constraints[constraints_++];
    *now_ = {.kind = c.kind, .compares = c.compares, .first_slot = slots_, .first_term = terms_};
    if (c.kind == constraint_kind::predicate) {
      for (const char* path : c.paths) to_.slots[slots_++] = find_slot(*parts_, path);
    } else {
      for (const constraint_term& t : c.terms) add_terms(c, t);
      now_->terms = terms_ - now_->first_term;
      switch (c.kind) {
        case constraint_kind::sum:
        case constraint_kind::product: add_numbers(c); break;
        case constraint_kind::count: add_conditions(c); break;
        case constraint_kind::compare:
          if (c.values.size() == 1) add_conditions(c);
          else number_values(c, c.compares != relation::equal && c.compares != relation::not_equal);
          break;
        case constraint_kind::monotone: number_values(c, true); break;
        case constraint_kind::all_equal:
        case constraint_kind::table:
        case constraint_kind::predicate: number_values(c, false); break;
      }
      for (int t = now_->first_term; t < terms_; ++t) bound_term(to_.terms[t]);
    }
    now_->slots = slots_ - now_->first_slot;
  }

  constexpr const constraint_problem& problem() const { return problem_; }

 private:
  constexpr void refuse(const short_text& found, const char* allowed) {
    if (problem_.constraint < 0) problem_ = {static_cast<int>(constraints_) - 1, found, allowed};
  }
  static constexpr short_text found(const constraint_value& value) {
    short_text t;
    t.add("found ");
    return value.is_number() ? t.add(value.number) : t.add(value.text);
  }

  constexpr void add_terms(const constraint_description& c, const constraint_term& t) {
    const auto one = [&](int options) {
      to_.terms[terms_++] = {.first_slot = slots_, .slots = 0, .first_value = values_, .values = options};
      // Values are those of the options until the kind of constraint makes numbers of them.
      if (t.prices > 0 && t.prices != static_cast<std::size_t>(options)) {
        refuse(short_text{}.add("found ").add(t.prices).add(" prices for ").add(options).add(" options"),
               "a price for each option");
        to_.terms[terms_ - 1].values = options = 0;
      }
      for (int o = 0; o < options && t.prices > 0; ++o)
        to_.scratch[values_ + o] = c.values[t.first_price + static_cast<std::size_t>(o)];
      values_ += options;
    };
    const auto slot = [&](int k) {
      to_.slots[slots_++] = k;
      ++to_.terms[terms_ - 1].slots;
    };
    if (t.paths > 1) {
      std::int64_t options = 1;
      for (std::size_t p = 0; p < t.paths; ++p)
        if (options <= 32767) options *= parts_->places[find_slot(*parts_, c.paths[t.first_path + p])].size;
      one(static_cast<int>(options));
      for (std::size_t p = 0; p < t.paths; ++p) slot(find_slot(*parts_, c.paths[t.first_path + p]));
    } else {
      for_each_match(*parts_, c.paths[t.first_path], takes_patterns(c, t), [&](int k) {
        const int options = parts_->places[k].size;
        if (t.prices == 0)
          for (int o = 0; o < options; ++o) to_.scratch[values_ + o] = options_.values[options_.first[k] + o];
        one(options);
        slot(k);
      });
    }
  }

  constexpr void bound_term(joint_term& t) {
    bool may_be_absent = t.values == 0;
    for (int i = 0; i < t.slots; ++i)
      may_be_absent = may_be_absent || parts_->places[to_.slots[t.first_slot + i]].parent >= 0;
    t.least = t.most = may_be_absent ? t.absent : to_.values[t.first_value];
    for (int v = t.first_value; v < t.first_value + t.values; ++v) {
      t.least = to_.values[v] < t.least ? to_.values[v] : t.least;
      t.most = to_.values[v] > t.most ? to_.values[v] : t.most;
    }
  }

  // --- decimals

  static constexpr int most_places = 6;
  static constexpr double power(int places) {
    double p = 1;
    for (; places > 0; --places) p *= 10;
    return p;
  }
  static constexpr std::int64_t nearest(double x) { return static_cast<std::int64_t>(x < 0 ? x - 0.5 : x + 0.5); }
  static constexpr bool is_near(double x, double y) {
    const double apart = x < y ? y - x : x - y;
    return apart <= 1e-9 || apart <= 1e-14 * (x < 0 ? -x : x);
  }
  /// Decimal places of a number; more than the most where it has no end within them, or is too large to be exact.
  static constexpr int places_of(double x) {
    for (int n = 0; n <= most_places; ++n) {
      const double scaled = x * power(n);
      if (!(scaled < 9e15 && scaled > -9e15)) break;
      if (is_near(scaled, static_cast<double>(nearest(scaled)))) return n;
    }
    return most_places + 1;
  }

  /// Sums of numbers in units of the last place that any of them has; factors of a product each in their own.
  constexpr void add_numbers(const constraint_description& c) {
    const bool is_sum = c.kind == constraint_kind::sum;
    int places = 0;
    int total_places = 0;
    for (int t = now_->first_term; t < terms_; ++t) {
      int own = 0;
      for (int v = to_.terms[t].first_value; v < to_.terms[t].first_value + to_.terms[t].values; ++v) {
        const constraint_value& value = to_.scratch[v];
        const int needed = value.is_number() ? places_of(value.number) : 0;
        if (!value.is_number()) refuse(found(value), "numbers");
        else if (needed > most_places) refuse(found(value), "up to 6 decimal places");
        else if (!is_sum && value.number < 0) refuse(found(value), "factors of 0 or more");
        own = needed > own ? needed : own;
      }
      places = own > places ? own : places;
      total_places += own;
      if (!is_sum) scale_term(to_.terms[t], own);
    }
    if (is_sum) {
      for (int t = now_->first_term; t < terms_; ++t) scale_term(to_.terms[t], places);
      total_places = places;
      for (int t = now_->first_term; t < terms_; ++t) to_.terms[t].absent = 0;
    }
    set_bound(c, power(total_places));
  }
  constexpr void scale_term(joint_term& t, int places) {
    t.absent = nearest(power(places));
    for (int v = t.first_value; v < t.first_value + t.values; ++v)
      to_.values[v] = problem_.constraint < 0 ? nearest(to_.scratch[v].number * power(places)) : 0;
  }

  /// A bound between two units says the same as the unit on its kept side.
  constexpr void set_bound(const constraint_description& c, double scale) {
    const double wanted = c.bound * scale;
    constexpr auto largest = static_cast<double>(largest_total - 1);
    const double b = wanted > largest ? largest : wanted < -largest ? -largest : wanted;
    std::int64_t whole = nearest(b);
    if (!is_near(b, static_cast<double>(whole))) {
      whole = static_cast<std::int64_t>(b);
      const std::int64_t below = static_cast<double>(whole) > b ? whole - 1 : whole;
      switch (c.compares) {
        case relation::less:
        case relation::less_equal:
          now_->compares = relation::less_equal;
          whole = below;
          break;
        case relation::greater:
        case relation::greater_equal:
          now_->compares = relation::greater_equal;
          whole = below + 1;
          break;
        case relation::equal:  // never, or always
          now_->compares = relation::less_equal;
          whole = -largest_total;
          break;
        case relation::not_equal:
          now_->compares = relation::less_equal;
          whole = largest_total;
          break;
      }
    }
    now_->bound = whole;
  }

  // --- conditions and order

  static constexpr bool meets(const constraint_value& value, relation r, const constraint_value& wanted) {
    return is_kept(r, compare(value, wanted));
  }
  /// 1 for the options that meet the condition of a count, or compare with a value; 0 for the others.
  constexpr void add_conditions(const constraint_description& c) {
    const relation r = c.kind == constraint_kind::count ? c.condition : c.compares;
    const bool is_equality = r == relation::equal || r == relation::not_equal;
    for (const constraint_value& wanted : c.values) {
      bool exists = !is_equality;
      for (int t = now_->first_term; t < terms_; ++t)
        for (int v = to_.terms[t].first_value; v < to_.terms[t].first_value + to_.terms[t].values; ++v) {
          exists = exists || compare(to_.scratch[v], wanted) == 0;
          if (!is_equality && !to_.scratch[v].is_number()) refuse(found(to_.scratch[v]), "numbers");
        }
      if (!is_equality && !wanted.is_number()) refuse(found(wanted), "numbers");
      if (!exists) refuse(found(wanted), "a value that the choice offers");
    }
    for (int t = now_->first_term; t < terms_; ++t) {
      joint_term& term = to_.terms[t];
      term.absent = c.kind == constraint_kind::count ? 0 : -1;
      for (int v = term.first_value; v < term.first_value + term.values; ++v) {
        to_.values[v] = 0;
        for (const constraint_value& wanted : c.values)
          if (meets(to_.scratch[v], r, wanted)) to_.values[v] = 1;
      }
    }
    if (c.kind == constraint_kind::count) set_bound(c, 1);
  }

  /// Every value becomes its place among all different ones.
  constexpr void number_values(const constraint_description& c, bool ordered) {
    const int first = to_.terms[now_->first_term].first_value;
    distinct_values list{to_.scratch, to_.order};
    for (int v = first; v < values_; ++v) {
      if (ordered && !to_.scratch[v].is_number()) refuse(found(to_.scratch[v]), "numbers");
      if (c.kind != constraint_kind::table && to_.scratch[v].is_number() != to_.scratch[first].is_number())
        refuse(found(to_.scratch[v]), "values of one kind");
      list.add(v);
    }
    for (int v = first; v < values_; ++v) to_.values[v] = list.place(to_.scratch[v]);
    for (int t = now_->first_term; t < terms_; ++t) to_.terms[t].absent = -1;
    now_->distinct = list.size;
    if (c.kind != constraint_kind::table) return;
    now_->first_row = values_;
    now_->rows = static_cast<int>(c.values.size()) / now_->terms;
    for (std::size_t v = 0; v < c.values.size(); ++v) {
      const joint_term& t = to_.terms[now_->first_term + static_cast<int>(v) % now_->terms];
      bool offered = false;
      for (int o = t.first_value; o < t.first_value + t.values; ++o)
        offered = offered || compare(to_.scratch[o], c.values[v]) == 0;
      if (!offered) refuse(found(c.values[v]), "a value that the choice offers");
      to_.values[values_++] = list.place(c.values[v]);
    }
  }

  /// Different values in their order, by their places in `scratch`.
  struct distinct_values {
    const constraint_value* scratch;
    int* order;
    int size = 0;

    constexpr int place(const constraint_value& value) const {
      int from = 0;
      int to = size;
      while (from < to) {
        const int middle = (from + to) / 2;
        if (compare(scratch[order[middle]], value) < 0) from = middle + 1;
        else to = middle;
      }
      return from;
    }
    constexpr void add(int v) {
      const int at = place(scratch[v]);
      if (at < size && compare(scratch[order[at]], scratch[v]) == 0) return;
      for (int i = size++; i > at; --i) order[i] = order[i - 1];
      order[at] = v;
    }
  };

  const path_parts* parts_;
  option_values options_;
  constraint_output to_;
  joint_constraint* now_ = nullptr;
  std::size_t constraints_ = 0;
  int terms_ = 0;
  int slots_ = 0;
  int values_ = 0;
  constraint_problem problem_{};
};

}  // namespace nascent::detail
