// SPDX-License-Identifier: Apache-2.0
/// \file
/// The tables in the file of a latency table, and how rows come into them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "nascent/base/database.hpp"

namespace nascent::detail {

/// Schema 1 had one row for each kernel; schema 2 has one for each placement of a kernel; schema 3 knows how large the
/// network of a placement was, schema 4 how long it took. Older files are read as they are, and brought up to date
/// where they are opened for writing.
inline constexpr std::int64_t table_schema = 4;
inline constexpr std::int64_t oldest_schema = 1;

inline constexpr const char* environment_columns = "device, library, isa, threads, dtype, batch";
inline constexpr std::size_t environment_column_count = 6;

inline constexpr const char* entry_columns =
    "context, signature, placement, median_ms, trimmed_mean_ms, minimum_ms, low_ms, high_ms, spread, cpu_median_ms, "
    "samples, spoilt, switches, source, estimated, network, measured_at, "
    "network_weights, network_ms";

/// The columns of `entry` in a file of an older schema too: what it has is one placement.
inline std::string entry_columns_in(std::int64_t schema) {
  std::string columns = entry_columns;
  const auto without = [&](std::string_view name) { columns.replace(columns.find(name), name.size(), "0"); };
  if (schema < 4) without("network_ms");
  if (schema < 3) without("network_weights");
  if (schema < 2) without("placement");
  return columns;
}

/// All columns of a row in the order of `export_csv`, by name.
inline std::vector<std::string> exported_columns() {
  std::vector<std::string> names;
  const std::string all = std::string(environment_columns) + ", " + entry_columns;
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t end = std::min(all.find(", ", at), all.size());
    names.push_back(all.substr(at, end - at));
    at = end + 2;
  }
  return names;
}

inline constexpr const char* create_entry =
    "CREATE TABLE entry(environment INTEGER NOT NULL REFERENCES environment(id), context TEXT NOT NULL, "
    "signature TEXT NOT NULL, placement INTEGER NOT NULL, median_ms REAL NOT NULL, trimmed_mean_ms REAL NOT NULL, "
    "minimum_ms REAL NOT NULL, low_ms REAL NOT NULL, high_ms REAL NOT NULL, spread REAL NOT NULL, cpu_median_ms REAL "
    "NOT "
    "NULL, samples INTEGER NOT NULL, spoilt INTEGER NOT NULL, switches INTEGER NOT NULL, source TEXT NOT NULL, "
    "estimated INTEGER NOT NULL, network TEXT NOT NULL, measured_at TEXT NOT NULL, network_weights INTEGER NOT NULL, "
    "network_ms REAL NOT NULL, "
    "PRIMARY KEY(environment, context, signature, placement)) WITHOUT ROWID;";

/// Inside a transaction, in an empty file.
inline void create_tables(database& d, std::int64_t application_id) {
  d.execute(
      "CREATE TABLE environment(id INTEGER PRIMARY KEY, device TEXT NOT NULL, library TEXT NOT NULL, isa TEXT NOT "
      "NULL, "
      "threads INTEGER NOT NULL, dtype TEXT NOT NULL, batch INTEGER NOT NULL, "
      "UNIQUE(device, library, isa, threads, dtype, batch));" +
      std::string(create_entry) + "PRAGMA application_id = " + std::to_string(application_id) +
      ";PRAGMA user_version = " + std::to_string(table_schema));
}

/// From an older schema, all or nothing: a kill leaves the old file or the new one.
inline void migrate(database& d) {
  transaction all(d);
  const std::int64_t found = d.number("PRAGMA user_version");
  if (found >= table_schema) return;  // another process was faster
  d.execute("ALTER TABLE entry RENAME TO entry_before;" + std::string(create_entry) +
            "INSERT INTO entry(environment, " + entry_columns + ") SELECT environment, " + entry_columns_in(found) +
            " FROM entry_before; DROP TABLE entry_before; PRAGMA user_version = " + std::to_string(table_schema));
  all.commit();
}

/// Puts rows into `entry`, inside a transaction: a measured one unless its placement has one, and instead of an
/// estimate; an estimate where the kernel has no row at all.
class entry_writer {
 public:
  explicit entry_writer(database& d)
      : database_(&d),
        environment_(d.prepare("INSERT OR IGNORE INTO environment(" + std::string(environment_columns) +
                               ") VALUES(?,?,?,?,?,?)")),
        number_(d.prepare("SELECT id FROM environment WHERE device = ? AND library = ? AND isa = ? AND threads = "
                          "CAST(? AS INTEGER) AND "
                          "dtype = ? AND batch = CAST(? AS INTEGER)")),
        known_(d.prepare("SELECT count(*), coalesce(sum(estimated = 0), 0) FROM entry WHERE environment = ? AND "
                         "context = ? AND signature = ?")),
        drop_(d.prepare("DELETE FROM entry WHERE environment = ? AND context = ? AND signature = ? AND estimated = 1")),
        put_(d.prepare("INSERT INTO entry(environment, " + std::string(entry_columns) +
                       ") VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING")) {}

  /// The number of an environment, which is made where there is none.
  template <class... Values>
  std::int64_t environment(const Values&... values) {
    environment_.bind(values...).run();
    number_.bind(values...).step();
    const std::int64_t id = number_.integer(0);
    number_.bind(values...);  // a statement in the middle of its answer would keep the transaction from ending
    return id;
  }

  struct outcome {
    bool written = false;
    bool first = false;  ///< the kernel's first measured row
  };

  /// The columns of `entry` in order; the rest after `placement`.
  template <class Placement, class... Rest>
  outcome put(std::int64_t environment, std::string_view context, std::string_view signature, bool estimated,
              const Placement& placement, const Rest&... rest) {
    known_.bind(environment, context, signature).step();
    const std::int64_t rows = known_.integer(0);
    const std::int64_t measured = known_.integer(1);
    known_.bind(environment, context, signature);
    if (estimated && rows > 0) return {};
    if (rows > measured) drop_.bind(environment, context, signature).run();
    put_.bind(environment, context, signature, placement, rest...).run();
    const bool written = database_->changes() > 0;
    return {written, written && measured == 0 && !estimated};
  }

  /// Removes the estimate of a kernel, if there is one.
  void drop_estimate(std::int64_t environment, std::string_view context, std::string_view signature) {
    drop_.bind(environment, context, signature).run();
  }

 private:
  database* database_;
  statement environment_;
  statement number_;
  statement known_;
  statement drop_;
  statement put_;
};

}  // namespace nascent::detail
