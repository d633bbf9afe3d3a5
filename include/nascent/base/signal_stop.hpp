// SPDX-License-Identifier: Apache-2.0
/// \file
/// SIGINT (Ctrl-C) and SIGTERM as a request to stop, so that a program can save what is done and say how to go on.
#pragma once

#include <atomic>
#include <csignal>
#include <iostream>
#include <string_view>

#include <unistd.h>

#include "nascent/base/error.hpp"
#include "nascent/base/watch.hpp"

namespace nascent {

namespace detail {

/// What the handler of signals sees; there is one for the process, as there is one handler.
inline std::atomic<int> stop_signal{0};
inline std::atomic<bool> stop_signal_taken{false};
static_assert(std::atomic<int>::is_always_lock_free, "nascent: a handler of signals may use lock-free atomics only");

/// The first signal asks; the second ends the process at once.
extern "C" inline void note_stop_signal(int number) noexcept {
  int none = 0;
  if (!stop_signal.compare_exchange_strong(none, number)) ::_exit(128 + number);
}

}  // namespace detail

/// While it lives, SIGINT and SIGTERM ask long work to stop instead of ending the process. A second signal ends it at
/// once, with exit code 130 (SIGINT) or 143 (SIGTERM). The handlers from before come back at the end.
///
///     signal_stop signals;
///     watch all({.seconds = 600, .stop = &signals.received()});
///     table.measure_missing(networks, {.watch = &all});
///     if (signals) return signals.leave("run the same command again: table.db keeps what was measured");
///
/// `until_signal` is that for a whole program.
///
/// A process has one at a time. Signals that it ignores stay ignored, as `nohup` wants.
class signal_stop {
 public:
  /// \throws error where there is one already
  signal_stop() {
    if (detail::stop_signal_taken.exchange(true))
      throw error("watch.signals", "signal_stop", "another one in this process", "one at a time");
    detail::stop_signal = 0;
    struct sigaction ours {};
    ours.sa_handler = detail::note_stop_signal;
    ours.sa_flags = SA_RESTART;
    sigemptyset(&ours.sa_mask);
    install(SIGINT, ours, before_int_);
    install(SIGTERM, ours, before_term_);
  }
  signal_stop(const signal_stop&) = delete;
  signal_stop& operator=(const signal_stop&) = delete;
  ~signal_stop() {
    ::sigaction(SIGINT, &before_int_, nullptr);
    ::sigaction(SIGTERM, &before_term_, nullptr);
    detail::stop_signal = 0;
    detail::stop_signal_taken = false;
  }

  /// The signal that came, 0 before one does.
  const std::atomic<int>& received() const noexcept { return detail::stop_signal; }
  explicit operator bool() const noexcept { return received() != 0; }

  /// What a shell expects of a process that a signal ended: 130 after SIGINT, 143 after SIGTERM; 0 without one.
  int exit_code() const noexcept { return *this ? 128 + received() : 0; }

  /// Says in one line why the program ends and how to go on, and returns the exit code.
  int leave(std::string_view how_to_go_on, std::ostream& out = std::cerr) const {
    out << "nascent: stopped by " << (received() == SIGTERM ? "SIGTERM" : "SIGINT") << "; " << how_to_go_on
        << std::endl;
    return exit_code();
  }

 private:
  using action = struct sigaction;
  static void install(int number, const action& ours, action& before) {
    ::sigaction(number, nullptr, &before);
    if (before.sa_handler != SIG_IGN) ::sigaction(number, &ours, nullptr);
  }

  action before_int_{};
  action before_term_{};
};

/// A program's long work, which takes a signal_stop and returns the exit code. Where a signal ends it, by an early
/// return or as a stopped_error, one line on standard error says how to go on, and the exit code is 130 or 143.
template <class Work>
int until_signal(std::string_view how_to_go_on, Work&& work) {
  const signal_stop signals;
  try {
    if (const int code = work(signals); !signals) return code;
  } catch (const stopped_error&) {
    if (!signals) throw;
  }
  return signals.leave(how_to_go_on);
}

}  // namespace nascent
