// SPDX-License-Identifier: Apache-2.0
/// \file
/// What the workers of a study did, and how much of their time was used.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nascent/study/trial_record.hpp"

namespace nascent {

/// How many evaluations a driver's workers could carry at a time. A driver says so at least every
/// `work_record::heartbeat_s` seconds, so that one which was killed is not thought to have had idle workers.
struct capacity_record {
  std::int64_t driver = 0;  ///< its number as a process of the study
  double at = 0;            ///< seconds since 1970
  std::int64_t workers = 0;
};

/// What one machine did.
struct machine_work {
  std::string name{};
  std::size_t processes = 0;
  std::size_t attempts = 0;
  std::size_t failed = 0;  ///< or crashed
  double busy_s = 0;
};

/// Work in equal intervals of time.
struct work_history {
  double step_s = 1;
  std::vector<double> busy{};       ///< evaluations under way, on average
  std::vector<double> available{};  ///< workers, on average
  std::vector<std::size_t> ended{};
};

/// All attempts of a study's workers.
struct work_record {
  static constexpr double heartbeat_s = 10;

  std::vector<attempt_record> attempts{};   ///< by rising begin
  std::vector<capacity_record> capacity{};  ///< by driver, then by rising time

  std::size_t count(std::string_view end) const {
    return static_cast<std::size_t>(std::ranges::count(attempts, end, &attempt_record::end));
  }
  double begin() const {
    double first = std::numeric_limits<double>::infinity();
    for (const attempt_record& a : attempts) first = std::min(first, a.began);
    for (const capacity_record& c : capacity) first = std::min(first, c.at);
    return first;
  }
  double end() const {
    double last = -std::numeric_limits<double>::infinity();
    for (const attempt_record& a : attempts) last = std::max(last, a.began + a.seconds);
    for (const capacity_record& c : capacity) last = std::max(last, c.at);
    return last;
  }
  double busy_s() const {
    double sum = 0;
    for (const attempt_record& a : attempts) sum += a.seconds;
    return sum;
  }
  double available_s() const {
    double sum = 0;
    for_each_stay([&](double from, double to, double workers) { sum += (to - from) * workers; });
    return sum;
  }
  /// At one time, of all drivers together.
  std::int64_t most_workers() const {
    std::vector<std::pair<double, std::int64_t>> changes;
    for_each_stay([&](double from, double to, double workers) {
      changes.emplace_back(from, static_cast<std::int64_t>(workers));
      changes.emplace_back(to, -static_cast<std::int64_t>(workers));
    });
    std::ranges::sort(changes);  // who leaves goes before who comes at the same time
    std::int64_t now = 0;
    std::int64_t most = 0;
    for (const auto& change : changes) most = std::max(most, now += change.second);
    return most;
  }

  /// In so many intervals.
  work_history history(std::size_t intervals = 100) const {
    work_history h;
    if ((attempts.empty() && capacity.empty()) || intervals == 0) return h;
    const double first = begin();
    h.step_s = std::max(end() - first, 1e-3) / static_cast<double>(intervals);
    h.busy.resize(intervals);
    h.available.resize(intervals);
    h.ended.resize(intervals);
    const auto at = [&](double time) {
      return std::min(intervals - 1, static_cast<std::size_t>(std::max(0.0, (time - first) / h.step_s)));
    };
    const auto spread = [&](std::vector<double>& over, double from, double to, double weight) {
      for (std::size_t i = at(from); i <= at(to); ++i) {
        const double left = first + h.step_s * static_cast<double>(i);
        over[i] += weight * std::max(0.0, std::min(to, left + h.step_s) - std::max(from, left)) / h.step_s;
      }
    };
    for (const attempt_record& a : attempts) {
      spread(h.busy, a.began, a.began + a.seconds, 1);
      h.ended[at(a.began + a.seconds)] += a.has_result();
    }
    for_each_stay([&](double from, double to, double workers) { spread(h.available, from, to, workers); });
    return h;
  }

  /// By machine, the busiest first. Attempts whose worker is not known, as of lost machines, take no part.
  std::vector<machine_work> machines() const {
    std::map<std::string, machine_work, std::less<>> all;
    std::map<std::string, std::size_t, std::less<>> processes;
    for (const attempt_record& a : attempts) {
      if (a.worker.empty()) continue;
      machine_work& m = all[a.worker.substr(0, a.worker.rfind(' '))];
      m.processes += processes[a.worker]++ == 0;
      ++m.attempts;
      m.failed += a.has_failed();
      m.busy_s += a.seconds;
    }
    std::vector<machine_work> list;
    for (auto& [name, m] : all) list.emplace_back(std::move(m)).name = name;
    std::ranges::sort(list, {}, [](const machine_work& m) { return std::pair(-m.busy_s, std::string_view(m.name)); });
    return list;
  }

 private:
  /// Calls `use(from, to, workers)` for every interval in which a driver had them.
  template <class Use>
  void for_each_stay(Use&& use) const {
    const double last = end();
    for (std::size_t i = 0; i < capacity.size(); ++i) {
      const capacity_record& c = capacity[i];
      const capacity_record* const next = i + 1 < capacity.size() ? &capacity[i + 1] : nullptr;
      const bool goes_on = next != nullptr && next->driver == c.driver;
      // A driver whose word is its last was killed some time before it would have said the next; another takes its
      // place.
      double to = std::min(last, c.at + (goes_on ? 2 : 1) * heartbeat_s);
      if (next != nullptr && (goes_on || next->at > c.at)) to = std::min(to, next->at);
      if (to > c.at) use(c.at, to, static_cast<double>(c.workers));
    }
  }
};

}  // namespace nascent
