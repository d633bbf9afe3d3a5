// SPDX-License-Identifier: Apache-2.0
/// \file
/// Measured roofs of a device: the rate of large convolutions through its executor, and the bandwidth of reading
/// memory.
#pragma once

#include <algorithm>
#include <barrier>
#include <cstddef>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "nascent/cost/device_profile.hpp"
#include "nascent/timing/caches.hpp"
#include "nascent/timing/measure.hpp"

namespace nascent {

/// Reading at a working set of `bytes`.
struct bandwidth_sample {
  std::size_t bytes = 0;
  double gb_per_s = 0;  ///< median over repetitions, one thread
};

/// What a device reaches, for roofline plots. Operations are two per MAC.
struct device_roofs {
  double peak_gops =
      0;  ///< best of a few large dense convolutions through the executor: a roof that networks can be held against
  std::string peak_layer{};
  std::vector<bandwidth_sample> bandwidths{};
};

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

}  // namespace detail

/// GB/s of reading `bytes` again and again with one thread.
inline double measure_read_bandwidth(std::size_t bytes, double budget_ms = 150) {
  detail::memory_reader reader(bytes);
  const sample_summary time =
      measure([&] { reader.read(); }, {.warm_up = 1, .min_samples = 5, .half_width = 0.02, .budget_ms = budget_ms});
  return reader.bytes_per_read() / time.median_ms * 1e-6;
}

/// GB/s of several threads together, each reading `bytes_each` of its own. They start each reading at once and the
/// slowest ends it. \throws nascent::error for a budget that is not above 0
inline double measure_read_bandwidth_of_threads(int threads, std::size_t bytes_each, double budget_ms = 150) {
  if (threads <= 1) return measure_read_bandwidth(bytes_each, budget_ms);
  const measure_options how{.warm_up = 1, .min_samples = 5, .half_width = 0.02, .budget_ms = budget_ms};
  detail::check(how);  // before there are threads that would wait for ever
  const auto count = static_cast<std::size_t>(threads);
  std::barrier<> gate(static_cast<std::ptrdiff_t>(count));
  bool done = false;  // written by the caller only, read by the others after the gate
  std::vector<double> bytes(count);
  const auto work = [&](std::size_t which) {
    detail::memory_reader reader(bytes_each);  // touched first by the thread that reads it
    for (;;) {
      gate.arrive_and_wait();
      if (done) break;
      reader.read();
      gate.arrive_and_wait();
    }
    bytes[which] = reader.bytes_per_read();
  };
  std::vector<std::thread> others;
  for (std::size_t i = 1; i < count; ++i) others.emplace_back(work, i);
  detail::memory_reader own(bytes_each);
  const sample_summary time = measure(
      [&] {
        gate.arrive_and_wait();
        own.read();
        gate.arrive_and_wait();
      },
      how);
  done = true;
  gate.arrive_and_wait();
  for (std::thread& other : others) other.join();
  bytes[0] = own.bytes_per_read();
  double sum = 0;
  for (const double b : bytes) sum += b;
  return sum / time.median_ms * 1e-6;
}

/// The highest rate of a few large dense convolutions through an executor.
struct measured_peak {
  double gops = 0;  ///< two operations per MAC
  std::string layer{};
};

/// Takes about a second. \throws executor_error where the device refuses the convolutions.
template <executor Executor>
measured_peak measure_peak(Executor& device, double budget_ms = 200) {
  struct shape_and_kernel {
    int size;
    int channels;
    int kernel;
  };
  measured_peak best;
  for (const shape_and_kernel s : {shape_and_kernel{28, 256, 3}, {14, 256, 3}, {28, 512, 1}, {14, 1024, 1}}) {
    const network graph = make_network("peak", {1, s.size, s.size, s.channels}, [&](auto& net, auto x) {
      net.conv(x, {.filters = s.channels, .kernel = s.kernel});
    });
    auto compiled = prepare(device, graph);
    const sample_summary time =
        measure(compiled, {.warm_up = 2, .min_samples = 7, .half_width = 0.02, .budget_ms = budget_ms});
    const double gops = 2 * static_cast<double>(macs(graph.layers().front())) / time.minimum_ms * 1e-6;
    if (gops > best.gops) best = {.gops = gops, .layer = fuse(graph).front().signature()};
  }
  return best;
}

/// Takes about two seconds. \throws executor_error where the device refuses the convolutions.
template <executor Executor>
device_roofs measure_roofs(Executor& device,
                           const std::vector<std::size_t>& working_sets = {std::size_t{512} << 10, std::size_t{8} << 20,
                                                                           std::size_t{256} << 20}) {
  const measured_peak peak = measure_peak(device);
  device_roofs roofs{.peak_gops = peak.gops, .peak_layer = peak.layer};
  for (const std::size_t bytes : working_sets) roofs.bandwidths.push_back({bytes, measure_read_bandwidth(bytes)});
  return roofs;
}

struct calibration_options {
  double budget_ms = 150;                          ///< per reading and per convolution
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
    figures.peaks.add({arithmetic_of(d.type), peak.gops * 1e-3,
                       "measured: the fastest of four convolutions, " + peak.layer + ", " + d.library + ", " + d.isa});
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
    const double rate = measure_read_bandwidth_of_threads(what.threads, cache.bytes / 2 / sharing, options.budget_ms);
    const std::size_t of_all_threads = cache.bytes * static_cast<std::size_t>(what.threads) / sharing;
    figures.caches.add({.name = "L" + std::to_string(cache.level),
                        .gb_per_s = rate,
                        .bytes = static_cast<double>(of_all_threads),
                        .source = "measured: reading half of it"});
  }
  const std::size_t each = std::min(8 * largest, std::size_t{256} << 20) / static_cast<std::size_t>(what.threads);
  figures.memory = {
      .name = "memory",
      .gb_per_s = measure_read_bandwidth_of_threads(what.threads, each, options.budget_ms),
      .source = "measured: reading " + std::to_string((each * static_cast<std::size_t>(what.threads)) >> 20) + " MiB"};
  return device_profile(figures);
}

}  // namespace nascent
