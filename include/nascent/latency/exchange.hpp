// SPDX-License-Identifier: Apache-2.0
/// \file
/// Latency tables between files: joining tables of one device, and reading back what `export_csv` wrote.
#pragma once

#include <charconv>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <istream>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "nascent/latency/store.hpp"

namespace nascent {

/// What joining tables, or reading rows, did.
struct exchange_result {
  std::size_t rows = 0;     ///< rows that were offered
  std::size_t written = 0;  ///< that were new, or measured where there was an estimate
};

namespace detail {

/// Makes the file a latency table where there is none, and checks what is there. \throws latency_table_error
inline void check_table(const std::filesystem::path& path, bool read_only) { latency_store(path, {}, read_only); }

inline std::string devices_of(database& d, const std::string& schema) {
  std::string names;
  statement query = d.prepare("SELECT DISTINCT device FROM " + schema + ".environment ORDER BY device");
  while (query.step()) names += (names.empty() ? "'" : ", '") + query.text(0) + "'";
  return names;
}

/// The fields of one record of comma-separated values (RFC 4180); false at the end. Line ends inside quotes belong to a field.
inline bool read_record(std::istream& in, std::vector<std::string>& fields) {
  fields.clear();
  if (in.peek() == std::istream::traits_type::eof()) return false;
  fields.emplace_back();
  bool quoted = false;
  for (char c = 0; in.get(c);) {
    if (quoted) {
      if (c != '"') fields.back() += c;
      else if (in.peek() == '"') fields.back() += static_cast<char>(in.get());
      else quoted = false;
    } else if (c == '"' && fields.back().empty()) {
      quoted = true;
    } else if (c == ',') {
      fields.emplace_back();
    } else if (c == '\n') {
      break;
    } else if (c != '\r') {
      fields.back() += c;
    }
  }
  return true;
}

}  // namespace detail

/// Adds all rows of table `from` to table `into`, which is made where there is none: all or none. Rows that `into` has stay, except
/// estimates where `from` has measured. \throws latency_table_error where a file cannot be used, or the tables are of different devices:
/// their times have nothing to do with each other.
inline exchange_result merge_tables(const std::filesystem::path& into, const std::filesystem::path& from) {
  const auto refuse = [&](const std::string& text) { throw latency_table_error("latency table '" + into.string() + "' " + text); };
  std::error_code ignored;
  if (std::filesystem::equivalent(into, from, ignored)) refuse("cannot be joined with itself; name two files");
  detail::check_table(from, true);
  detail::check_table(into, false);
  try {
    database d(into, open_mode::create, 30);
    d.prepare("ATTACH DATABASE ? AS other").bind(from.string()).run();
    const std::string own = detail::devices_of(d, "main");
    const std::string others = detail::devices_of(d, "other");
    if (!own.empty() && !others.empty() && own != others)
      refuse("has times of " + own + ", '" + from.string() + "' of " + others + "; only tables of one device are joined: keep a file for each device");
    exchange_result result;
    transaction all(d);
    result.rows = static_cast<std::size_t>(d.number("SELECT count(*) FROM other.entry"));
    const std::string environment = detail::environment_columns;
    d.execute("INSERT OR IGNORE INTO main.environment(" + environment + ") SELECT " + environment + " FROM other.environment");
    d.prepare("INSERT INTO main.entry(environment, " + std::string(detail::entry_columns) + ") SELECT mine.id, " + detail::entry_columns +
              " FROM other.entry JOIN other.environment AS theirs ON theirs.id = other.entry.environment JOIN main.environment AS mine USING(" +
              environment + ") WHERE true" + detail::entry_conflict)
        .run();
    result.written = static_cast<std::size_t>(d.changes());
    all.commit();
    return result;
  } catch (const database_error& e) {
    throw latency_table_error("latency table '" + into.string() + "' could not be joined with '" + from.string() + "' (SQLite: " + e.what() +
                              "); check that both files and the disk can be written, nothing was changed");
  }
}

/// Reads rows that `export_csv` wrote, of any devices, into a table: all or none. \throws latency_table_error that names the line, the
/// column, what was found and what is allowed
inline exchange_result import_csv(const std::filesystem::path& into, std::istream& in) {
  const std::vector<std::string> columns = detail::exported_columns();
  std::size_t line = 1;
  const auto refuse = [&](const std::string& what) {
    throw latency_table_error("latency table '" + into.string() + "', import, record " + std::to_string(line) + ": " + what + " (nothing was written)");
  };
  std::vector<std::string> record;
  if (!detail::read_record(in, record) || record != columns) refuse("found another header; allowed: the columns that export_csv writes, in their order");
  constexpr std::size_t first_number = 8;   // median_ms
  constexpr std::size_t first_whole = 15;   // samples, spoilt, switches
  constexpr std::size_t estimated = 19;
  std::vector<std::vector<std::string>> rows;
  const auto check_number = [&](std::size_t column, bool whole) {
    const std::string& text = record[column];
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value) || value < 0 || (whole && value != std::floor(value)))
      refuse(columns[column] + ": found '" + text + "'; allowed: a " + (whole ? "whole number" : "number") + " of 0 or more");
  };
  for (++line; detail::read_record(in, record); ++line) {
    if (record.size() == 1 && record[0].empty()) continue;
    if (record.size() != columns.size()) refuse("found " + std::to_string(record.size()) + " fields; allowed: " + std::to_string(columns.size()));
    for (std::size_t i = first_number; i < first_whole; ++i) check_number(i, false);
    for (const std::size_t i : {std::size_t{3}, std::size_t{5}, first_whole, first_whole + 1, first_whole + 2}) check_number(i, true);
    if (record[estimated] != "0" && record[estimated] != "1") refuse("estimated: found '" + record[estimated] + "'; allowed: 0 or 1");
    rows.push_back(record);
  }
  detail::check_table(into, false);
  try {
    database d(into, open_mode::create, 30);
    exchange_result result{.rows = rows.size()};
    transaction all(d);
    statement environment = d.prepare("INSERT OR IGNORE INTO environment(" + std::string(detail::environment_columns) + ") VALUES(?,?,?,?,?,?)");
    statement entry = d.prepare("INSERT INTO entry(environment, " + std::string(detail::entry_columns) +
                                        ") SELECT id, ?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,? FROM environment WHERE device = ? AND library = ? AND isa = ? AND "
                                        "threads = CAST(? AS INTEGER) AND dtype = ? AND batch = CAST(? AS INTEGER)" + detail::entry_conflict);
    for (const auto& r : rows) {
      environment.bind(r[0], r[1], r[2], r[3], r[4], r[5]).run();
      entry.bind(r[6], r[7], r[8], r[9], r[10], r[11], r[12], r[13], r[14], r[15], r[16], r[17], r[18], r[19], r[20], r[21], r[0], r[1], r[2], r[3], r[4], r[5]).run();
      result.written += static_cast<std::size_t>(d.changes());
    }
    all.commit();
    return result;
  } catch (const database_error& e) {
    throw latency_table_error("latency table '" + into.string() + "', import: the rows could not be written (SQLite: " + e.what() + "); nothing was changed");
  }
}

}  // namespace nascent
