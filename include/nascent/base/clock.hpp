// SPDX-License-Identifier: Apache-2.0
/// \file
/// The clocks of a measurement: wall time, processor time, and how often the scheduler took the processor away.
#pragma once

#include <array>
#include <cstdint>
#include <ctime>
#include <string>

#include <sys/resource.h>

#include "nascent/base/language.hpp"

namespace nascent {

/// The present moment: "2026-11-29T22:10:18Z".
inline std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

namespace detail {

inline std::int64_t posix_clock_ns(clockid_t id) noexcept {
  timespec now{};
  ::clock_gettime(id, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

inline std::int64_t involuntary_switches(int who) noexcept {
  rusage usage{};
  ::getrusage(who, &usage);
  return usage.ru_nivcsw;
}

}  // namespace detail

/// Wall time in nanoseconds since some fixed moment; never goes back.
inline std::int64_t wall_ns() noexcept { return detail::posix_clock_ns(CLOCK_MONOTONIC); }

/// Processor time of the calling thread in nanoseconds: does not advance while other programs have the processor.
inline std::int64_t thread_cpu_ns() noexcept { return detail::posix_clock_ns(CLOCK_THREAD_CPUTIME_ID); }

/// Processor time of all threads of this process in nanoseconds.
inline std::int64_t process_cpu_ns() noexcept { return detail::posix_clock_ns(CLOCK_PROCESS_CPUTIME_ID); }

/// How often the scheduler has taken the processor away from the calling thread.
inline std::int64_t thread_switches() noexcept { return detail::involuntary_switches(RUSAGE_THREAD); }

/// The same for all threads of this process; slower to read.
inline std::int64_t process_switches() noexcept { return detail::involuntary_switches(RUSAGE_SELF); }

/// What a measurement reads. A test gives its own functions to make time pass as it likes.
struct clock_set {
  std::int64_t (*wall)() noexcept = wall_ns;                ///< ns
  std::int64_t (*thread_cpu)() noexcept = thread_cpu_ns;    ///< ns
  std::int64_t (*process_cpu)() noexcept = process_cpu_ns;  ///< ns
  std::int64_t (*thread_switches)() noexcept = nascent::thread_switches;
  std::int64_t (*process_switches)() noexcept = nascent::process_switches;
};

inline constexpr clock_set system_clocks{};

}  // namespace nascent
