// SPDX-License-Identifier: Apache-2.0
/// \file
/// Tables of a report, and the same on a terminal and in Markdown.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "nascent/base/language.hpp"

namespace nascent {

/// Rows of text. Columns of numbers are recognised and aligned at their decimal points.
struct report_table {
  std::vector<std::string> columns{};
  std::vector<std::vector<std::string>> rows{};
  std::string caption{};
  std::vector<std::size_t> highlighted{};  ///< rows
};

namespace detail {

/// A number with an optional sign, unit, spread or percent sign behind it: "-1.25", "7.9 ms", "76.5 %", "12 345", "8.1
/// ± 0.2".
struct number_parts {
  std::string whole;
  std::string fraction;  ///< with its point
  std::string rest;
  bool is_number = false;
};

inline number_parts split_number(std::string_view cell) {
  constexpr std::string_view thin = "\xE2\x80\x89";
  constexpr std::string_view minus = "\xE2\x88\x92";
  const auto digit = [&](std::size_t i) { return i < cell.size() && cell[i] >= '0' && cell[i] <= '9'; };
  std::size_t i = cell.starts_with(minus) ? minus.size() : !cell.empty() && (cell[0] == '-' || cell[0] == '+') ? 1 : 0;
  number_parts parts;
  if (!digit(i)) return parts;
  while (digit(i) || (i < cell.size() && cell.substr(i, thin.size()) == thin && digit(i + thin.size())))
    i += digit(i) ? 1 : thin.size();
  parts.whole = cell.substr(0, i);
  std::size_t end = i;
  if (end < cell.size() && cell[end] == '.' && digit(end + 1))
    for (++end; digit(end);) ++end;
  parts.fraction = cell.substr(i, end - i);
  parts.rest = cell.substr(end);
  // "3x3" and "2024-11-21" are no numbers; "7.9 ms" and "12%" are.
  parts.is_number = parts.rest.empty() || parts.rest[0] == ' ' || parts.rest[0] == '%' || parts.rest[0] == 'e' ||
                    parts.rest.starts_with(thin) || parts.rest.starts_with("\xC2\xB1");
  return parts;
}

/// What stands for "nothing" in a column of numbers.
inline bool is_absent(std::string_view cell) {
  return cell.empty() || cell == "-" || cell == "\xE2\x80\x93" || cell == "\xE2\x80\x94";
}

/// Which columns of a table hold numbers, and how many characters of decimals they have, the point among them.
struct table_layout {
  std::vector<bool> numeric;
  std::vector<std::size_t> decimals;

  explicit table_layout(const report_table& t) : numeric(t.columns.size(), false), decimals(t.columns.size(), 0) {
    for (std::size_t c = 0; c < t.columns.size(); ++c) {
      bool all = true;
      for (const auto& row : t.rows) {
        if (is_absent(row[c])) continue;
        const number_parts n = split_number(row[c]);
        all = all && n.is_number;
        numeric[c] = true;
        if (n.rest.empty()) decimals[c] = std::max(decimals[c], n.fraction.size());
      }
      numeric[c] = numeric[c] && all;
    }
  }
};

/// Characters of a text in UTF-8, as a terminal shows them.
inline std::size_t shown_width(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace detail

/// The table for a terminal: columns as wide as their widest cell, numbers to the right; without the caption.
inline std::string to_text(const report_table& t) {
  const detail::table_layout layout(t);
  std::vector<std::size_t> widths;
  for (std::size_t c = 0; c < t.columns.size(); ++c) {
    widths.push_back(detail::shown_width(t.columns[c]));
    for (const auto& row : t.rows) widths[c] = std::max(widths[c], detail::shown_width(row[c]));
  }
  std::string text;
  const auto add_line = [&](const std::vector<std::string>& cells) {
    std::string line;
    for (std::size_t c = 0; c < cells.size(); ++c) {
      const std::string room(widths[c] - detail::shown_width(cells[c]), ' ');
      line += (c == 0 ? "" : "  ") + (layout.numeric[c] ? room + cells[c] : cells[c] + room);
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  };
  add_line(t.columns);
  for (const auto& row : t.rows) add_line(row);
  return text;
}

/// The table in Markdown, its caption before it: the first column to the left, the others to the right.
inline std::string to_markdown(const report_table& t) {
  std::string text = t.caption.empty() ? "" : t.caption + ":\n\n";
  const auto add_line = [&](const std::vector<std::string>& cells) {
    text += '|';
    for (const std::string& cell : cells) {
      text += ' ';
      for (const char c : cell) text += c == '|' ? "\\|" : c == '\n' ? " " : std::string(1, c);
      text += " |";
    }
    text += '\n';
  };
  add_line(t.columns);
  text += "|---|";
  for (std::size_t c = 1; c < t.columns.size(); ++c) text += "---:|";
  text += '\n';
  for (const auto& row : t.rows) add_line(row);
  return text;
}

}  // namespace nascent
