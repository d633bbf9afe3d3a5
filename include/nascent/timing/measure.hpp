// SPDX-License-Identifier: Apache-2.0
/// \file
/// Timing of compiled networks: the whole, every kernel inside the running network, and several against each other.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "nascent/base/watch.hpp"
#include "nascent/executor/executor.hpp"
#include "nascent/timing/cache_eviction.hpp"
#include "nascent/timing/sampling.hpp"
#include "nascent/timing/statistics.hpp"

namespace nascent {

/// Times something from start to end: latency of a whole network, in milliseconds for its whole batch.
/// Meant for what takes at least a microsecond: reading the clock is part of the time. Of a network that is timed by
/// its device it is the device's time, without the launch. \throws nascent::error for options that make no
/// sense.
template <timeable T>
sample_summary measure(T&& thing, const measure_options& options = {}) {
  detail::check(options);
  const bool one_thread = detail::warm_up_on_one_thread(options, [&] { detail::execute(thing); });
  stopwatch watch(options.clocks, one_thread);
  const detail::sample_reader sum_up{one_thread, self_timed_network<std::remove_cvref_t<T>>, options.confidence};
  std::vector<time_sample> samples;
  detail::repeat_rounds(
      options, [&](int) { samples.push_back(detail::timed(thing, watch)); },
      [&] { return detail::is_narrow(sum_up(samples), options); });
  return sum_up(samples);
}

/// A network seen from inside.
struct network_measurement {
  std::vector<sample_summary> kernels;  ///< one per kernel, in the order of `kernels()`
  sample_summary whole;                 ///< of `run()`
  paired_ratio sum_over_whole;          ///< sum of the kernels over the whole, paired round by round
};

namespace detail {

/// Makes the caches hold what a context says before kernel `i` is timed. The kernels run in their order all the same,
/// so their numbers stay those of the network but for sums in place, which are added to once more.
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
  constexpr bool by_device = self_timed_network<C>;
  cache_eviction evict(by_device ? cache_context::in_network : context);
  const std::size_t kernel_count = group_of.size();
  [[maybe_unused]] const auto bound = [&] {
    if constexpr (core_bound_network<C>) return compiled.stay_on_cores();
    else return 0;
  }();
  const bool one_thread = warm_up_on_one_thread(options, [&] { compiled.run(); });
  stopwatch watch(options.clocks, one_thread);
  const sample_reader sum_up{one_thread, by_device, options.confidence};
  std::vector<std::vector<time_sample>> groups(group_count);
  std::vector<time_sample> sums;
  std::vector<time_sample> wholes;
  std::vector<time_sample> pass(group_count);

  const auto time_whole = [&] { wholes.push_back(timed(compiled, watch)); };
  const auto time_kernels = [&] {
    std::ranges::fill(pass, time_sample{});
    time_sample sum;
    const auto add = [&](std::size_t i, const time_sample& sample) {
      pass[group_of[i]] += sample;
      sum += sample;
    };
    if constexpr (by_device) {
      const device_times t = compiled.time_kernels(context);
      if (t.ms.size() != kernel_count)
        throw executor_error("timing.pass", "measure, times of a pass", std::to_string(t.ms.size()),
                             "one for each kernel, " + std::to_string(kernel_count));
      for (std::size_t i = 0; i < kernel_count; ++i) add(i, sample_of(t.ms[i], t.disturbed));
    } else {
      watch.start();
      for (std::size_t i = 0; i < kernel_count; ++i) {
        if (context != cache_context::in_network) {
          enter_context(compiled, i, context, evict);
          watch.start();
        }
        compiled.run_kernel(i);
        add(i, watch.lap());
      }
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
      const sample_summary s = sum_up(samples);
      if (!enough_samples(s.count, options.confidence)) return false;
      widths += s.high_ms - s.low_ms;
      total += s.median_ms;
    }
    if (widths > 2 * options.half_width * total) return false;
    return !with_whole || sum_up(wholes, sums).half_width() <= options.half_width;
  };
  repeat_rounds(options, round, settled);

  network_measurement result;
  result.kernels.reserve(group_count);
  for (const auto& samples : groups) result.kernels.push_back(sum_up(samples));
  if (with_whole) {
    result.whole = sum_up(wholes);
    result.sum_over_whole = sum_up(wholes, sums);
  }
  return result;
}

/// What it costs a kernel that the clocks were read before it, learnt from network after network: one network shows it
/// to a microsecond only, many show it to a fraction.
class reading_cost {
 public:
  /// `ms` for each kernel of a network.
  void add(double ms) { seen_.insert(std::ranges::upper_bound(seen_, ms), ms); }

  /// The median; it is no gain, and not more than a few microseconds.
  double ms() const {
    constexpr double most_ms = 0.003;
    return seen_.empty() ? 0 : std::clamp(seen_[seen_.size() / 2], 0.0, most_ms);
  }

 private:
  std::vector<double> seen_;  // in order
};

/// Times of groups of kernels that add up to the network's own time. To read the clocks after a kernel costs the next
/// one something, half a microsecond perhaps: the sum over all kernels less the time of whole passes between them is
/// taken off in equal shares, on average over the networks that `reading` has seen where it is given. A device that
/// times its own networks has done so already.
template <compiled_network C>
std::vector<sample_summary> measure_shares(C& compiled, std::span<const std::size_t> group_of, std::size_t group_count,
                                           const measure_options& options, cache_context context,
                                           reading_cost* reading = nullptr) {
  const bool adds_up = context == cache_context::in_network && !self_timed_network<C>;
  network_measurement m = measure_groups(compiled, group_of, group_count, options, adds_up, context);
  if (!adds_up) return std::move(m.kernels);
  reading_cost alone;
  if (reading == nullptr) reading = &alone;
  reading->add((m.sum_over_whole.median - 1) * m.whole.median_ms / static_cast<double>(group_of.size()));
  std::vector<double> readings(group_count, 0.0);
  for (const std::size_t group : group_of) readings[group] += reading->ms();
  for (std::size_t g = 0; g < group_count; ++g) m.kernels[g] = without(m.kernels[g], readings[g]);
  return std::move(m.kernels);
}

}  // namespace detail

/// Times every kernel inside the running network, pass after pass, so that each finds the caches as its neighbours
/// leave them, or as another context says; whole passes are timed in the same rounds.
/// \throws nascent::error for options that make no sense.
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
    case verdict::faster: return "faster";
    case verdict::slower: return "slower";
    case verdict::same: return "same";
    case verdict::undecided: return "undecided";
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
  /// Executions right before those that are timed: each finds its own caches, not those of its rival. One is not
  /// enough: three networks of 20 MB ran 9 % slower in turns with one, 2 % with eight, where each alone has its weights
  /// in a cache that holds them all.
  int untimed = 4;
  int timed = 1;  ///< executions in a row of which a sample is the mean
  /// Time, stop and progress: after its end no round is begun but the first three. A request to stop throws
  /// stopped_error before the next one.
  nascent::watch* watch = nullptr;
};

namespace detail {

/// Something that takes part in a comparison.
struct contestant {
  std::function<void()> run;
  std::function<time_sample(stopwatch&)> timed;
  bool by_device = false;
};

template <timeable T>
contestant contestant_of(T& thing) {
  return {.run = [&thing] { execute(thing); },
          .timed = [&thing](stopwatch& watch) { return detail::timed(thing, watch); },
          .by_device = self_timed_network<T>};
}

inline std::vector<comparison> compare_contestants(std::span<const contestant> candidates,
                                                   const compare_options& options) {
  check(options.measure);
  const std::size_t count = candidates.size();
  if (count < 2) throw error("timing.candidates", "compare, candidates", std::to_string(count), "2 or more");
  if (!(options.same_within >= 0))
    throw error("timing.option", "compare_options.same_within", exact_text(options.same_within), "0 or more");
  if (options.untimed < 0)
    throw error("timing.option", "compare_options.untimed", std::to_string(options.untimed), "0 or more");
  if (options.timed < 1)
    throw error("timing.option", "compare_options.timed", std::to_string(options.timed), "1 or more");
  for (const contestant& c : candidates)
    if (c.by_device != candidates.front().by_device)
      throw error("timing.candidates", "compare, candidates",
                  "some that their device times and others that this machine times",
                  "one clock for all; wrap the former in functions");

  sample_reader sum_up{true, candidates.front().by_device, options.measure.confidence};
  for (const contestant& c : candidates)
    sum_up.one_thread = warm_up_on_one_thread(options.measure, c.run) && sum_up.one_thread;
  sample_reader paired = sum_up;
  paired.confidence = 1 - (1 - options.measure.confidence) / static_cast<double>(count - 1);
  stopwatch watch(options.measure.clocks, sum_up.one_thread);
  watch_or_none watched(options.watch);
  watch_job job = watched->begin("comparing", static_cast<std::size_t>(options.measure.min_samples));
  std::vector<std::vector<time_sample>> samples(count);
  repeat_rounds(
      options.measure,
      [&](int round) {
        watched->throw_if_stopped();
        for (std::size_t k = 0; k < count; ++k) {
          const std::size_t i = (k + static_cast<std::size_t>(round)) % count;
          for (int n = 0; n < options.untimed; ++n) candidates[i].run();
          time_sample sample;
          for (int n = 0; n < options.timed; ++n) sample += candidates[i].timed(watch);
          sample.wall_ms /= options.timed;
          sample.cpu_ms /= options.timed;
          samples[i].push_back(sample);
        }
        job.advance();
      },
      [&] {
        for (std::size_t i = 1; i < count; ++i)
          if (!(paired(samples[0], samples[i]).half_width() <= options.measure.half_width)) return false;
        return true;
      },
      [&] { return watched->ended(); });

  std::vector<comparison> result;
  for (std::size_t i = 1; i < count; ++i) {
    const paired_ratio ratio = paired(samples[0], samples[i]);
    result.push_back({.first = sum_up(samples[0]),
                      .second = sum_up(samples[i]),
                      .ratio = ratio,
                      .outcome = judge(ratio, options.same_within)});
  }
  return result;
}

}  // namespace detail

/// Compares everything with the first: all run once per round, the order turns from round to round, and ratios are
/// formed within rounds, so that what slows the machine for a while slows all alike. With several candidates the
/// confidence of each is raised so that all intervals hold together (Bonferroni). When to stop depends on the widths of
/// the intervals, never on the verdicts, which would then find differences that are none. Returns one comparison per
/// further candidate. \throws nascent::error for fewer than two candidates or options that make no sense.
inline std::vector<comparison> compare(std::span<const std::function<void()>> candidates,
                                       const compare_options& options = {}) {
  std::vector<detail::contestant> contestants;
  for (const auto& run : candidates) contestants.push_back(detail::contestant_of(run));
  return detail::compare_contestants(contestants, options);
}

/// Compares `second` with `first`: compiled networks, or anything that can be called. Networks that are timed by their
/// devices are compared by these times.
template <timeable First, timeable Second>
comparison compare(First&& first, Second&& second, const compare_options& options = {}) {
  const std::array<detail::contestant, 2> both{detail::contestant_of(first), detail::contestant_of(second)};
  return detail::compare_contestants(both, options).front();
}

/// Compiles a network with reproducible random weights and runs it once on random pixels, so that what is measured
/// afterwards computes with ordinary numbers.
/// \throws executor_error where a layer cannot run on the device.
template <executor Executor>
auto prepare(Executor& device, const network& graph, int batch = 1, std::uint64_t seed = 1) {
  auto compiled = device.compile(graph, random_weights(graph, seed), batch);
  const auto size = [&](const shape& s) { return static_cast<std::size_t>(s.elements() * batch); };
  std::vector<float> pixels(size(graph.input()));
  std::vector<float> answer(static_cast<std::size_t>(graph.output_elements() * batch));
  std::uint32_t state = 0x9e3779b9U;
  for (float& pixel : pixels) {
    state = state * 1664525U + 1013904223U;
    pixel = static_cast<float>(state >> 8) * 0x1p-23F - 1.0F;
  }
  compiled.run(pixels, answer);
  return compiled;
}

}  // namespace nascent
