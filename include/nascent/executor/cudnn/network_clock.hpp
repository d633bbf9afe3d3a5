// SPDX-License-Identifier: Apache-2.0
/// \file
/// Times by the device's own clock: events inside CUDA graphs, so that no launch of the host lies between two of them.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "nascent/executor/detail/cudnn/program.hpp"
#include "nascent/executor/detail/cudnn/runtime.hpp"
#include "nascent/executor/executor.hpp"

namespace nascent::cudnn {

/// What it costs to have a network run, beside its time on the device. Host times, ms.
struct launch_times {
  double device_ms = 0;      ///< the network itself, by the device's clock
  double wall_ms = 0;        ///< from before the launch until the host knows that it is done
  double submit_ms = 0;      ///< of it, until the call that launches returns
  double empty_wall_ms = 0;  ///< `wall_ms` of a graph in which there is nothing to do

  /// What launching and waiting adds.
  double overhead_ms() const { return wall_ms - device_ms; }
};

namespace detail {

/// What `work` starts on the device's stream, as one graph. Nothing of it runs. Memory must not be allocated nor the
/// stream waited for meanwhile. \throws executor_error as `work` does, or where something in it cannot be recorded; the
/// stream is of use afterwards
template <class Work>
runnable_graph capture(const session& device, Work&& work) {
  check(cudaStreamBeginCapture(device.stream(), cudaStreamCaptureModeThreadLocal), "recording a graph");
  cudaGraph_t raw = nullptr;
  try {
    work();
  } catch (...) {
    static_cast<void>(cudaStreamEndCapture(device.stream(), &raw));  // else the stream would be of no use any more
    static_cast<void>(cudaGetLastError());                           // nor must cuDNN find the failure later
    const cuda_graph unfinished(raw);
    throw;
  }
  check(cudaStreamEndCapture(device.stream(), &raw), "recording a graph");
  const cuda_graph recorded(raw);
  cudaGraphExec_t runnable = nullptr;
  check(cudaGraphInstantiate(&runnable, recorded.get(), 0), "making a graph runnable");
  return runnable_graph(runnable);
}

inline void launch(const runnable_graph& graph, const session& device) {
  check(cudaGraphLaunch(graph.get(), device.stream()), "launching a graph");
}

/// An event that a graph records each time it runs: only "external" ones can be read afterwards.
inline void mark(const event& e, const session& device) {
  check(cudaEventRecordWithFlags(e.get(), device.stream(), cudaEventRecordExternal), "recording an event");
}

inline double between(const event& begin, const event& end) {
  float ms = 0;
  check(cudaEventElapsedTime(&ms, begin.get(), end.get()), "reading events");
  return static_cast<double>(ms);
}

/// A graph with events in it, and between which of them something is timed.
struct timed_graph {
  std::vector<event> events{};
  std::vector<std::pair<std::size_t, std::size_t>> spans{};
  runnable_graph graph{};

  explicit operator bool() const { return graph != nullptr; }
  std::size_t add_event() {
    events.push_back(make_event());
    return events.size() - 1;
  }
  std::vector<double> read() const {
    std::vector<double> ms;
    ms.reserve(spans.size());
    for (const auto& [begin, end] : spans) ms.push_back(between(events[begin], events[end]));
    return ms;
  }
};

/// `work` between two events.
template <class Work>
timed_graph capture_timed(const session& device, Work&& work) {
  timed_graph t;
  t.add_event();
  t.add_event();
  t.spans.emplace_back(0, 1);
  t.graph = capture(device, [&] {
    mark(t.events[0], device);
    work();
    mark(t.events[1], device);
  });
  return t;
}

/// Times a network's passes. Graphs are recorded when they are first wanted.
class network_clock {
 public:
  device_time time_network(const launcher& l, double lowest_clock) {
    const pass p = run(l, whole(l), lowest_clock);
    return {.ms = p.ms.front(), .disturbed = p.disturbed};
  }

  /// An event between two kernels costs the device time, as long as a small kernel takes: what all of them add to a
  /// pass is measured, and an equal share of it is taken from each kernel.
  device_times time_kernels(const launcher& l, cache_context context, double lowest_clock) {
    if (mark_ms_ < 0) calibrate(l, lowest_clock);
    pass p = run(l, kernels(l, context), lowest_clock);
    for (double& ms : p.ms) ms = std::max(0.0, ms - mark_ms_);
    return {.ms = std::move(p.ms), .disturbed = p.disturbed};
  }

  /// What one event between kernels costs, ms. Measured at first use.
  double mark_ms(const launcher& l, double lowest_clock) {
    if (mark_ms_ < 0) calibrate(l, lowest_clock);
    return mark_ms_;
  }

  launch_times time_launch(const launcher& l, double lowest_clock) {
    if (!empty_) empty_ = capture(l.device, [] {});
    settle(l, lowest_clock);
    launch_times t;
    const auto timed = [&](const runnable_graph& graph, double& submit) {
      const std::int64_t begin = now_ns();
      launch(graph, l.device);
      submit = milliseconds(now_ns() - begin);
      l.device.wait();
      return milliseconds(now_ns() - begin);
    };
    double empty_submit = 0;
    t.wall_ms = timed(whole(l).graph, t.submit_ms);
    t.device_ms = whole(l).read().front();
    t.empty_wall_ms = timed(empty_, empty_submit);
    return t;
  }

  /// Writes over twice the device's second-level cache, on the stream.
  void sweep(const session& device) {
    reserve_sweep(device);
    check(cudaMemsetAsync(sweep_.get(), 0, sweep_bytes(device), device.stream()), "clearing the cache");
  }

  /// Before a graph with a sweep is recorded.
  void reserve_sweep(const session& device) {
    if (!sweep_) sweep_ = allocate(sweep_bytes(device), "clearing the cache");
  }

 private:
  struct pass {
    std::vector<double> ms;
    bool disturbed = false;
  };

  static std::int64_t now_ns() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }
  static double milliseconds(std::int64_t ns) { return static_cast<double>(ns) * 1e-6; }
  static std::size_t sweep_bytes(const session& device) {
    return 2 * static_cast<std::size_t>(std::max(device.properties().l2CacheSize, 1 << 20));
  }

  /// Clocks are read twice: while the device works on the pass, or right behind it, and where the pass before left
  /// them.
  pass run(const launcher& l, const timed_graph& graph, double lowest_clock) {
    settle(l, lowest_clock);
    const bool slow_before = slow_;
    launch(graph.graph, l.device);
    slow_ = l.device.clocks().is_slow(lowest_clock);
    l.device.wait();
    l.device.last_pass_ns() = now_ns();
    return {.ms = graph.read(), .disturbed = slow_before || slow_};
  }

  /// An idle device has slow clocks. The network runs untimed until they are up; where they do not come up there is
  /// another reason, and the next pass says so.
  void settle(const launcher& l, double lowest_clock) {
    constexpr std::int64_t ms = 1'000'000;
    const std::int64_t begin = now_ns();
    const bool was_idle = begin - l.device.last_pass_ns() > 20 * ms;
    if (!(was_idle || slow_) || begin < not_before_ns_) return;
    const bool blind = !l.device.clocks().known();
    const std::int64_t limit = (blind ? 20 : 200) * ms;  // clocks rise within some tens of milliseconds
    do {
      launch(whole(l).graph, l.device);
      slow_ = l.device.clocks().is_slow(lowest_clock);
      l.device.wait();
    } while ((blind || slow_) && now_ns() - begin < limit);
    l.device.last_pass_ns() = now_ns();
    if (slow_) not_before_ns_ = now_ns() + 1000 * ms;
  }

  const timed_graph& whole(const launcher& l) {
    if (!whole_) whole_ = capture_timed(l.device, [&] { l.start_all(); });
    return whole_;
  }

  const timed_graph& kernels(const launcher& l, cache_context context) {
    timed_graph& t = kernels_[static_cast<std::size_t>(context)];
    if (t) return t;
    timed_graph made;
    const std::size_t count = l.steps.size();
    if (context == cache_context::in_network) {
      made.add_event();
      for (std::size_t i = 0; i < count; ++i) made.spans.emplace_back(i, made.add_event());
      made.graph = capture(l.device, [&] {
        mark(made.events[0], l.device);
        for (std::size_t i = 0; i < count; ++i) {
          l.start(i);
          mark(made.events[i + 1], l.device);
        }
      });
    } else {
      reserve_sweep(l.device);  // memory cannot be had while a graph is recorded
      for (std::size_t i = 0; i < count; ++i) {
        const std::size_t begin = made.add_event();
        made.spans.emplace_back(begin, made.add_event());
      }
      made.graph = capture(l.device, [&] {
        for (std::size_t i = 0; i < count; ++i) {
          if (context == cache_context::hot) l.start(i);
          else sweep(l.device);
          if (context == cache_context::evicted && i > 0) l.start(i - 1);  // it writes what kernel i reads
          mark(made.events[made.spans[i].first], l.device);
          l.start(i);
          mark(made.events[made.spans[i].second], l.device);
        }
      });
    }
    t = std::move(made);
    return t;
  }

  void calibrate(const launcher& l, double lowest_clock) {
    std::array<double, 9> extra{};
    for (double& ms : extra) {
      const double alone = run(l, whole(l), lowest_clock).ms.front();
      double sum = 0;
      for (const double k : run(l, kernels(l, cache_context::in_network), lowest_clock).ms) sum += k;
      ms = (sum - alone) / static_cast<double>(l.steps.size());
    }
    std::ranges::nth_element(extra, extra.begin() + extra.size() / 2);
    mark_ms_ = std::max(0.0, extra[extra.size() / 2]);
  }

  timed_graph whole_;
  std::array<timed_graph, 4> kernels_;
  runnable_graph empty_;
  device_memory sweep_;
  double mark_ms_ = -1;
  std::int64_t not_before_ns_ = 0;
  bool slow_ = false;
};

}  // namespace detail

}  // namespace nascent::cudnn
