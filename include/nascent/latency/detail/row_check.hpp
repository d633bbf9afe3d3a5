// SPDX-License-Identifier: Apache-2.0
/// \file
/// What a row of a latency table may hold: the one check of all ways into a table (measuring, adding, joining, import
/// from text) and out of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "nascent/base/read_number.hpp"
#include "nascent/base/utf8.hpp"
#include "nascent/executor/executor.hpp"
#include "nascent/latency/entry.hpp"

namespace nascent::detail {

/// The times of a row by the names of their columns.
template <class Visit>
constexpr void for_each_time(Visit&& visit) {
  visit("median_ms", &sample_summary::median_ms);
  visit("trimmed_mean_ms", &sample_summary::trimmed_mean_ms);
  visit("minimum_ms", &sample_summary::minimum_ms);
  visit("low_ms", &sample_summary::low_ms);
  visit("high_ms", &sample_summary::high_ms);
  visit("spread", &sample_summary::spread);
  visit("cpu_median_ms", &sample_summary::cpu_median_ms);
}

inline constexpr whole_range<int> environment_counts{.least = 1};  ///< threads, images

/// What is wrong with a row, and in which column.
struct row_fault {
  std::string column;
  std::string found;
  std::string allowed;
};

/// The first thing that is wrong with where and how a row was measured, if any.
inline std::optional<row_fault> find_fault(const device_description& d, int batch) {
  for (const auto& [column, text] :
       {std::pair{"device", &d.device}, std::pair{"library", &d.library}, std::pair{"isa", &d.isa}})
    if (!is_utf8(*text)) return row_fault{column, "a text that is no UTF-8", "UTF-8"};
  for (const auto& [column, count] : {std::pair{"threads", d.threads}, std::pair{"batch", batch}})
    if (!environment_counts.admits(count))
      return row_fault{column, std::to_string(count), environment_counts.allowed()};
  return std::nullopt;
}

/// The first thing that is wrong with a row, if any.
inline std::optional<row_fault> find_fault(const latency_entry& e) {
  if (e.signature.empty()) return row_fault{"signature", "an empty text", "the signature of a kernel"};
  for (const auto& [column, text] : {std::pair{"signature", &e.signature}, std::pair{"network", &e.network},
                                     std::pair{"measured_at", &e.measured_at}})
    if (!is_utf8(*text)) return row_fault{column, "a text that is no UTF-8", "UTF-8"};
  std::optional<row_fault> first;
  const auto check_time = [&](const char* column, double value) {
    if (!first && !real_range{}.admits(value)) first = row_fault{column, exact_text(value), real_range{}.allowed()};
  };
  for_each_time([&](const char* column, double sample_summary::*field) { check_time(column, e.time.*field); });
  check_time("network_ms", e.network_ms);
  const auto check_count = [&](const char* column, auto value) {
    constexpr whole_range<> range{};
    if (!first && !range.admits(value)) first = row_fault{column, std::to_string(value), range.allowed()};
  };
  check_count("samples", e.time.count);
  check_count("spoilt", e.time.spoilt);
  check_count("switches", e.time.involuntary_switches);
  check_count("placement", e.placement);
  check_count("network_weights", e.network_weights);
  if (!first && e.time.low_ms > e.time.high_ms)
    first = row_fault{"low_ms", exact_text(e.time.low_ms), "up to high_ms, " + exact_text(e.time.high_ms)};
  return first;
}

}  // namespace nascent::detail
