// SPDX-License-Identifier: Apache-2.0
/// \file
/// Latency tables between files: joining tables of one device, and reading back what `export_csv` wrote.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <istream>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "nascent/base/file.hpp"
#include "nascent/base/read_number.hpp"
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

/// Takes a text of comma-separated values (RFC 4180) apart, record by record. Line ends inside quotes belong to a
/// field.
class record_splitter {
 public:
  explicit record_splitter(std::string_view text) : rest_(text) {}

  /// How a record ended.
  enum class ending : std::uint8_t { line, text, quote };  ///< a line end; the text did; the text, inside quotes

  bool at_end() const { return rest_.empty(); }

  ending next(std::vector<std::string>& fields) {
    fields.assign(1, {});
    bool quoted = false;
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (quoted) {
        if (c != '"') fields.back() += c;
        else if (rest_.starts_with('"')) take_quote(fields.back());
        else quoted = false;
      } else if (c == '"' && fields.back().empty()) {
        quoted = true;
      } else if (c == ',') {
        fields.emplace_back();
      } else if (c == '\n') {
        return ending::line;
      } else if (c != '\r') {
        fields.back() += c;
      }
    }
    return quoted ? ending::quote : ending::text;
  }

 private:
  void take_quote(std::string& field) {
    field += '"';
    rest_.remove_prefix(1);
  }

  std::string_view rest_;
};

}  // namespace detail

/// A row of a table file, of any device: one placement of one kernel.
struct table_row {
  store_key key{};
  latency_entry entry{};
};

/// Whose rows a table file has: each device, batch and context. \throws latency_table_error
inline std::vector<store_key> keys_of(const std::filesystem::path& path) {
  latency_store store(path, {}, true);
  try {
    database d = open_to_read(path, 30);
    std::vector<store_key> keys;
    statement query = d.prepare(
        "SELECT DISTINCT device, library, isa, threads, dtype, batch, context FROM entry JOIN environment ON id = "
        "environment "
        "ORDER BY environment, context");
    while (query.step()) {
      const std::optional<data_type> type = detail::parse_type(query.text(4));
      const std::optional<cache_context> context = parse_cache_context(query.text(6));
      if (!type || !context)
        throw store.error("latency.damaged", "type '" + query.text(4) + "' and context '" + query.text(6) + "'",
                          "names that nascent writes; restore a copy");
      for (const int column : {3, 5})
        if (!query.is_integer(column) || !detail::environment_counts.admits(query.integer(column)))
          throw store.error("latency.damaged",
                            std::string(column == 3 ? "threads" : "batch") + " '" + query.text(column) + "'",
                            detail::environment_counts.allowed() + "; restore a copy");
      keys.push_back({.device = {.device = query.text(0),
                                 .library = query.text(1),
                                 .isa = query.text(2),
                                 .threads = static_cast<int>(query.integer(3)),
                                 .type = *type},
                      .batch = static_cast<int>(query.integer(5)),
                      .context = *context});
      if (const auto fault = detail::find_fault(keys.back().device, keys.back().batch))
        throw store.error("latency.damaged", fault->column + " " + fault->found, fault->allowed + "; restore a copy");
    }
    return keys;
  } catch (const database_error& e) {
    throw store.error("latency.damaged", "no way to read it to the end (SQLite: " + std::string(e.found()) + ")",
                      "a whole table; restore a copy");
  }
}

/// All rows of a table file. \throws latency_table_error
inline std::vector<table_row> load_rows(const std::filesystem::path& path) {
  std::vector<table_row> rows;
  for (const store_key& key : keys_of(path))
    for (latency_entry& e : latency_store(path, key, true).load_placements()) rows.push_back({key, std::move(e)});
  return rows;
}

/// Adds all rows of table `from` to table `into`, which is made where there is none: all or none. Rows that `into` has
/// stay, except estimates where `from` has measured. \throws latency_table_error where a file cannot be used, or the
/// tables are of different devices: their times have nothing to do with each other.
inline exchange_result merge_tables(const std::filesystem::path& into, const std::filesystem::path& from) {
  const auto refuse = [&](const std::string& found, const std::string& allowed) {
    throw latency_table_error("latency.join", "latency table '" + into.string() + "', joining", found, allowed);
  };
  std::error_code ignored;
  if (std::filesystem::equivalent(into, from, ignored)) refuse("the same file twice", "two files");
  static_cast<void>(load_rows(from));  // which looks at every one of them
  detail::check_table(into, false);
  try {
    database d(into, open_mode::create, 30);
    d.attach(from, "other");
    const std::string own = detail::devices_of(d, "main");
    const std::string others = detail::devices_of(d, "other");
    if (!own.empty() && !others.empty() && own != others)
      refuse("times of " + own + " here and of " + others + " in '" + from.string() + "'",
             "tables of one device; keep a file for each device");
    exchange_result result;
    transaction all(d);
    result.rows = static_cast<std::size_t>(d.number("SELECT count(*) FROM other.entry"));
    const std::string environment = detail::environment_columns;
    d.execute("INSERT OR IGNORE INTO main.environment(" + environment + ") SELECT " + environment +
              " FROM other.environment");
    // Estimates that a measured row takes the place of are gone before, so that no placement is in the way.
    d.execute(
        "DELETE FROM main.entry WHERE estimated = 1 AND EXISTS(SELECT 1 FROM other.entry AS new JOIN other.environment "
        "AS theirs ON "
        "theirs.id = new.environment JOIN main.environment AS mine USING(" +
        environment +
        ") WHERE mine.id = main.entry.environment AND new.context = main.entry.context AND new.signature = "
        "main.entry.signature AND new.estimated = 0)");
    const std::string rows = "INSERT INTO main.entry(environment, " + std::string(detail::entry_columns) +
                             ") SELECT mine.id, " + detail::entry_columns_in(d.number("PRAGMA other.user_version")) +
                             " FROM other.entry JOIN other.environment AS theirs ON theirs.id = "
                             "other.entry.environment JOIN main.environment AS mine USING(" +
                             environment + ") WHERE other.entry.estimated = ";
    for (const char* which :
         {"0",
          "1 AND NOT EXISTS(SELECT 1 FROM main.entry AS own WHERE own.environment = mine.id AND own.context = "
          "other.entry.context AND own.signature = other.entry.signature)"}) {
      d.prepare(rows + which + " ON CONFLICT DO NOTHING").run();
      result.written += static_cast<std::size_t>(d.changes());
    }
    all.commit();
    return result;
  } catch (const database_error& e) {
    throw latency_table_error("latency.join", "latency table '" + into.string() + "', joining '" + from.string() + "'",
                              "SQLite: " + std::string(e.found()),
                              "files and a disk that can be written (nothing was changed)");
  }
}

/// Adds rows of any devices to a table file, which is made where there is none: all or none. Rows that are there stay,
/// except estimates where a measured one comes. `what` names the source in errors. \throws latency_table_error
inline exchange_result add_rows(const std::filesystem::path& into, std::span<const table_row> rows,
                                const std::string& what = "import") {
  detail::check_table(into, false);
  try {
    database d(into, open_mode::create, 30);
    exchange_result result{.rows = rows.size()};
    transaction all(d);
    detail::entry_writer writer(d);
    const std::string where = "latency table '" + into.string() + "', " + what;
    for (const table_row& r : rows) {
      const std::int64_t environment = detail::put_environment(writer, where, r.key.device, r.key.batch);
      result.written += detail::put_entry(writer, where, environment, r.key.context, r.entry).written;
    }
    all.commit();
    return result;
  } catch (const database_error& e) {
    throw latency_table_error("latency.import", "latency table '" + into.string() + "', " + what,
                              "SQLite: " + std::string(e.found()), "a file that can be written (nothing was changed)");
  }
}

namespace detail {

/// Throws: which field, what was found, what is allowed.
using record_refusal = std::function<void(std::string_view, const std::string&, const std::string&)>;

/// The fields of a record by name, checked.
class record_reader {
 public:
  record_reader(const std::vector<std::string>& columns, const std::vector<std::string>& record,
                const record_refusal& refuse)
      : columns_(&columns), record_(&record), refuse_(&refuse) {}

  const std::string& text(std::string_view column) const {
    return (*record_)[static_cast<std::size_t>(std::ranges::find(*columns_, column) - columns_->begin())];
  }
  double number(std::string_view column) const {
    const auto value = read_real(text(column));
    if (!value) refuse(column, real_range{}.allowed());
    return *value;
  }
  template <class Integer = std::int64_t>
  Integer whole(std::string_view column, const whole_range<Integer>& range = {}) const {
    const auto value = read_whole(text(column), range);
    if (!value) refuse(column, range.allowed());
    return *value;
  }
  bool flag(std::string_view column) const {
    if (text(column) != "0" && text(column) != "1") refuse(column, "0 or 1");
    return text(column) == "1";
  }
  data_type type(std::string_view column) const {
    const auto found = parse_type(text(column));
    if (!found) refuse(column, type_names());
    return *found;
  }
  cache_context context(std::string_view column) const {
    const auto found = parse_cache_context(text(column));
    if (!found) refuse(column, "in_network, evicted, hot, cold");
    return *found;
  }
  time_source source(std::string_view column) const {
    const auto found = parse_time_source(text(column));
    if (!found) refuse(column, "wall, thread_cpu, device");
    return *found;
  }

 private:
  void refuse(std::string_view column, const std::string& allowed) const {
    (*refuse_)(column, "'" + text(column) + "'", allowed);
  }

  const std::vector<std::string>* columns_;
  const std::vector<std::string>* record_;
  const record_refusal* refuse_;
};

/// A record of `exported_columns`, or of the same without the columns of later schemas. `refuse` throws.
inline table_row to_row(const std::vector<std::string>& columns, const std::vector<std::string>& record,
                        const record_refusal& refuse) {
  const record_reader r(columns, record, refuse);
  const auto has = [&](const char* column) { return std::ranges::find(columns, column) != columns.end(); };
  const table_row row{.key = {.device = {.device = r.text("device"),
                                         .library = r.text("library"),
                                         .isa = r.text("isa"),
                                         .threads = r.whole("threads", environment_counts),
                                         .type = r.type("dtype")},
                              .batch = r.whole("batch", environment_counts),
                              .context = r.context("context")},
                      .entry = {.signature = r.text("signature"),
                                .time = {.median_ms = r.number("median_ms"),
                                         .trimmed_mean_ms = r.number("trimmed_mean_ms"),
                                         .minimum_ms = r.number("minimum_ms"),
                                         .low_ms = r.number("low_ms"),
                                         .high_ms = r.number("high_ms"),
                                         .spread = r.number("spread"),
                                         .cpu_median_ms = r.number("cpu_median_ms"),
                                         .count = r.whole<std::size_t>("samples"),
                                         .spoilt = r.whole<std::size_t>("spoilt"),
                                         .involuntary_switches = r.whole<std::int64_t>("switches"),
                                         .source = r.source("source")},
                                .estimated = r.flag("estimated"),
                                .network = r.text("network"),
                                .measured_at = r.text("measured_at"),
                                .placement = has("placement") ? r.whole("placement") : 0,
                                .network_weights = has("network_weights") ? r.whole("network_weights") : 0,
                                .network_ms = has("network_ms") ? r.number("network_ms") : 0}};
  for (const auto& fault : {find_fault(row.key.device, row.key.batch), find_fault(row.entry)})
    if (fault) refuse(fault->column, fault->found, fault->allowed);
  return row;
}

}  // namespace detail

/// Reads rows that `export_csv` wrote, of any devices, into a table: all or none. Also what it wrote when tables had
/// older schemas: without the times of networks, before that without their sizes, and before that without placements.
/// \throws latency_table_error that names the record, the column, what was found and what is allowed
inline exchange_result import_csv(const std::filesystem::path& into, std::istream& in) {
  std::size_t number = 1;
  const detail::record_refusal refuse = [&](std::string_view field, const std::string& found,
                                            const std::string& allowed) {
    throw latency_table_error("latency.import",
                              "latency table '" + into.string() + "', import, record " + std::to_string(number) +
                                  (field.empty() ? "" : ", " + std::string(field)),
                              found, allowed + " (nothing was written)");
  };
  std::ostringstream all;
  const bool readable = in.good();
  if (readable && in.peek() != std::istream::traits_type::eof()) all << in.rdbuf();
  if (!readable || in.bad() || all.fail())
    refuse("", readable ? "a stream that broke off" : "a stream that cannot be read",
           "a file that is there and can be read to its end");
  const std::string text = all.str();
  if (text.empty()) refuse("", "nothing", "the columns that export_csv writes, in their order");
  detail::record_splitter records(text);
  std::vector<std::string> columns = detail::exported_columns();
  std::vector<std::string> record;
  const auto read = [&] {
    using enum detail::record_splitter::ending;
    const auto end = records.next(record);
    // A number that is cut off is a number: only the line end says that the last one is whole.
    if (end != line)
      refuse("", end == quote ? "a quote that does not close" : "no line end behind it, as in a file that is cut off",
             "whole records, as export_csv writes them");
  };
  read();
  for (const char* newer : {"network_ms", "network_weights", "placement"})
    if (record.size() < columns.size()) std::erase(columns, newer);
  if (record != columns) refuse("", "another header", "the columns that export_csv writes, in their order");
  std::vector<table_row> rows;
  for (++number; !records.at_end(); ++number) {
    read();
    if (record.size() == 1 && record[0].empty()) continue;
    if (record.size() != columns.size())
      refuse("", std::to_string(record.size()) + " fields", std::to_string(columns.size()));
    rows.push_back(detail::to_row(columns, record, refuse));
  }
  return add_rows(into, rows);
}

/// The same of a file. \throws file_error where it cannot be read
inline exchange_result import_csv(const std::filesystem::path& into, const std::filesystem::path& from) {
  std::istringstream in(read_file(from));
  return import_csv(into, in);
}

}  // namespace nascent
