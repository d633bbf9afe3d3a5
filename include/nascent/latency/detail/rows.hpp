// SPDX-License-Identifier: Apache-2.0
/// \file
/// Rows of a latency table on their way into the file and out of it: both go through the same check.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "nascent/base/database.hpp"
#include "nascent/executor/executor.hpp"
#include "nascent/latency/detail/row_check.hpp"
#include "nascent/latency/detail/schema.hpp"
#include "nascent/latency/entry.hpp"
#include "nascent/latency/error.hpp"

namespace nascent::detail {

/// Puts an entry into a table as a row: the one way in. `where` names the table in errors. \throws latency_table_error
/// for a row that no table holds
inline entry_writer::outcome put_entry(entry_writer& writer, const std::string& where, std::int64_t environment,
                                       cache_context context, const latency_entry& row) {
  if (const auto fault = find_fault(row))
    throw latency_table_error("latency.row", where + ", row of '" + row.signature + "', " + fault->column, fault->found,
                              fault->allowed + " (nothing was written)");
  const sample_summary& t = row.time;
  return writer.put(environment, to_string(context), row.signature, row.estimated, row.placement, t.median_ms,
                    t.trimmed_mean_ms, t.minimum_ms, t.low_ms, t.high_ms, t.spread, t.cpu_median_ms, t.count, t.spoilt,
                    t.involuntary_switches, to_string(t.source), row.estimated, row.network, row.measured_at,
                    row.network_weights, row.network_ms);
}

/// The number of the environment of a key. \throws latency_table_error for one that no table holds
inline std::int64_t put_environment(entry_writer& writer, const std::string& where, const device_description& d,
                                    int batch) {
  if (const auto fault = find_fault(d, batch))
    throw latency_table_error("latency.row", where + ", " + fault->column, fault->found,
                              fault->allowed + " (nothing was written)");
  return writer.environment(d.device, d.library, d.isa, d.threads, to_string(d.type), batch);
}

/// What one row of `entry_columns` has in its columns, each of the type that it should have.
class row_columns {
 public:
  row_columns(const statement& row, const std::string& where) : row_(&row), where_(&where) {}

  std::string text(int column) const { return row_->text(column); }
  double real(int column) const {
    if (!row_->is_real(column) && !row_->is_integer(column)) refuse(column, "a number");
    return row_->real(column);
  }
  std::int64_t integer(int column) const {
    if (!row_->is_integer(column)) refuse(column, "a whole number");
    return row_->integer(column);
  }
  std::size_t count(int column) const {
    if (integer(column) < 0) refuse(column, whole_range<>{}.allowed());
    return static_cast<std::size_t>(integer(column));
  }
  time_source source(int column) const {
    const auto found = parse_time_source(text(column));
    if (!found) refuse(column, "wall, thread_cpu, device");
    return *found;
  }

  [[noreturn]] void refuse(const std::string& column, const std::string& found, const std::string& allowed) const {
    throw latency_table_error("latency.damaged", *where_, "a row of '" + text(1) + "' with " + column + " " + found,
                              allowed + "; restore a copy of the file, or delete that row");
  }

 private:
  [[noreturn]] void refuse(int column, const std::string& allowed) const {
    refuse(exported_columns()[environment_column_count + static_cast<std::size_t>(column)], "'" + text(column) + "'",
           allowed);
  }

  const statement* row_;
  const std::string* where_;
};

/// A row of `entry_columns`. \throws latency_table_error for what no table holds: other programs can write the file too
inline latency_entry read_entry(const statement& from, const std::string& where) {
  const row_columns row(from, where);
  latency_entry e{.signature = row.text(1),
                  .time = {.median_ms = row.real(3),
                           .trimmed_mean_ms = row.real(4),
                           .minimum_ms = row.real(5),
                           .low_ms = row.real(6),
                           .high_ms = row.real(7),
                           .spread = row.real(8),
                           .cpu_median_ms = row.real(9),
                           .count = row.count(10),
                           .spoilt = row.count(11),
                           .involuntary_switches = row.integer(12),
                           .source = row.source(13)},
                  .estimated = row.integer(14) != 0,
                  .network = row.text(15),
                  .measured_at = row.text(16),
                  .placement = row.integer(2),
                  .network_weights = row.integer(17),
                  .network_ms = row.real(18)};
  if (const auto fault = find_fault(e)) row.refuse(fault->column, fault->found, fault->allowed);
  return e;
}

}  // namespace nascent::detail
