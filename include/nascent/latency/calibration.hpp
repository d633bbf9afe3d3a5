// SPDX-License-Identifier: Apache-2.0
/// \file
/// The roofs of the machine at hand, measured: the rate of the best large convolution and the bandwidth of reading memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include "nascent/latency/measure.hpp"

namespace nascent {

/// Reading at a working set of `bytes`.
struct bandwidth_sample {
  std::size_t bytes = 0;
  double gb_per_s = 0;  ///< median over repetitions, one thread
};

/// What a device reaches, for roofline plots. Operations are two per MAC.
struct device_roofs {
  double peak_gops = 0;  ///< best of a few large dense convolutions through the executor: a roof that networks can be held against
  std::string peak_layer{};
  std::vector<bandwidth_sample> bandwidths{};
};

/// GB/s of reading `bytes` again and again with one thread. The reader is the C library's memchr, looking for what is not there: it uses
/// the widest loads of the processor at hand, whatever this program was compiled for.
inline double measure_read_bandwidth(std::size_t bytes, double budget_ms = 150) {
  const std::vector<unsigned char> memory(std::max<std::size_t>(bytes, 64), 1);
  const std::size_t repeats = std::max<std::size_t>(1, (std::size_t{16} << 20) / memory.size());
  bool found = false;
  const auto read = [&] {
    // The barrier keeps the compiler from taking equal searches for one.
    for (std::size_t r = 0; r < repeats; ++r) {
      const unsigned char* from = memory.data();
      asm volatile("" : "+r"(from) : : "memory");
      found = std::memchr(from, 0, memory.size()) != nullptr || found;
    }
  };
  const sample_summary time = measure(read, {.warm_up = 1, .min_samples = 5, .half_width = 0.02, .budget_ms = budget_ms});
  return found ? 0 : static_cast<double>(memory.size() * repeats) / time.median_ms * 1e-6;
}

/// Takes about two seconds. \throws executor_error where the device refuses the convolutions.
template <executor Executor>
device_roofs measure_roofs(Executor& device, const std::vector<std::size_t>& working_sets = {std::size_t{512} << 10, std::size_t{8} << 20,
                                                                                             std::size_t{256} << 20}) {
  device_roofs roofs;
  struct shape_and_kernel {
    int size;
    int channels;
    int kernel;
  };
  for (const shape_and_kernel s : {shape_and_kernel{28, 256, 3}, {14, 256, 3}, {28, 512, 1}, {14, 1024, 1}}) {
    const network graph = make_network("peak", {1, s.size, s.size, s.channels},
                                       [&](auto& net, auto x) { net.conv(x, {.filters = s.channels, .kernel = s.kernel}); });
    auto compiled = prepare(device, graph);
    const sample_summary time = measure(compiled, {.warm_up = 2, .min_samples = 7, .half_width = 0.02, .budget_ms = 200});
    const double gops = 2 * static_cast<double>(macs(graph.layers().front())) / time.minimum_ms * 1e-6;
    if (gops > roofs.peak_gops) {
      roofs.peak_gops = gops;
      roofs.peak_layer = fuse(graph).front().signature();
    }
  }
  for (const std::size_t bytes : working_sets) roofs.bandwidths.push_back({bytes, measure_read_bandwidth(bytes)});
  return roofs;
}

}  // namespace nascent
