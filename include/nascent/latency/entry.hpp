// SPDX-License-Identifier: Apache-2.0
/// \file
/// An entry of a latency table: what is known of one kernel's time, from one or several placements.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "nascent/base/clock.hpp"
#include "nascent/timing/cache_eviction.hpp"
#include "nascent/timing/statistics.hpp"

namespace nascent {

/// What is known of one kernel. A placement is one compilation of one network that has the kernel: where its memory
/// lies and what runs before it differ between placements, and so does its time, by more than a repeated measurement
/// shows.
struct latency_entry {
  std::string signature{};           ///< `kernel::signature()`
  sample_summary time{};             ///< the average over placements; counts are sums, the minimum is the smallest
  bool estimated = false;            ///< not measured
  std::string network{};             ///< in which it was measured, the last one where they are several
  std::string measured_at{};         ///< UTC, "2026-01-31T12:00:00Z", the last one
  std::int64_t placement = 0;        ///< of a row: tells placements apart; 0 where it is not known
  std::int64_t network_weights = 0;  ///< of a row: numbers of weights that its network has; 0 where it is not known
  double network_ms = 0;  ///< of a row: its network's time in this placement, all kernels; 0 where it is not known
  std::size_t placements = 1;
  double placement_deviation_ms =
      0;  ///< standard deviation of the trimmed mean between placements; 0 where there is one

  /// Of the average over placements, relative to it; infinite where only one placement is known.
  double standard_error() const {
    if (placements < 2) return std::numeric_limits<double>::infinity();
    return time.trimmed_mean_ms <= 0
               ? 0
               : placement_deviation_ms / std::sqrt(static_cast<double>(placements)) / time.trimmed_mean_ms;
  }
};

/// How the times of several placements become one.
enum class placement_average : std::uint8_t {
  mean,    ///< what a network draws on average: errors of its kernels cancel
  median,  ///< a placement in a bad minute counts little
};

/// One entry from the rows of one kernel, at least one. Estimates count only where nothing was measured.
inline latency_entry combine(std::span<const latency_entry> rows, placement_average how = placement_average::mean) {
  std::vector<const latency_entry*> used;
  const bool measured = std::ranges::any_of(rows, [](const latency_entry& r) { return !r.estimated; });
  for (const latency_entry& r : rows)
    if (!measured || !r.estimated) used.push_back(&r);
  latency_entry all = *used.back();
  if (used.size() == 1) return all;
  all.placement = 0;
  all.network_weights = 0;
  all.network_ms = 0;
  all.placements = used.size();
  const auto n = static_cast<double>(used.size());
  const auto average = [&](double sample_summary::*field) {
    std::vector<double> values;
    for (const latency_entry* r : used) values.push_back(r->time.*field);
    if (how == placement_average::median) return ordered_sample(std::move(values)).median();
    double sum = 0;
    for (const double v : values) sum += v;
    return sum / n;
  };
  for (auto field : {&sample_summary::median_ms, &sample_summary::trimmed_mean_ms, &sample_summary::low_ms,
                     &sample_summary::high_ms, &sample_summary::spread, &sample_summary::cpu_median_ms})
    all.time.*field = average(field);
  double mean = 0;
  for (const latency_entry* r : used) mean += r->time.trimmed_mean_ms / n;
  double squares = 0;
  std::array<std::size_t, 3> by_source{};
  all.time.count = all.time.spoilt = 0;
  all.time.involuntary_switches = 0;
  for (const latency_entry* r : used) {
    const sample_summary& t = r->time;
    squares += (t.trimmed_mean_ms - mean) * (t.trimmed_mean_ms - mean);
    all.time.minimum_ms = std::min(all.time.minimum_ms, t.minimum_ms);
    all.time.count += t.count;
    all.time.spoilt += t.spoilt;
    all.time.involuntary_switches += t.involuntary_switches;
    ++by_source[static_cast<std::size_t>(t.source)];
  }
  // The one that most rows have, wall time where none has most.
  all.time.source = time_source::wall;
  for (const time_source s : {time_source::thread_cpu, time_source::device})
    if (2 * by_source[static_cast<std::size_t>(s)] > used.size()) all.time.source = s;
  all.placement_deviation_ms = std::sqrt(squares / (n - 1));
  return all;
}

/// Calls `visit` with the rows of each kernel, which lie behind one another as a span.
template <class Entry, class Visit>
void for_each_kernel(std::span<Entry> rows, Visit&& visit) {
  for (std::size_t begin = 0, end = 0; begin < rows.size(); begin = end) {
    while (end < rows.size() && rows[end].signature == rows[begin].signature) ++end;
    visit(rows.subspan(begin, end - begin));
  }
}

}  // namespace nascent
