// SPDX-License-Identifier: Apache-2.0
/// \file
/// Parts of declarations as texts of C++.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "nascent/base/text.hpp"
#include "nascent/io/space_description.hpp"

namespace nascent::detail {

/// A text in quotes: no character of it can end them.
inline std::string cpp_literal(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (byte < 32 || byte == 127) {
      quoted += '\\';
      for (const int shift : {6, 3, 0}) quoted += static_cast<char>('0' + (byte >> shift & 7));
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

/// Where a line may end: stands in place of the space after a comma. No literal has it.
inline constexpr char soft_break = '\1';

/// A call with its soft breaks as spaces, or, where it is longer than a line, as ends of lines where they are needed.
inline std::string cpp_lines(std::string text, std::size_t indent, std::size_t width = 120) {
  std::string lines;
  std::size_t column = indent;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != soft_break) {
      lines += text[i];
      ++column;
      continue;
    }
    const std::size_t next = std::min(text.find(soft_break, i + 1), text.size());
    if (column + next - i > width) {
      lines += "\n" + std::string(indent + 3, ' ');
      column = indent + 3;
    } else {
      lines += ' ';
      ++column;
    }
  }
  return lines;
}

/// A number with all its digits, whole ones without a point.
inline std::string cpp_number(double n) { return std::string(short_text{}.add(n).view()); }

/// The name of a type, without the namespace of the library.
inline std::string cpp_name(std::string_view type) {
  constexpr std::string_view library = "nascent::";
  if (type.starts_with(library)) type.remove_prefix(library.size());
  return std::string(type);
}

/// relu and others stand by themselves in the library; `tanh` and `zero` do not.
inline std::string cpp_enumerator(std::string_view enumeration, std::string_view name) {
  if (enumeration == "nascent::activation" && name != "tanh" && name != "zero") return std::string(name);
  return cpp_name(enumeration) + "::" + std::string(name);
}

/// A value; a whole number that is a real one with a point where `points` says so, or it would be an int.
inline std::string cpp_value(const declared_value& value, std::string_view enumeration, std::string_view size_type,
                             bool points) {
  return std::visit(
      [&]<class Value>(const Value& v) -> std::string {
        if constexpr (std::is_same_v<Value, bool>) {
          return v ? "true" : "false";
        } else if constexpr (std::is_same_v<Value, std::int64_t>) {
          return std::to_string(v);
        } else if constexpr (std::is_same_v<Value, double>) {
          const std::string text = cpp_number(v);
          return text.find_first_of(".e") == std::string::npos && points ? text + ".0" : text;
        } else if constexpr (std::is_same_v<Value, image_size>) {
          return std::string(size_type) + "{" + std::to_string(v.height) + ", " + std::to_string(v.width) + "}";
        } else {
          return enumeration.empty() ? cpp_literal(v) : cpp_enumerator(enumeration, v);
        }
      },
      value);
}

/// A name for a variable: the letters and digits of a space's name.
inline std::string cpp_identifier(std::string_view name) {
  std::string word;
  for (const char c : name) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (upper) word += static_cast<char>(c - 'A' + 'a');
    else if (plain) word += c;
    else if (!word.empty() && word.back() != '_') word += '_';
  }
  while (!word.empty() && word.back() == '_') word.pop_back();
  if (word.empty()) return "the_space";
  return (word[0] >= '0' && word[0] <= '9' ? "space_" : "") + word + "_space";
}

/// Paths, as the arguments of a call: "a", "b".
inline std::string cpp_paths(const described_constraint& c, std::size_t first, std::size_t count) {
  std::string text;
  for (std::size_t p = first; p < first + count; ++p)
    text += (p == first ? "" : std::string(",") + soft_break) + cpp_literal(c.paths.at(p));
  return text;
}

inline std::string cpp_constraint_value(const declared_value& v) {
  const auto* name = std::get_if<std::string>(&v);
  return name != nullptr ? cpp_literal(*name) : cpp_number(std::get<double>(v));
}

/// Values from one to another, with commas.
inline std::string cpp_values(const described_constraint& c, std::size_t first, std::size_t count) {
  std::string text;
  for (std::size_t i = first; i < first + count; ++i)
    text += (i == first ? "" : std::string(",") + soft_break) + cpp_constraint_value(c.values.at(i));
  return text;
}

/// The terms of a sum or a product.
inline std::string cpp_terms(const described_constraint& c) {
  std::string text;
  for (const constraint_term& t : c.terms) {
    const std::string paths = cpp_paths(c, t.first_path, t.paths);
    const std::string prices = cpp_values(c, t.first_price, t.prices);
    text += text.empty() ? "" : ", ";
    if (t.prices == 0) text += paths;
    else if (t.paths == 1) text += "priced(" + paths + ", " + prices + ")";
    else text += "priced({" + paths + "}, {" + prices + "})";
  }
  return text;
}

/// A constraint, as `.require` takes it.
inline std::string cpp_constraint(const described_constraint& c) {
  const std::string compares = std::string(" ") + to_string(c.compares) + " ";
  const std::string paths = cpp_paths(c, 0, c.paths.size());
  switch (c.kind) {
    case constraint_kind::predicate: break;  // never described
    case constraint_kind::compare:
      return "value_of(" + cpp_literal(c.paths.at(0)) + ")" + compares +
             (c.values.empty() ? "value_of(" + cpp_literal(c.paths.at(1)) + ")" : cpp_constraint_value(c.values[0]));
    case constraint_kind::sum:
    case constraint_kind::product:
      return std::string(to_string(c.kind)) + "(" + cpp_terms(c) + ")" + compares + cpp_number(c.bound);
    case constraint_kind::all_equal: return "all_equal(" + paths + ")";
    case constraint_kind::monotone: {
      const bool strict = c.compares == relation::less || c.compares == relation::greater;
      const bool falling = c.compares == relation::greater || c.compares == relation::greater_equal;
      return "monotone(" + paths + ")" + (strict ? ".strict()" : "") + (falling ? ".falling()" : "");
    }
    case constraint_kind::count: {
      const std::string values = cpp_values(c, 0, c.values.size());
      const std::string what = c.condition == relation::equal        ? values
                               : c.condition == relation::less_equal ? "at_most(" + values + ")"
                                                                     : "at_least(" + values + ")";
      return "count(" + (c.paths.size() == 1 ? paths : "{" + paths + "}") + ", " + what + ")" + compares +
             cpp_number(c.bound);
    }
    case constraint_kind::table: {
      std::string rows;
      for (std::size_t i = 0; i < c.values.size(); i += c.paths.size())
        rows +=
            (i == 0 ? std::string("{") : std::string(",") + soft_break + "{") + cpp_values(c, i, c.paths.size()) + "}";
      return "table({" + paths + "}, {" + rows + "})";
    }
  }
  return {};
}

}  // namespace nascent::detail
