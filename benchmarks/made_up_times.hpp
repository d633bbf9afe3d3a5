// SPDX-License-Identifier: Apache-2.0
/// \file
/// Times of kernels on a processor that nobody has: what searches are tried with, the same on every machine.
#pragma once

#include <cmath>
#include <random>
#include <vector>

#include <nascent/cost/cost.hpp>
#include <nascent/kernels/space_kernels.hpp>
#include <nascent/latency/table.hpp>

namespace benchmarks {

using namespace nascent;

/// A kernel's time on a processor that nobody has: arithmetic, memory, and a little for each kernel.
inline double made_up_ms(const kernel& k) {
  const double rate = k.core.is_depthwise() ? 8 : 60;
  double ms =
      1e-6 * (static_cast<double>(macs(k.core)) / rate + static_cast<double>(traffic(k, data_type::f32, 1)) / 20);
  if (k.core.act == activation::swish) ms += 5e-7 * static_cast<double>(k.core.output.elements());
  return ms + 0.002;
}

/// A table of all kernels of a space, each off by up to `noise`, relative.
template <class Space>
latency_table made_up_table(const kernel_trellis<Space>& trellis, double noise) {
  latency_table table(":memory:", device_description{.device = "none", .library = "none", .isa = "any"});
  std::mt19937_64 rng(1);
  std::vector<latency_entry> entries;
  for (const space_kernel& k : trellis.kernels()) {
    const double random = static_cast<double>(rng() >> 11) * 0x1p-53 - 0.5;
    const double ms = made_up_ms(k.what) * std::exp(2 * noise * random);
    entries.push_back(
        {.signature = k.signature,
         .time = {.median_ms = ms, .trimmed_mean_ms = ms, .minimum_ms = ms, .low_ms = ms, .high_ms = ms, .count = 3},
         .placement = 1});
  }
  table.add(entries);
  return table;
}

}  // namespace benchmarks
