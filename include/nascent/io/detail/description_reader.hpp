// SPDX-License-Identifier: Apache-2.0
/// \file
/// A description of a space out of JSON. What it says is checked beside it (check_description.hpp).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nascent/base/read_number.hpp"
#include "nascent/io/block_catalogue.hpp"
#include "nascent/io/json_reader.hpp"
#include "nascent/network/activation.hpp"

namespace nascent::detail {

using space_reader = json_reader<json>;

/// \throws json_error where a group has another key
inline void only_keys(const space_reader& j, std::initializer_list<const char*> known) {
  j.must_be_object();
  for (const auto& item : j.value().items())
    if (std::ranges::none_of(known, [&](const char* k) { return item.key() == k; })) {
      std::string all;
      for (const char* k : known) all += (all.empty() ? "" : ", ") + std::string(k);
      throw json_error(j.where(), "the key '" + item.key() + "'", all);
    }
}

/// A text that a literal of C++ can hold whole.
inline std::string literal_text(const space_reader& j) {
  std::string text = j.text();
  if (text.find('\0') != std::string::npos) j.fail("a text without the character 0");
  return text;
}

/// What may stand at a place beside a value.
struct field_grammar {
  bool sizes = false;  ///< "3x5": rows and columns apart
  bool choices = true;
  bool ties = false;
  bool marks = false;
  bool shared = false;

  std::string allowed() const {
    return std::string("a value") + (choices ? R"(, {"one_of": [...]}, {"range": [first, last, step]})" : "") +
           (ties ? R"(, {"tied_to": path})" : "") + (shared ? R"(, {"shared": choice})" : "") +
           (marks ? R"(, {"fixed": ...}, {"scaled": ...})" : "");
  }
};

inline constexpr whole_range<std::int64_t> any_int{.least = -2147483647, .most = 2147483647};

inline std::optional<image_size> size_in(std::string_view text) {
  const std::size_t by = text.find('x');
  if (by == std::string_view::npos) return std::nullopt;
  const auto height = read_whole<int>(text.substr(0, by));
  const auto width = read_whole<int>(text.substr(by + 1));
  if (!height || !width) return std::nullopt;
  return image_size{*height, *width};
}

inline declared_value read_value(const space_reader& j, const field_grammar& grammar) {
  const json& v = j.value();
  if (v.is_boolean()) return j.truth();
  if (v.is_number_integer()) return j.whole<std::int64_t>(any_int);
  if (v.is_number()) return j.real(any_finite);
  if (!v.is_string()) j.fail(grammar.allowed());
  std::string text = literal_text(j);
  if (grammar.sizes)
    if (const auto size = size_in(text)) return *size;
  return text;
}

/// The values of a list are of one type: whole numbers beside sizes are squares.
inline void unite_types(const space_reader& j, std::vector<declared_value>& values) {
  if (std::ranges::any_of(values, is_declared_as<image_size>))
    for (declared_value& v : values)
      if (const auto* side = std::get_if<std::int64_t>(&v))
        v = image_size{static_cast<int>(*side), static_cast<int>(*side)};
  const bool alike = std::ranges::all_of(values, [&](const auto& v) { return v.index() == values[0].index(); });
  if (!alike && !all_numbers(values)) j.fail("values of one type");
}

inline described_field read_field(const space_reader& j, const field_grammar& grammar) {
  if (!j.value().is_object()) return described_field::of(read_value(j, grammar));
  if (j.value().size() != 1) j.fail(grammar.allowed());
  const std::string key = j.value().begin().key();
  const space_reader inner = j.at(key);
  described_field f;
  if (key == "one_of" && grammar.choices) {
    f.how = field_kind::chosen;
    for (const space_reader& item : inner.items()) f.values.push_back(read_value(item, grammar));
    if (f.values.empty()) inner.fail("1 or more; write the value itself for no choice");
    unite_types(inner, f.values);
  } else if (key == "range" && grammar.choices) {
    f.how = field_kind::chosen;
    const auto numbers = inner.items();
    if (numbers.size() < 2 || numbers.size() > 3) inner.fail("[first, last] or [first, last, step]");
    const auto number = [&](std::size_t i) { return static_cast<int>(numbers[i].whole<std::int64_t>(any_int)); };
    f.range = range(number(0), number(1), numbers.size() > 2 ? number(2) : 1);
  } else if (key == "tied_to" && grammar.ties) {
    f.how = field_kind::tied;
    f.source = literal_text(inner);
  } else if (key == "shared" && grammar.shared) {
    f = read_field(inner, {.sizes = grammar.sizes});
    if (f.how != field_kind::chosen) inner.fail("a choice");
    f.how = field_kind::shared;
  } else if ((key == "fixed" || key == "scaled") && grammar.marks) {
    f = read_field(inner, {.sizes = grammar.sizes, .ties = grammar.ties, .shared = grammar.shared});
    if (!f.range && !std::ranges::all_of(f.values, is_declared_as<std::int64_t>))
      inner.fail("a whole number, a choice of them, or a tie");
    f.mark = key == "fixed" ? scaling_mark::fixed : scaling_mark::scaled;
  } else {
    throw json_error(j.where(), "the key '" + key + "'", grammar.allowed());
  }
  return f;
}

/// An enumerator by its name.
template <class Enum, std::size_t Count>
Enum read_name(const space_reader& j, const std::array<Enum, Count>& all) {
  const std::string text = j.text();
  std::string allowed;
  for (const Enum e : all) {
    if (text == to_string(e)) return e;
    allowed += (allowed.empty() ? "" : ", ") + std::string(to_string(e));
  }
  j.fail(allowed);
}

inline described_constraint read_constraint(const space_reader& j) {
  using enum constraint_kind;
  only_keys(j, {"kind", "paths", "compares", "bound", "condition", "values", "rows", "terms"});
  if (j.at("kind").text() == "predicate")
    throw json_error(j.where() + "/kind", "a predicate, which is code", "constraints that are data, such as a table");
  described_constraint c;
  c.kind = read_name(j.at("kind"), std::array{compare, sum, product, all_equal, monotone, count, table});
  for (const space_reader& p : j.at("paths").items()) c.paths.push_back(literal_text(p));
  if (c.paths.empty()) j.at("paths").fail("one path or more");
  const auto may_have = [&](const char* key, bool may) {
    if (j.has(key) && !may)
      throw json_error(j.where() + "/" + key, "it in a " + std::string(to_string(c.kind)), "nothing");
    return j.has(key) || may;
  };
  using enum relation;
  const bool adds = c.kind == sum || c.kind == product;
  if (may_have("compares", c.kind != all_equal && c.kind != table))
    c.compares = c.kind == monotone ? read_name(j.at("compares"), std::array{less, less_equal, greater, greater_equal})
                                    : read_name(j.at("compares"),
                                                std::array{equal, not_equal, less, less_equal, greater, greater_equal});
  if (may_have("bound", adds || c.kind == count)) c.bound = j.at("bound").real(any_finite);
  may_have("condition", c.kind == count);
  if (j.has("condition")) c.condition = read_name(j.at("condition"), std::array{equal, less_equal, greater_equal});
  const auto add_value = [&](const space_reader& v, bool names) {
    if (v.value().is_string() && names) c.values.emplace_back(literal_text(v));
    else c.values.emplace_back(v.real(any_finite));
  };
  may_have("values", c.kind == count || c.kind == compare);
  if (j.has("values"))
    for (const space_reader& v : j.at("values").items()) add_value(v, c.condition == equal);
  if (c.kind == count && (c.values.empty() || (c.condition != equal && c.values.size() != 1)))
    throw json_error(j.where() + "/values", std::to_string(c.values.size()) + " values",
                     c.condition == equal ? "one or more" : "one");
  if (c.kind == compare && c.paths.size() + c.values.size() != 2)
    throw json_error(j.where(),
                     std::to_string(c.paths.size()) + " paths and " + std::to_string(c.values.size()) + " values",
                     "two paths, or a path and a value");
  may_have("rows", c.kind == table);
  if (c.kind == table) {
    for (const space_reader& row : j.at("rows").items()) {
      if (row.items().size() != c.paths.size()) row.fail("a value for each path");
      for (const space_reader& v : row.items()) add_value(v, true);
    }
    if (c.values.empty()) j.at("rows").fail("one row or more");
  }
  may_have("terms", adds);
  if (!j.has("terms")) {
    for (std::size_t p = 0; p < c.paths.size(); ++p) c.terms.push_back({.first_path = p});
    return c;
  }
  std::size_t path = 0;
  for (const space_reader& t : j.at("terms").items()) {
    only_keys(t, {"paths", "prices"});
    const auto most = static_cast<std::int64_t>(c.paths.size() - path);
    constraint_term term{.first_path = path, .first_price = c.values.size()};
    term.paths = static_cast<std::size_t>(t.at("paths").whole<std::int64_t>({.least = 1, .most = most}));
    for (const space_reader& price : t.at("prices").items()) add_value(price, false);
    term.prices = c.values.size() - term.first_price;
    if (term.paths > 1 && term.prices == 0) t.at("prices").fail("a price for each combination of options");
    path += term.paths;
    c.terms.push_back(term);
  }
  if (path != c.paths.size()) j.at("terms").fail("terms that take all paths, one after another");
  return c;
}

class description_reader {
 public:
  description_reader(const space_reader& j, const block_catalogue& blocks) : j_(j), blocks_(blocks) {}

  space_description read() const {
    only_keys(j_, {"format", "version", "name", "size", "input", "round_widths", "stages", "head", "constraints"});
    if (j_.has("format") && j_.at("format").text() != "nascent space") j_.at("format").fail("\"nascent space\"");
    if (j_.has("version")) j_.at("version").whole<std::int64_t>({.least = 1, .most = 1});
    space_description d{.name = literal_text(j_.at("name"))};
    if (j_.has("size")) d.size = j_.at("size").decimal(~uint128{0});
    const space_reader input = j_.at("input");
    only_keys(input, {"channels", "resolution"});
    d.channels = static_cast<int>(input.at("channels").whole<std::int64_t>(any_int));
    d.resolution = read_field(input.at("resolution"), {.sizes = true});
    if (j_.has("round_widths")) {
      const space_reader rounding = j_.at("round_widths");
      only_keys(rounding, {"divisor", "limit"});
      if (rounding.has("divisor"))
        d.rounding.divisor = static_cast<int>(rounding.at("divisor").whole<std::int64_t>(any_int));
      if (rounding.has("limit")) d.rounding.limit = rounding.at("limit").real(any_finite);
    }
    if (j_.has("stages"))
      for (const space_reader& s : j_.at("stages").items()) d.stages.push_back(read_stage(s, false));
    if (j_.has("head"))
      for (const space_reader& s : j_.at("head").items()) d.stages.push_back(read_stage(s, true));
    if (j_.has("constraints"))
      for (const space_reader& c : j_.at("constraints").items()) d.constraints.push_back(read_constraint(c));
    return d;
  }

 private:
  described_stage read_stage(const space_reader& j, bool in_head) const {
    described_stage s;
    if (in_head) {
      s.role = described_stage::kind::head;
      only_keys(j, {"block", "stride", "layers", "skip", "skip_kind"});
    } else {
      only_keys(j, {"name", "block", "choice", "of", "stride", "layers", "skip", "skip_kind"});
      s.name = literal_text(j.at("name"));
      if (j.has("choice")) return read_choice(j, std::move(s));
    }
    s.blocks = read_blocks(j.at("block"));
    if (j.has("stride")) s.stride = read_numbers(j.at("stride"), {.sizes = true});
    if (j.has("layers")) read_layers(j.at("layers"), s);
    if (j.has("skip")) {
      s.skip = read_field(j.at("skip"), {});
      if (s.skip->range || !std::ranges::all_of(s.skip->values, is_declared_as<std::string>))
        j.at("skip").fail(R"(a stage's name such as "2", or a choice such as {"one_of": ["none", "2"]})");
    }
    if (j.has("skip_kind")) {
      using enum residual;
      s.skip_kind = read_name(j.at("skip_kind"), std::array{identity, project, strided});
    }
    return s;
  }

  described_stage read_choice(const space_reader& j, described_stage s) const {
    only_keys(j, {"name", "choice", "of"});
    s.role = described_stage::kind::choice;
    s.value = read_field(j.at("choice"), {.sizes = true, .marks = true});
    if (s.value.how != field_kind::chosen) j.at("choice").fail("a choice");
    const bool names = std::ranges::any_of(s.value.values, is_declared_as<std::string>);
    if (names != j.has("of"))
      throw json_error(j.where() + "/of", names ? "nothing" : "a type of names",
                       names ? "the type of these names, such as \"activation\"" : "nothing: these are numbers");
    if (!names) return s;
    s.enumeration = j.at("of").text();
    const known_field* of = blocks_.find_enumeration(s.enumeration);
    if (of == nullptr) j.at("of").fail("an enumeration of a block, such as \"activation\"");
    check_names(j.at("choice"), s.value, *of);
    return s;
  }

  /// Whole numbers, and sizes where the grammar has them.
  static described_field read_numbers(const space_reader& j, const field_grammar& grammar) {
    described_field f = read_field(j, grammar);
    for (const declared_value& v : f.values)
      if (!is_declared_as<std::int64_t>(v) && !is_declared_as<image_size>(v)) j.fail("whole numbers");
    return f;
  }

  static void read_layers(const space_reader& j, described_stage& s) {
    const auto unwrap = [](const space_reader& from, const char* key) {
      return from.value().is_object() && from.has(key) && from.value().size() == 1;
    };
    const bool fixed = unwrap(j, "fixed");
    const space_reader unmarked = fixed ? j.at("fixed") : j;
    s.independent = unwrap(unmarked, "independent");
    s.layers = read_numbers(s.independent ? unmarked.at("independent") : unmarked, {});
    if (fixed) s.layers->mark = scaling_mark::fixed;
  }

  std::vector<described_block> read_blocks(const space_reader& j) const {
    j.must_be_object();
    if (j.value().size() != 1) j.fail(R"(one block, such as {"conv": {"filters": 32}}, or {"either": [...]})");
    std::vector<described_block> all;
    if (!j.has("either")) {
      all.push_back(read_block(j));
      return all;
    }
    for (const space_reader& one : j.at("either").items()) all.push_back(read_block(one));
    if (all.size() < 2) j.at("either").fail("2 or more; write the block itself for no choice");
    return all;
  }

  described_block read_block(const space_reader& j) const {
    j.must_be_object();
    if (j.value().size() != 1) j.fail(R"(one block, such as {"conv": {"filters": 32}})");
    described_block b{.name = j.value().begin().key()};
    const known_block* known = blocks_.find(b.name);
    if (known == nullptr) throw json_error(j.where(), "the block '" + b.name + "'", blocks_.names());
    const space_reader fields = j.at(b.name);
    fields.must_be_object();
    for (const auto& item : fields.value().items())
      if (known->find(item.key()) == nullptr) {
        std::string names;
        for (const known_field& f : known->fields) names += (names.empty() ? "" : ", ") + std::string(f.name);
        throw json_error(fields.where(), "field '" + item.key() + "'", names.empty() ? "no fields" : names);
      }
    for (const known_field& f : known->fields) {  // C++ wants them in their order
      const std::string name(f.name);
      if (!fields.has(name)) continue;
      const bool sizes = f.role.work == work_effect::window || f.role.rule.strides;
      described_field said = read_field(fields.at(name), {.sizes = sizes, .ties = true, .marks = true, .shared = true});
      check_names(fields.at(name), said, f);
      b.fields.emplace_back(name, std::move(said));
    }
    return b;
  }

  /// Names are enumerators; what else stands there is checked as the compiler does.
  static void check_names(const space_reader& j, const described_field& f, const known_field& known) {
    if (known.enumeration.empty()) return;
    for (const declared_value& v : f.values) {
      const auto* name = std::get_if<std::string>(&v);
      if (name == nullptr || std::ranges::find(known.enumerators, *name) != known.enumerators.end()) continue;
      std::string allowed;
      for (const std::string_view e : known.enumerators) allowed += (allowed.empty() ? "" : ", ") + std::string(e);
      throw json_error(j.where(), "'" + *name + "'", allowed);
    }
  }

  const space_reader& j_;
  const block_catalogue& blocks_;
};

}  // namespace nascent::detail
