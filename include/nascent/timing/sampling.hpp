// SPDX-License-Identifier: Apache-2.0
/// \file
/// How samples of times are taken: when to stop, by which clock, and what a sample costs.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "nascent/base/clock.hpp"
#include "nascent/base/error.hpp"
#include "nascent/base/number_text.hpp"
#include "nascent/executor/executor.hpp"
#include "nascent/timing/statistics.hpp"

namespace nascent {

/// When a measurement is good enough. It ends when the confidence interval of the median is narrow enough or the time
/// is used up, but not before `min_samples`.
struct measure_options {
  int warm_up = 3;       ///< executions before the first sample, at least 1
  int min_samples = 15;  ///< taken whatever the budget says
  int max_samples = 2000;
  double half_width = 0.005;  ///< of the interval, relative to the median
  double confidence = 0.95;   ///< of the interval
  double budget_ms = 2000;    ///< wall time, warm-up not counted
  clock_set clocks = system_clocks;
};

/// What can be timed: a compiled network (its `run()`, on the buffers as they are; by the device's clock where it has
/// one) or anything that can be called.
template <class T>
concept timeable = compiled_network<T> || std::invocable<T&>;

/// Times one stretch after another. The slow clocks are read between the stretches, once for both neighbours, so that
/// nothing but the fast wall clock lies inside a stretch.
class stopwatch {
 public:
  /// `one_thread`: the thread that asks does all the work, so only its own switches to other programs count.
  stopwatch(const clock_set& clocks, bool one_thread)
      : clocks_(clocks), switches_(one_thread ? clocks.thread_switches : clocks.process_switches) {
    // What a lap costs in processor time on top of the work: the readings that lie between two of the thread's clock.
    std::array<double, 31> empty{};
    start();
    for (double& ms : empty) ms = lap().cpu_ms;
    std::ranges::nth_element(empty, empty.begin() + empty.size() / 2);
    reading_ms_ = empty[empty.size() / 2];
  }

  void start() {  // in the order of `lap`, so that both cost the same
    cpu_before_ = clocks_.thread_cpu();
    switches_before_ = switches_();
    wall_before_ = clocks_.wall();
  }

  /// The stretch since `start` or the last lap.
  time_sample lap() {
    const std::int64_t wall = clocks_.wall();
    const std::int64_t cpu = clocks_.thread_cpu();
    const std::int64_t switches = switches_();
    const time_sample sample{.wall_ms = milliseconds(wall - wall_before_),
                             .cpu_ms = std::max(0.0, milliseconds(cpu - cpu_before_) - reading_ms_),
                             .switches = switches - switches_before_};
    switches_before_ = switches;
    cpu_before_ = cpu;
    wall_before_ = clocks_.wall();
    return sample;
  }

 private:
  static double milliseconds(std::int64_t ns) { return static_cast<double>(ns) * 1e-6; }

  clock_set clocks_;
  std::int64_t (*switches_)() noexcept;
  double reading_ms_ = 0;
  std::int64_t wall_before_ = 0;
  std::int64_t cpu_before_ = 0;
  std::int64_t switches_before_ = 0;
};

namespace detail {

inline void check(const measure_options& o) {
  const auto demand = [](bool ok, const char* field, double found, const char* allowed) {
    if (!ok) throw error("timing.option", std::string("measure_options.") + field, exact_text(found), allowed);
  };
  demand(o.warm_up >= 1, "warm_up", o.warm_up, "at least 1");
  demand(o.min_samples >= 1, "min_samples", o.min_samples, "at least 1");
  demand(o.max_samples >= o.min_samples, "max_samples", o.max_samples, "at least min_samples");
  demand(o.half_width > 0, "half_width", o.half_width, "above 0");
  demand(o.confidence > 0 && o.confidence < 1, "confidence", o.confidence, "above 0 and below 1");
  demand(o.budget_ms > 0, "budget_ms", o.budget_ms, "above 0");
}

template <timeable T>
void execute(T& thing) {
  if constexpr (compiled_network<T>) thing.run();
  else thing();
}

/// Runs the warm-up. True where the calling thread did all the work: only then may its processor time stand in for wall
/// time, and only then are its own switches all that matter.
template <class Run>
bool warm_up_on_one_thread(const measure_options& o, Run&& run) {
  constexpr std::int64_t reading_ns = 50'000;  // the readings themselves count as work of this thread
  const std::int64_t process = o.clocks.process_cpu();
  const std::int64_t thread = o.clocks.thread_cpu();
  for (int i = 0; i < o.warm_up; ++i) run();
  const std::int64_t own = o.clocks.thread_cpu() - thread;
  const std::int64_t all = o.clocks.process_cpu() - process;
  return all - own <= own / 20 + reading_ns;
}

inline time_sample sample_of(double ms, bool disturbed) { return {.wall_ms = ms, .switches = disturbed ? 1 : 0}; }

/// One timed execution.
template <timeable T>
time_sample timed(T& thing, stopwatch& watch) {
  if constexpr (self_timed_network<T>) {
    const device_time t = thing.time_network();
    return sample_of(t.ms, t.disturbed);
  } else {
    watch.start();
    execute(thing);
    return watch.lap();
  }
}

/// Sums up samples of a thing by the clock that it was timed with.
struct sample_reader {
  bool one_thread = false;  ///< the calling thread did all the work
  bool by_device = false;
  double confidence = 0.95;

  sample_summary operator()(std::span<const time_sample> samples) const {
    sample_summary s = summarise(samples, one_thread && !by_device, confidence);
    if (by_device) s.source = time_source::device;
    return s;
  }
  paired_ratio operator()(std::span<const time_sample> first, std::span<const time_sample> second) const {
    paired_ratio r = pair_up(first, second, one_thread && !by_device, confidence);
    if (by_device) r.source = time_source::device;
    return r;
  }
};

/// Nobody asks for an early end.
struct never_ended {
  bool operator()() const { return false; }
};

/// Calls `round(number)` until `settled()` or the options say enough; three times at least where `ended()` asks for an
/// end before that.
template <class Round, class Settled, class Ended = never_ended>
void repeat_rounds(const measure_options& o, Round&& round, Settled&& settled, Ended&& ended = {}) {
  constexpr int every = 8;  // `settled` sorts everything: not after each round
  const std::int64_t begin = o.clocks.wall();
  for (int done = 0; done < o.max_samples;) {
    round(done++);
    if (done >= std::min(3, o.min_samples) && ended()) return;
    if (done < o.min_samples) continue;
    if (static_cast<double>(o.clocks.wall() - begin) * 1e-6 >= o.budget_ms) return;
    if ((done - o.min_samples) % every == 0 && settled()) return;
  }
}

inline bool enough_samples(std::size_t count, double confidence) {
  return ranks_around_median(count, confidence).low > 0;
}

inline bool is_narrow(const sample_summary& s, const measure_options& o) {
  return enough_samples(s.count, o.confidence) && s.high_ms - s.low_ms <= 2 * o.half_width * s.median_ms;
}

inline time_sample& operator+=(time_sample& sum, const time_sample& part) {
  sum.wall_ms += part.wall_ms;
  sum.cpu_ms += part.cpu_ms;
  sum.switches += part.switches;
  return sum;
}

}  // namespace detail

}  // namespace nascent
