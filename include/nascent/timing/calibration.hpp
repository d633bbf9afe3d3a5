// SPDX-License-Identifier: Apache-2.0
/// \file
/// Measured roofs of a device: what it computes at most, and the bandwidth of reading its caches and its memory.
#pragma once

#include <algorithm>
#include <barrier>
#include <cstddef>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "nascent/base/number_text.hpp"
#include "nascent/cost/device_profile.hpp"
#include "nascent/timing/arithmetic_loops.hpp"
#include "nascent/timing/caches.hpp"
#include "nascent/timing/measure.hpp"

namespace nascent {

namespace detail {

/// Memory that one thread reads again and again.
class memory_reader {
 public:
  explicit memory_reader(std::size_t bytes)
      : memory_(std::max<std::size_t>(bytes, 64), 1),
        repeats_(std::max<std::size_t>(1, (std::size_t{16} << 20) / memory_.size())) {}

  /// The reader is the C library's memchr, looking for what is not there: it uses the widest loads of the processor at
  /// hand, whatever this program was compiled for.
  void read() {
    // The barrier keeps the compiler from taking equal searches for one.
    for (std::size_t r = 0; r < repeats_; ++r) {
      const unsigned char* from = memory_.data();
      asm volatile("" : "+r"(from) : : "memory");
      found_ = std::memchr(from, 0, memory_.size()) != nullptr || found_;
    }
  }
  double bytes_per_read() const { return found_ ? 0 : static_cast<double>(memory_.size() * repeats_); }

 private:
  std::vector<unsigned char> memory_;
  std::size_t repeats_;
  bool found_ = false;
};

/// What so many threads need to do their work once, all starting at once and the slowest ending it. `make(i)` makes the
/// work of thread i, in that thread. \throws nascent::error for options that make no sense
template <class Make>
sample_summary measure_together(int threads, const Make& make, const measure_options& how) {
  check(how);  // before there are threads that would wait for ever
  const auto count = static_cast<std::size_t>(std::max(1, threads));
  std::barrier<> gate(static_cast<std::ptrdiff_t>(count));
  bool done = false;  // written by the caller only, read by the others after the gate
  const auto work = [&](std::size_t which) {
    auto own = make(which);  // its memory is touched first by the thread that reads it
    for (;;) {
      gate.arrive_and_wait();
      if (done) break;
      own();
      gate.arrive_and_wait();
    }
  };
  std::vector<std::thread> others;
  for (std::size_t i = 1; i < count; ++i) others.emplace_back(work, i);
  auto own = make(0);
  if (count == 1) return measure([&] { own(); }, how);
  const sample_summary time = measure(
      [&] {
        gate.arrive_and_wait();
        own();
        gate.arrive_and_wait();
      },
      how);
  done = true;
  gate.arrive_and_wait();
  for (std::thread& other : others) other.join();
  return time;
}

}  // namespace detail

/// GB/s of several threads together, each reading `bytes_each` of its own again and again. They start each reading at
/// once and the slowest ends it. \throws nascent::error for a budget that is not above 0
inline double measure_read_bandwidth(std::size_t bytes_each, int threads = 1, double budget_ms = 150) {
  std::vector<double> bytes(static_cast<std::size_t>(std::max(1, threads)));
  const sample_summary time =
      detail::measure_together(threads,
                               [&](std::size_t which) {
                                 return [reader = detail::memory_reader(bytes_each), &read = bytes[which]]() mutable {
                                   reader.read();
                                   read = reader.bytes_per_read();
                                 };
                               },
                               {.warm_up = 1, .min_samples = 5, .half_width = 0.02, .budget_ms = budget_ms});
  double sum = 0;
  for (const double b : bytes) sum += b;
  return sum / time.median_ms * 1e-6;
}

/// Gops/s of several threads together that do nothing but the arithmetic of a loop: the best that was seen.
/// \throws nascent::error for a budget that is not above 0
inline double measure_arithmetic(const arithmetic_loop& loop, int threads = 1, double budget_ms = 150) {
  // A third of a millisecond; products of tiles take some sixteen times as long as vector instructions.
  const std::uint64_t turns = loop.may_run == nullptr ? 100'000 : 15'000;
  const sample_summary time =
      detail::measure_together(threads, [&](std::size_t) { return [&loop, turns] { loop.run(turns); }; },
                               {.warm_up = 2, .min_samples = 7, .half_width = 0.005, .budget_ms = budget_ms});
  return static_cast<double>(turns) * loop.instructions * loop.operations * std::max(1, threads) / time.minimum_ms *
         1e-6;
}

/// What a device computes at most, two operations per MAC.
struct measured_peak {
  double loop_gops = 0;     ///< of arithmetic alone; 0 for a device without such a loop
  std::string loop{};       ///< of which instruction
  double product_gops = 0;  ///< of the best matrix product through the executor
  std::string product{};    ///< its kernel

  /// The roof. Matrix products may be above the loop where a processor has units of their own for them.
  double gops() const { return std::max(loop_gops, product_gops); }
  /// How it was found, for a profile.
  std::string source() const {
    const std::string best = "the best matrix product, " + product;
    if (loop.empty()) return "measured: " + best;
    if (product_gops > loop_gops) return "measured: " + best + ", above a loop of " + loop;
    return "measured: a loop of " + loop + "; " + best + ", reaches " + fixed_text(100 * product_gops / loop_gops, 0) +
           " % of it";
  }
};

/// Measures arithmetic, not what algorithms save: the loop of the widest instructions that the executor may use, where
/// it computes on this processor, and 1x1 convolutions, which no algorithm shortens. Larger windows would not do:
/// Winograd's takes a quarter of the multiplications that are counted. Takes about a second. \throws executor_error
/// where the device refuses the convolutions
template <executor Executor>
measured_peak measure_peak(Executor& device, double budget_ms = 200) {
  const device_description d = device.description();
  measured_peak peak;
  const arithmetic_loop* loop = d.device == processor_model() ? widest_loop(arithmetic_of(d.type), d.isa) : nullptr;
  if (loop != nullptr) {
    peak.loop = loop->name;
    peak.loop_gops = measure_arithmetic(*loop, d.threads, budget_ms);
  }
  struct map_and_channels {
    int size;
    int channels;
  };
  for (const map_and_channels s : {map_and_channels{28, 256}, {28, 512}, {14, 1024}}) {
    const network graph = make_network("peak", {1, s.size, s.size, s.channels},
                                       [&](auto& net, auto x) { net.conv(x, {.filters = s.channels}); });
    auto compiled = prepare(device, graph);
    const sample_summary time =
        measure(compiled, {.warm_up = 2, .min_samples = 7, .half_width = 0.02, .budget_ms = budget_ms});
    const double gops = 2 * static_cast<double>(macs(graph.layers().front())) / time.minimum_ms * 1e-6;
    if (gops <= peak.product_gops) continue;
    peak.product_gops = gops;
    peak.product = fuse(graph).front().signature();
  }
  return peak;
}

struct calibration_options {
  double budget_ms = 150;                          ///< per reading, per loop and per convolution
  std::vector<data_cache> caches = data_caches();  ///< whose bandwidths are measured, nearest first; the first four
};

/// The profile of the machine at hand, measured: for each executor the peak in its type and instruction set, and the
/// bandwidth of each cache and of memory with as many threads as the first executor has. Executors differ in type only;
/// oneDNN knows one instruction set per process, so another set is another run. Takes about a second per executor and
/// 0.2 s per memory. \throws executor_error where a device refuses the convolutions, profile_error where two executors
/// have one type
template <executor First, executor... More>
device_profile measure_profile(const calibration_options& options, First& first, More&... more) {
  const device_description what = first.description();
  device_figures figures{.name = what.device + ", " + std::to_string(what.threads) +
                                 (what.threads == 1 ? " thread" : " threads")};
  const auto add_peak = [&](auto& device) {
    const device_description d = device.description();
    const measured_peak peak = measure_peak(device, options.budget_ms);
    figures.peaks.add({arithmetic_of(d.type), peak.gops() * 1e-3, peak.source() + "; " + d.library + ", " + d.isa});
  };
  add_peak(first);
  (add_peak(more), ...);

  std::size_t largest = std::size_t{32} << 20;
  for (const data_cache& cache : options.caches) {
    if (figures.caches.view().size() == 4) break;
    largest = std::max(largest, cache.bytes);
    // Half a cache, so that the rest of the process does not push it out; a share of it for each thread that has to
    // live in it.
    const auto sharing = static_cast<std::size_t>(std::max(1, std::min(what.threads, cache.shared_by)));
    const double rate = measure_read_bandwidth(cache.bytes / 2 / sharing, what.threads, options.budget_ms);
    const std::size_t of_all_threads = cache.bytes * static_cast<std::size_t>(what.threads) / sharing;
    figures.caches.add({.name = "L" + std::to_string(cache.level),
                        .gb_per_s = rate,
                        .bytes = static_cast<double>(of_all_threads),
                        .source = "measured: reading half of it"});
  }
  const std::size_t each = std::min(8 * largest, std::size_t{256} << 20) / static_cast<std::size_t>(what.threads);
  figures.memory = {
      .name = "memory",
      .gb_per_s = measure_read_bandwidth(each, what.threads, options.budget_ms),
      .source = "measured: reading " + std::to_string((each * static_cast<std::size_t>(what.threads)) >> 20) + " MiB"};
  return device_profile(figures);
}

}  // namespace nascent
