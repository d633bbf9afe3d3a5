// SPDX-License-Identifier: Apache-2.0
#include "nascent/space/constraint.hpp"

#include <cmath>
#include <map>
#include <optional>
#include <regex>
#include <set>

#include "spaces.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/space/space.hpp"

using namespace nascent;
using namespace test;

namespace {

// --- an oracle that shares nothing with the counting: it reads what a space says of its constraints

struct decided_value {
  std::string text;
  double number;
};

bool related(relation r, double a, double b) {
  switch (r) {
    case relation::equal: return std::abs(a - b) < 1e-9;
    case relation::not_equal: return std::abs(a - b) >= 1e-9;
    case relation::less: return a < b - 1e-9;
    case relation::less_equal: return a <= b + 1e-9;
    case relation::greater: return a > b + 1e-9;
    case relation::greater_equal: return a >= b - 1e-9;
  }
  return false;
}

template <class Space>
std::optional<decided_value> value_in(const Space& space, const std::vector<int>& v, std::size_t k) {
  if (v[k] < 0) return {};
  const std::string text(space.value(k, v[k]).text().view());
  return decided_value{text, std::strtod(text.c_str(), nullptr)};
}

/// All spaces of this file have the same slots: what a path names is looked up once.
template <class Space>
std::vector<std::size_t> named_by(const Space& space, const std::string& path) {
  static std::map<std::string, std::vector<std::size_t>> known;
  const auto [place, is_new] = known.try_emplace(path);
  if (!is_new) return place->second;
  std::string pattern;
  for (const char c : path) pattern += c == '*' ? ".*" : std::string(std::isalnum(c) ? "" : "\\") + c;
  for (std::size_t k = 0; k < space.slot_count; ++k)
    if (std::regex_match(std::string(space.slot(k).path.view()), std::regex(pattern))) place->second.push_back(k);
  return place->second;
}

bool is(const decided_value& value, relation r, const constraint_value& wanted) {
  if (!wanted.is_number()) return (value.text == wanted.text) == (r == relation::equal);
  return related(r, value.number, wanted.number);
}

template <class Space>
bool kept(const Space& space, const constraint_description& c, const std::vector<int>& v) {
  struct contribution {
    std::optional<decided_value> value;
    double price;
  };
  std::vector<contribution> all;
  for (const constraint_term& t : c.terms) {
    if (t.paths > 1) {
      std::size_t index = 0;
      bool there = true;
      for (std::size_t p = 0; p < t.paths; ++p) {
        const std::size_t k = space.find(c.paths[t.first_path + p]);
        there = there && v[k] >= 0;
        index = index * static_cast<std::size_t>(space.slot(k).options) + static_cast<std::size_t>(std::max(v[k], 0));
      }
      all.push_back(
          {there ? std::optional(decided_value{}) : std::nullopt, there ? c.values[t.first_price + index].number : 0});
    } else {
      for (const std::size_t k : named_by(space, c.paths[t.first_path])) {
        const auto value = value_in(space, v, k);
        const double price = !value          ? 0
                             : t.prices == 0 ? value->number
                                             : c.values[t.first_price + static_cast<std::size_t>(v[k])].number;
        all.push_back({value, price});
      }
    }
  }
  double total = c.kind == constraint_kind::product ? 1 : 0;
  std::vector<decided_value> there;
  for (const contribution& one : all)
    if (one.value) {
      there.push_back(*one.value);
      if (c.kind == constraint_kind::product) total *= one.price;
      else if (c.kind == constraint_kind::sum) total += one.price;
      else if (c.kind == constraint_kind::count)
        for (const constraint_value& wanted : c.values)
          if (is(*one.value, c.condition, wanted)) {
            total += 1;
            break;
          }
    }
  switch (c.kind) {
    case constraint_kind::predicate: throw std::logic_error("no data");
    case constraint_kind::sum:
    case constraint_kind::product:
    case constraint_kind::count: return related(c.compares, total, c.bound);
    case constraint_kind::compare:
      if (there.size() < all.size()) return true;
      return all.size() == 1 ? is(there[0], c.compares, c.values[0])
                             : related(c.compares, there[0].number, there[1].number);
    case constraint_kind::all_equal:
      for (const decided_value& value : there)
        if (value.text != there[0].text) return false;
      return true;
    case constraint_kind::monotone:
      for (std::size_t i = 1; i < there.size(); ++i)
        if (!related(c.compares, there[i - 1].number, there[i].number)) return false;
      return true;
    case constraint_kind::table:
      if (there.size() < all.size()) return true;
      for (std::size_t r = 0; r < c.values.size(); r += all.size()) {
        bool row = true;
        for (std::size_t i = 0; i < all.size(); ++i) row = row && is(there[i], relation::equal, c.values[r + i]);
        if (row) return true;
      }
      return false;
  }
  return false;
}

// --- random spaces

constexpr auto base = [] {
  return search_space("random")
      .input(3, 32)
      .stage("a", conv{.filters = one_of(8, 24), .kernel = one_of(3, 1)})
      .layers(range(0, 2))
      .stage("b", mbconv{.filters = 8, .kernel = one_of(3, 5), .expand = one_of(1.5, 3.)})
      .layers(independent(range(0, 2)))
      .stage("c", either(conv{.filters = one_of(8, 16)}, depthwise_conv{.kernel = one_of(3, 5)}))
      .stage("d", conv{.filters = range(8, 24, 8), .act = one_of(relu, swish)})
      .layers(one_of(3, 1));
};
constexpr auto unconstrained = define([] { return base(); });

/// Numbers that follow from a seed, at compile time.
constexpr int pick(unsigned seed, unsigned number, int below) {
  std::uint64_t x = seed * 0x9e3779b97f4a7c15U + number * 0xbf58476d1ce4e5b9U;
  x = (x ^ x >> 31) * 0x94d049bb133111ebU;
  x = (x ^ x >> 29) * 0x9e3779b97f4a7c15U;
  return static_cast<int>((x ^ x >> 32) % static_cast<unsigned>(below));
}
template <class Quantity>
constexpr auto compared(const Quantity& q, int relation_number, double bound) {
  return q.against(static_cast<relation>(relation_number), bound);
}

constexpr const char* numbers[] = {"a.filters",   "a.kernel",    "a.layers",    "b.layers",
                                   "b[0].kernel", "b[1].kernel", "b[0].expand", "c.conv.filters",
                                   "d.filters",   "d.layers",    "b[1].expand", "c.depthwise_conv.kernel"};
constexpr const char* patterns[] = {"*.layers", "*.kernel", "*.filters", "b*", "*.expand", "b[1].*"};

template <unsigned Seed, unsigned Number>
constexpr auto random_constraint() {
  const auto at = [](unsigned n, int below) { return pick(Seed, 16 * Number + n, below); };
  constexpr int kind = pick(Seed, 16 * Number, 12);
  const auto one = [&](unsigned n) { return numbers[at(n, 12)]; };
  if constexpr (kind == 0) return compared(sum(one(1), one(2), one(3)), at(4, 6), at(5, 50));
  else if constexpr (kind == 1) return compared(sum(patterns[at(1, 6)]), at(2, 6), at(3, 24) / 2.);
  else if constexpr (kind == 2) return compared(product(one(1), one(2)), at(3, 6), at(4, 120));
  else if constexpr (kind == 3) return compared(product(patterns[at(1, 6)]), at(2, 6), at(3, 900) / 4.);
  else if constexpr (kind == 4) return all_equal(one(1), one(2), one(3));
  else if constexpr (kind == 5) return all_equal(patterns[at(1, 6)]);
  else if constexpr (kind == 6) {
    const auto m = monotone(one(1), one(2), one(3), one(4));
    return at(5, 4) == 0 ? m : at(5, 4) == 1 ? m.strict() : at(5, 4) == 2 ? m.falling() : m.strict().falling();
  } else if constexpr (kind == 7) return compared(count("*.kernel", at(1, 2) == 0 ? 3 : 5), at(2, 6), at(3, 5));
  else if constexpr (kind == 8) return compared(count("*.layers", at_least(at(1, 3))), at(2, 6), at(3, 4));
  else if constexpr (kind == 9)
    return named_value{one(1)}.against(static_cast<relation>(at(2, 6)), named_value{one(3)});
  else if constexpr (kind == 10)
    return table({"a.kernel", "d.act", "c.block"},
                 {{3, swish, "conv"}, {1, relu, "depthwise_conv"}, {at(1, 2) == 0 ? 1 : 3, "swish", "depthwise_conv"}});
  else
    return compared(sum(priced("a.layers", at(1, 1000), at(2, 1000) * 1e6, 317.25),
                        priced({"b[0].kernel", "b[0].expand"}, {at(3, 5) * 1e5, 10, 1e6, 12345}),
                        priced("d.filters", 17, 1e6 + at(4, 1000), 2e6), "*.kernel"),
                    at(5, 6), at(6, 4000) * 1e3);
}

template <unsigned Seed>
struct random_declaration {
  constexpr auto operator()() const {
    constexpr int constraints = pick(Seed, 100, 3);
    constexpr auto first = base().require(random_constraint<Seed, 0>());
    if constexpr (constraints == 0) return first;
    else if constexpr (constraints == 1)
      return first.require("a.layers", "d.filters", [](int layers, int filters) { return layers * 16 <= filters; })
          .require(random_constraint<Seed, 1>());
    else return first.require(random_constraint<Seed, 1>()).require(random_constraint<Seed, 2>());
  }
};

template <class Space>
void check_laws(const Space& space) {
  std::set<std::vector<int>> expected;
  static const auto all = all_candidates(unconstrained);
  for (const auto& c : all) {
    const std::vector<int> v = vector_of(c);
    bool all_kept = true;
    for (std::size_t i = 0; i < space.constraint_count; ++i) {
      if (space.constraint(i).kind == constraint_kind::predicate)
        all_kept = all_kept && v[space.find("a.layers")] * 16 <= (v[space.find("d.filters")] + 1) * 8;
      else all_kept = all_kept && kept(space, space.constraint(i), v);
    }
    if (all_kept) expected.insert(v);
  }
  REQUIRE(space.size() == expected.size());
  std::set<std::vector<int>> listed;
  for (uint128 r = 0; r < space.size(); ++r) {
    const auto c = space.unrank(r);
    REQUIRE(space.rank(c) == r);
    listed.insert(vector_of(c));
  }
  REQUIRE(listed == expected);

  random_engine rng(Space::slot_count);
  for (int i = 0; i < 300; ++i) {
    const auto c = space.sample(rng);
    REQUIRE(expected.count(vector_of(c)) == 1);
    REQUIRE(expected.count(vector_of(space.sample_decisions(rng))) == 1);
    REQUIRE(expected.count(vector_of(space.mutate(c, rng))) == 1);
    REQUIRE(expected.count(vector_of(space.crossover(c, space.sample(rng), rng))) == 1);
    if (i % 10 != 0) continue;
    std::set<std::vector<int>> near;
    space.for_each_neighbour(c, [&](const auto& n) { near.insert(vector_of(n)); });
    for (const auto& n : near) REQUIRE(expected.count(n) == 1);
    // Changes that make nothing else active or inactive are there if and only if they are networks of the space.
    for (std::size_t k = 0; k < space.slot_count; ++k)
      for (int option = 0; option < space.slot(k).options; ++option) {
        std::vector<int> changed = vector_of(c);
        if (changed[k] < 0 || changed[k] == option) continue;
        changed[k] = option;
        if (expected.count(changed) == 1) REQUIRE(near.count(changed) == 1);
      }
  }
  if (space.size() <= 400 && space.size() > 1) {
    std::vector<int> seen(static_cast<std::size_t>(space.size()));
    const int draws = 40 * static_cast<int>(seen.size());
    for (int i = 0; i < draws; ++i) ++seen[static_cast<std::size_t>(space.rank(space.sample(rng)))];
    REQUIRE(chi_square_excess(seen, draws) < 5);
  }
  int refused = 0;
  for (int i = 0; i < 300; ++i) {
    const std::vector<int> v = vector_of(unconstrained.sample(rng));
    if (expected.count(v) == 1) {
      REQUIRE_NOTHROW(space.decode(v));
    } else {
      REQUIRE_THROWS_AS(space.decode(v), space_error);
      ++refused;
    }
  }
  CHECK((refused > 0 || expected.size() > unconstrained.size() / 2));
}

/// Random constraints may leave nothing, which is a fault of the declaration.
template <unsigned Seed>
void check_random_space() {
  INFO("seed " << Seed);
  constexpr fault what = detail::first_fault<random_declaration<Seed>>.what;
  if constexpr (what == fault::none) check_laws(define(random_declaration<Seed>{}));
  else REQUIRE(what == fault::no_candidate_left);
}
template <unsigned... Seed>
void check_random_spaces(std::integer_sequence<unsigned, Seed...>) {
  (check_random_space<Seed>(), ...);
}

}  // namespace

TEST_CASE("random constraints: sizes, ranks, samples and moves against all networks, one by one") {
  check_random_spaces(std::make_integer_sequence<unsigned, 12>{});
}
