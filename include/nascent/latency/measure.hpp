// SPDX-License-Identifier: Apache-2.0
/// \file
/// Timing of compiled networks: the whole, every kernel inside the running network, and several against each other.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "nascent/executor/executor.hpp"
#include "nascent/latency/cache_context.hpp"
#include "nascent/latency/clock.hpp"
#include "nascent/latency/statistics.hpp"

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

/// What can be timed: a compiled network (its `run()`, on the buffers as they are) or anything that can be called.
template <class T>
concept timeable = compiled_network<T> || std::invocable<T&>;

namespace detail {

inline void check(const measure_options& o) {
  const auto demand = [](bool ok, const char* field, double found, const char* allowed) {
    if (!ok)
      throw std::invalid_argument(std::string("measure_options: ") + field + " is " + std::to_string(found) +
                                  ", it must be " + allowed);
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
  if constexpr (compiled_network<T>)
    thing.run();
  else
    thing();
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

/// Times one stretch after another. The slow clocks are read between the stretches, once for both neighbours, so that
/// nothing but the fast wall clock lies inside a stretch.
class stopwatch {
 public:
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

/// Calls `round(number)` until `settled()` or the options say enough.
template <class Round, class Settled>
void repeat_rounds(const measure_options& o, Round&& round, Settled&& settled) {
  constexpr int every = 8;  // `settled` sorts everything: not after each round
  const std::int64_t begin = o.clocks.wall();
  for (int done = 0; done < o.max_samples;) {
    round(done++);
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

/// Times something from start to end: latency of a whole network, in milliseconds for its whole batch.
/// Meant for what takes at least a microsecond: reading the clock is part of the time.
/// \throws std::invalid_argument for options that make no sense.
template <timeable T>
sample_summary measure(T&& thing, const measure_options& options = {}) {
  detail::check(options);
  const bool one_thread = detail::warm_up_on_one_thread(options, [&] { detail::execute(thing); });
  detail::stopwatch watch(options.clocks, one_thread);
  std::vector<time_sample> samples;
  detail::repeat_rounds(
      options,
      [&](int) {
        watch.start();
        detail::execute(thing);
        samples.push_back(watch.lap());
      },
      [&] { return detail::is_narrow(summarise(samples, one_thread, options.confidence), options); });
  return summarise(samples, one_thread, options.confidence);
}

/// A network seen from inside.
struct network_measurement {
  std::vector<sample_summary> kernels;  ///< one per kernel, in the order of `kernels()`
  sample_summary whole;                 ///< of `run()`
  paired_ratio sum_over_whole;          ///< sum of the kernels over the whole, paired round by round
};

namespace detail {

/// Makes the caches hold what a context says before kernel `i` is timed. The kernels run in their order all the same, so their numbers stay
/// those of the network but for sums in place, which are added to once more.
template <compiled_network C>
void enter_context(C& compiled, std::size_t i, cache_context context, cache_eviction& evict) {
  evict();
  if (context == cache_context::hot) compiled.run_kernel(i);
  if (context == cache_context::evicted && i > 0) compiled.run_kernel(i - 1);  // it writes what kernel i reads
}

/// Times groups of kernels: `group_of[i]` is the group of kernel i, below `group_count`. A group's time is the sum over
/// its kernels in one pass. Without `with_whole` no whole passes are timed in between.
template <compiled_network C>
network_measurement measure_groups(C& compiled, std::span<const std::size_t> group_of, std::size_t group_count,
                                   const measure_options& options, bool with_whole,
                                   cache_context context = cache_context::in_network) {
  check(options);
  cache_eviction evict(context);
  const std::size_t kernel_count = group_of.size();
  const bool one_thread = warm_up_on_one_thread(options, [&] { compiled.run(); });
  stopwatch watch(options.clocks, one_thread);
  std::vector<std::vector<time_sample>> groups(group_count);
  std::vector<time_sample> sums;
  std::vector<time_sample> wholes;
  std::vector<time_sample> pass(group_count);

  const auto time_whole = [&] {
    watch.start();
    compiled.run();
    wholes.push_back(watch.lap());
  };
  const auto time_kernels = [&] {
    std::ranges::fill(pass, time_sample{});
    time_sample sum;
    watch.start();
    for (std::size_t i = 0; i < kernel_count; ++i) {
      if (context != cache_context::in_network) {
        enter_context(compiled, i, context, evict);
        watch.start();
      }
      compiled.run_kernel(i);
      const time_sample sample = watch.lap();
      pass[group_of[i]] += sample;
      sum += sample;
    }
    for (std::size_t g = 0; g < group_count; ++g) groups[g].push_back(pass[g]);
    sums.push_back(sum);
  };
  const auto round = [&](int number) {
    // Whoever comes second profits from what the first left in the caches: take turns.
    if (with_whole && number % 2 == 0) time_whole();
    time_kernels();
    if (with_whole && number % 2 == 1) time_whole();
  };
  const auto settled = [&] {
    // Each kernel counts by its share of the time: a 2 us kernel need not be known to 0.5 %.
    double widths = 0;
    double total = 0;
    for (const auto& samples : groups) {
      const sample_summary s = summarise(samples, one_thread, options.confidence);
      if (!enough_samples(s.count, options.confidence)) return false;
      widths += s.high_ms - s.low_ms;
      total += s.median_ms;
    }
    if (widths > 2 * options.half_width * total) return false;
    return !with_whole || pair_up(wholes, sums, one_thread, options.confidence).half_width() <= options.half_width;
  };
  repeat_rounds(options, round, settled);

  network_measurement result;
  result.kernels.reserve(group_count);
  for (const auto& samples : groups) result.kernels.push_back(summarise(samples, one_thread, options.confidence));
  if (with_whole) {
    result.whole = summarise(wholes, one_thread, options.confidence);
    result.sum_over_whole = pair_up(wholes, sums, one_thread, options.confidence);
  }
  return result;
}

}  // namespace detail

/// Times every kernel inside the running network, pass after pass, so that each finds the caches as its neighbours
/// leave them, or as another context says; whole passes are timed in the same rounds.
/// \throws std::invalid_argument for options that make no sense.
template <compiled_network C>
network_measurement measure_kernels(C& compiled, const measure_options& options = {},
                                    cache_context context = cache_context::in_network) {
  const std::span<const kernel> kernels = compiled.kernels();
  std::vector<std::size_t> each(kernels.size());
  std::iota(each.begin(), each.end(), std::size_t{0});
  return detail::measure_groups(compiled, each, each.size(), options, true, context);
}

enum class verdict : std::uint8_t {
  faster,     ///< the interval of the ratio lies below 1
  slower,     ///< the interval lies above 1
  same,       ///< the interval lies within the margin around 1
  undecided,  ///< none of these: more rounds or a quieter machine would tell
};

constexpr const char* to_string(verdict v) {
  switch (v) {
    case verdict::faster:
      return "faster";
    case verdict::slower:
      return "slower";
    case verdict::same:
      return "same";
    case verdict::undecided:
      return "undecided";
  }
  return "unknown";
}

/// What the interval of time(second) / time(first) says about the second. `same_within`: a difference that does not
/// matter, e.g. 0.01 for 1 %.
inline verdict judge(const paired_ratio& ratio, double same_within) {
  if (ratio.low >= 1 / (1 + same_within) && ratio.high <= 1 + same_within) return verdict::same;
  if (ratio.high < 1) return verdict::faster;
  if (ratio.low > 1) return verdict::slower;
  return verdict::undecided;
}

/// One thing against another.
struct comparison {
  sample_summary first{};
  sample_summary second{};
  paired_ratio ratio{};                  ///< time of the second over time of the first
  verdict outcome = verdict::undecided;  ///< of the second: "faster" than the first, or not
};

struct compare_options {
  measure_options measure{.budget_ms = 5000};  ///< `half_width` is that of the ratio's interval
  double same_within = 0.02;  ///< two compilations of one network differ by 1 % through where their buffers lie
  int untimed = 1;  ///< executions right before each timed one: each finds its own caches, not those of its rival
};

/// Compares everything with the first: all run once per round, the order turns from round to round, and ratios are
/// formed within rounds, so that what slows the machine for a while slows all alike. With several candidates the
/// confidence of each is raised so that all intervals hold together (Bonferroni). When to stop depends on the widths of
/// the intervals, never on the verdicts, which would then find differences that are none. Returns one comparison per
/// further candidate. \throws std::invalid_argument for fewer than two candidates or options that make no sense.
inline std::vector<comparison> compare(std::span<const std::function<void()>> candidates,
                                       const compare_options& options = {}) {
  detail::check(options.measure);
  const std::size_t count = candidates.size();
  if (count < 2)
    throw std::invalid_argument("compare: " + std::to_string(count) + " candidates; there must be at least 2");
  if (!(options.same_within >= 0)) throw std::invalid_argument("compare: same_within must be at least 0");
  if (options.untimed < 0) throw std::invalid_argument("compare: untimed must be at least 0");
  const double confidence = 1 - (1 - options.measure.confidence) / static_cast<double>(count - 1);

  bool one_thread = true;
  for (const auto& run : candidates) one_thread = detail::warm_up_on_one_thread(options.measure, run) && one_thread;
  detail::stopwatch watch(options.measure.clocks, one_thread);
  std::vector<std::vector<time_sample>> samples(count);
  const auto ratio_of = [&](std::size_t i) { return pair_up(samples[0], samples[i], one_thread, confidence); };
  detail::repeat_rounds(
      options.measure,
      [&](int round) {
        for (std::size_t k = 0; k < count; ++k) {
          const std::size_t i = (k + static_cast<std::size_t>(round)) % count;
          for (int n = 0; n < options.untimed; ++n) candidates[i]();
          watch.start();
          candidates[i]();
          samples[i].push_back(watch.lap());
        }
      },
      [&] {
        for (std::size_t i = 1; i < count; ++i)
          if (!(ratio_of(i).half_width() <= options.measure.half_width)) return false;
        return true;
      });

  std::vector<comparison> result;
  for (std::size_t i = 1; i < count; ++i) {
    const paired_ratio ratio = ratio_of(i);
    result.push_back({.first = summarise(samples[0], one_thread, options.measure.confidence),
                      .second = summarise(samples[i], one_thread, options.measure.confidence),
                      .ratio = ratio,
                      .outcome = judge(ratio, options.same_within)});
  }
  return result;
}

/// Compares `second` with `first`: compiled networks, or anything that can be called.
template <timeable First, timeable Second>
comparison compare(First&& first, Second&& second, const compare_options& options = {}) {
  const std::array<std::function<void()>, 2> candidates{[&first] { detail::execute(first); },
                                                        [&second] { detail::execute(second); }};
  return compare(candidates, options).front();
}

/// Compiles a network with reproducible random weights and runs it once on random pixels, so that what is measured
/// afterwards computes with ordinary numbers.
/// \throws executor_error where a layer cannot run on the device.
template <executor Executor>
auto prepare(Executor& device, const network& graph, int batch = 1, std::uint64_t seed = 1) {
  auto compiled = device.compile(graph, random_weights(graph, seed), batch);
  const auto size = [&](const shape& s) { return static_cast<std::size_t>(s.elements() * batch); };
  std::vector<float> pixels(size(graph.input()));
  std::vector<float> answer(size(graph.output()));
  std::uint32_t state = 0x9e3779b9U;
  for (float& pixel : pixels) {
    state = state * 1664525U + 1013904223U;
    pixel = static_cast<float>(state >> 8) * 0x1p-23F - 1.0F;
  }
  compiled.run(pixels, answer);
  return compiled;
}

}  // namespace nascent
