// SPDX-License-Identifier: Apache-2.0
/// \file
/// The file of a latency table: who may open it, what a row says, and that a row is written whole or not at all.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "nascent/base/database.hpp"
#include "nascent/base/number_text.hpp"
#include "nascent/executor/executor.hpp"
#include "nascent/latency/detail/rows.hpp"
#include "nascent/latency/detail/schema.hpp"
#include "nascent/latency/entry.hpp"
#include "nascent/latency/error.hpp"
#include "nascent/timing/statistics.hpp"

namespace nascent {

/// Whose rows are read and written, and how.
struct store_key {
  device_description device{};
  int batch = 1;
  cache_context context = cache_context::in_network;

  friend bool operator==(const store_key&, const store_key&) = default;
};

/// What writing rows did.
struct insert_result {
  std::size_t rows = 0;     ///< that were written
  std::size_t kernels = 0;  ///< of them, the first measured ones of their kernel
};

/// The rows of one device, batch and context in a file that may hold many. Several processes may use one file at once.
class latency_store {
 public:
  static constexpr std::int64_t application_id = 0x6e736374;  ///< "nsct": tells our files from other SQLite files
  static constexpr std::int64_t schema = detail::table_schema;

  /// Opens the file, or makes a new one where there is none (or an empty one). Never writes to a file that is not a
  /// latency table. `patience_s`: how long to wait for other processes. \throws latency_table_error
  latency_store(std::filesystem::path path, store_key key, bool read_only = false, double patience_s = 30)
      : path_(std::move(path)), key_(std::move(key)), read_only_(read_only), database_(open(patience_s)) {
    guard([&] {
      if (is_blank()) create();
      check_identity();
      if (!read_only_ && database_.is_read_only()) throw database_error(SQLITE_READONLY, "no write permission");
      const std::string found = database_.text("PRAGMA quick_check(1)");
      if (found != "ok") throw database_error(SQLITE_CORRUPT, found);
      if (!read_only_ && found_schema_ < schema) {
        detail::migrate(database_);
        found_schema_ = schema;
      }
    });
  }

  const std::filesystem::path& path() const { return path_; }
  const store_key& key() const { return key_; }

  /// All entries of the key, the rows of a kernel combined. \throws latency_table_error where the file is damaged.
  std::vector<latency_entry> load(placement_average average = placement_average::mean) {
    const std::vector<latency_entry> rows = load_placements();
    std::vector<latency_entry> entries;
    for_each_kernel(std::span(rows),
                    [&](std::span<const latency_entry> mine) { entries.push_back(combine(mine, average)); });
    return entries;
  }

  /// All rows of the key: for each kernel all its placements, the oldest first. \throws latency_table_error where the
  /// file is damaged.
  std::vector<latency_entry> load_placements() {
    return guard([&] {
      version_ = database_.number("PRAGMA data_version");
      return select("", "");
    });
  }

  /// The rows of one kernel.
  std::vector<latency_entry> load_placements(std::string_view signature) {
    return guard([&] { return select(" AND signature = ?", signature); });
  }

  /// True where another process has written since `load`.
  bool changed() {
    return guard([&] { return database_.number("PRAGMA data_version") != version_; });
  }

  /// Writes all rows or, if it fails, none. A measured row stays beside those of other placements of its kernel; one
  /// that is there already stays as it is. Estimates give way to measured rows. \throws latency_table_error
  insert_result insert(std::span<const latency_entry> rows) {
    return write([&](detail::entry_writer& writer, std::int64_t environment) {
      insert_result result;
      for (const latency_entry& row : rows) {
        const auto outcome = detail::put_entry(writer, name(), environment, key_.context, row);
        result.rows += outcome.written;
        result.kernels += outcome.first;
      }
      return result;
    });
  }

  /// Puts estimates in the place of earlier ones of the same kernels, where nothing was measured: all or none.
  /// Estimates of other kernels stay: another space may have asked for them. Returns how many. \throws
  /// latency_table_error
  std::size_t replace_estimates(std::span<const latency_entry> estimates) {
    return write([&](detail::entry_writer& writer, std::int64_t environment) {
      std::size_t written = 0;
      for (const latency_entry& row : estimates)
        writer.drop_estimate(environment, to_string(key_.context), row.signature);
      for (const latency_entry& row : estimates)
        written += detail::put_entry(writer, name(), environment, key_.context, row).written;
      return written;
    });
  }

  /// Every row of the file, of all devices, as comma-separated values with a header line (RFC 4180).
  void export_csv(std::ostream& out) {
    guard([&] {
      const std::vector<std::string> columns = detail::exported_columns();
      for (std::size_t i = 0; i < columns.size(); ++i) out << (i == 0 ? "" : ",") << columns[i];
      out << "\r\n";
      statement query = database_.prepare("SELECT " + std::string(detail::environment_columns) + ", " +
                                          detail::entry_columns_in(found_schema_) +
                                          " FROM entry JOIN environment ON id = environment "
                                          "ORDER BY environment, context, signature" +
                                          (found_schema_ == 1 ? "" : ", placement"));
      while (query.step()) {
        for (std::size_t i = 0; i < columns.size(); ++i)
          out << (i == 0 ? "" : ",") << csv_field(query, static_cast<int>(i));
        out << "\r\n";
      }
    });
  }

  /// An error about this file.
  latency_table_error error(error_code code, const std::string& found, const std::string& allowed) const {
    return {code, name(), found, allowed};
  }

  /// Whoever keeps a table open for long asks now and then, and at the end: rows that are written after the file was
  /// removed are lost with it. \throws latency_table_error where the file no longer stands under its name
  void check_in_place() const {
    if (database_.has_moved())
      throw error(
          "latency.moved", "its file removed, moved or replaced since it was opened",
          "a file that stays where it is until the end; put it back, or start again with the one that is there");
  }

 private:
  static constexpr const char* usable_files =
      "a file that nascent wrote, or a path where there is no file yet; name another path or move this file away "
      "(nothing was written to it)";

  std::string name() const { return "latency table '" + path_.string() + "'"; }

  database open(double patience_s) const {
    namespace fs = std::filesystem;
    if (path_.empty()) throw error("latency.file", "no name", "the path of a file");
    if (path_ == ":memory:") return database(path_, open_mode::create, patience_s);
    std::error_code ignored;
    const fs::file_status status = fs::status(path_, ignored);
    if (fs::exists(status) && !fs::is_regular_file(status))
      throw error("latency.file", fs::is_directory(status) ? "a folder" : "no ordinary file", usable_files);
    // SQLite takes a file of one byte for an empty one, and would overwrite it.
    if (fs::exists(status) && fs::file_size(path_, ignored) == 1)
      throw error("latency.file", "no SQLite file", usable_files);
    if (!fs::exists(status) && read_only_)
      throw error("latency.file", "no such file, to be opened read-only",
                  "a table that exists; check the path, or open it without that option");
    const fs::path folder = path_.has_parent_path() ? path_.parent_path() : fs::path(".");
    if (!fs::exists(status) && !fs::is_directory(folder, ignored))
      throw error("latency.file", "no folder '" + folder.string() + "' that can be reached",
                  "a path in a folder; make it first");
    return guard(
        [&] { return read_only_ ? open_to_read(path_, patience_s) : database(path_, open_mode::create, patience_s); });
  }

  /// Nothing in it at all: a new file, an empty one, or one whose maker was killed before its first transaction ended.
  bool is_blank() {
    return database_.number("PRAGMA application_id") == 0 && database_.number("PRAGMA user_version") == 0 &&
           database_.number("SELECT count(*) FROM sqlite_master") == 0;
  }

  void create() {
    if (read_only_)
      throw error("latency.file", "an empty file, opened read-only",
                  "a table; name another path, or open it without that option");
    if (database_.is_read_only()) throw database_error(SQLITE_READONLY, "no write permission");
    database_.use_write_ahead_log();
    transaction all(database_);
    if (!is_blank()) return;  // another process was faster
    detail::create_tables(database_, application_id);
    all.commit();
  }

  void check_identity() {
    const std::int64_t owner = database_.number("PRAGMA application_id");
    if (owner != application_id)
      throw error("latency.file", "an SQLite file of another program (application id " + std::to_string(owner) + ")",
                  usable_files);
    const std::int64_t found = database_.number("PRAGMA user_version");
    if (found < detail::oldest_schema || found > schema)
      throw error("latency.schema", "schema version " + std::to_string(found),
                  std::to_string(detail::oldest_schema) + " to " + std::to_string(schema) + "; use " +
                      (found > schema ? "a newer nascent" : "the nascent that wrote it") +
                      ", or name another path (nothing was written to it)");
    found_schema_ = found;
  }

  /// Rows of the key that fulfil a condition with one parameter, or none.
  std::vector<latency_entry> select(const std::string& condition, std::string_view parameter) {
    statement query = database_.prepare(
        "SELECT " + detail::entry_columns_in(found_schema_) +
        " FROM entry JOIN environment ON id = environment WHERE device = ? AND library = ? AND isa = ? AND threads = ? "
        "AND dtype = ? AND batch = ? AND context = ?" +
        condition + " ORDER BY signature" + (found_schema_ == 1 ? "" : ", measured_at, placement"));
    const device_description& d = key_.device;
    if (condition.empty())
      query.bind(d.device, d.library, d.isa, d.threads, to_string(d.type), key_.batch, to_string(key_.context));
    else
      query.bind(d.device, d.library, d.isa, d.threads, to_string(d.type), key_.batch, to_string(key_.context),
                 parameter);
    std::vector<latency_entry> rows;
    while (query.step()) rows.push_back(detail::read_entry(query, name()));
    return rows;
  }

  /// Calls `action(writer, number of the environment)` in a transaction.
  template <class Action>
  auto write(Action&& action) -> std::invoke_result_t<Action&, detail::entry_writer&, std::int64_t> {
    if (read_only_)
      throw error("latency.read_only", "rows to write, opened read-only",
                  "predictions only; open it without that option to measure or to add rows");
    return guard([&] {
      check_in_place();
      transaction all(database_);
      detail::entry_writer writer(database_);
      const auto result = action(writer, detail::put_environment(writer, name(), key_.device, key_.batch));
      all.commit();
      check_in_place();
      return result;
    });
  }

  static std::string csv_field(const statement& row, int column) {
    if (row.is_real(column)) return exact_text(row.real(column));
    std::string text = row.text(column);
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string quoted = "\"";
    for (const char c : text) (quoted += c == '"' ? "\"" : "") += c;
    return quoted + '"';
  }

  /// Calls `action`; what SQLite refuses becomes a sentence about this file.
  template <class Action>
  auto guard(Action&& action) const -> decltype(action()) {
    try {
      return action();
    } catch (const database_error& e) {
      throw refusal(e);
    }
  }

  /// What SQLite refused, as an error about this file.
  latency_table_error refusal(const database_error& e) const {
    const std::string words = " (SQLite: " + std::string(e.found()) + ")";
    switch (e.result) {
      case SQLITE_NOTADB: return error("latency.file", "no SQLite file" + words, usable_files);
      case SQLITE_CORRUPT:
      case SQLITE_ERROR:  // a table or a column is not there
        return error("latency.damaged", "damage" + words,
                     "a whole table; restore a copy, or move it away and measure again");
      case SQLITE_READONLY:
      case SQLITE_PERM:
      case SQLITE_AUTH:
        return error("latency.access", "a file that cannot be written" + words,
                     "a file and a folder that can be written; change that, name another path, or open it read-only to "
                     "predict only");
      case SQLITE_CANTOPEN:
        return error("latency.access", "a file that cannot be opened" + words,
                     "a file and a folder that can be read and written; change that, or name another path");
      case SQLITE_FULL:
      case SQLITE_IOERR:
      case SQLITE_NOMEM:
        return error("latency.disk", "a disk that does not take or give all" + words,
                     "enough space; free some (or name another path) and run again: all rows written before are kept");
      case SQLITE_BUSY:
      case SQLITE_LOCKED:
      case SQLITE_PROTOCOL:
        return error("latency.locked", "a file that another process locks for too long" + words,
                     "processes that write in turn; end that process or wait longer, then run again");
      default: return error("latency.file", "a file that SQLite cannot use" + words, usable_files);
    }
  }

  std::filesystem::path path_;
  store_key key_;
  bool read_only_;
  database database_;
  std::int64_t found_schema_ = schema;
  std::int64_t version_ = -1;
};

}  // namespace nascent
