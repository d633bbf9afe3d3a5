// SPDX-License-Identifier: Apache-2.0
/// \file
/// Latency tables of a device that nobody has.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include "nascent/cost/cost.hpp"
#include "nascent/kernels/space_kernels.hpp"
#include "nascent/latency/table.hpp"

namespace test {

using namespace nascent;

/// Times after a simple law, with noise; what is left out, if not -1, is the kernel of that number. With `effect`
/// other than 0, rows of many networks, whose kernels all take longer (or less long) the larger the network is, and the
/// longer.
template <class Space>
latency_table made_up(const kernel_trellis<Space>& trellis, std::uint64_t seed, double noise, double effect,
                      int left_out = -1, const std::filesystem::path& file = ":memory:",
                      const device_description& device = {.device = "none", .library = "none", .isa = "any"},
                      int batch = 1) {
  latency_table table(file, device, {.batch = batch});
  std::mt19937_64 rng(seed);
  const auto random = [&] { return static_cast<double>(rng() >> 11) * 0x1p-53 - 0.5; };
  std::vector<double> times;
  for (const space_kernel& k : trellis.kernels()) {
    const double rate = k.what.core.is_depthwise() ? 8 : 60;
    double ms = 1e-6 * (static_cast<double>(macs(k.what.core)) / rate +
                        static_cast<double>(traffic(k.what, data_type::f32, 1)) / 20);
    if (k.what.core.act == activation::swish) ms += 5e-7 * static_cast<double>(k.what.core.output.elements());
    times.push_back((ms + 0.002) * std::exp(2 * noise * random()));
  }
  const auto entry_of = [&](std::size_t k, double factor, std::int64_t placement) {
    const double ms = times[k] * factor;
    return latency_entry{
        .signature = trellis.kernels()[k].signature,
        .time = {.median_ms = ms, .trimmed_mean_ms = ms, .minimum_ms = ms, .low_ms = ms, .high_ms = ms, .count = 3},
        .placement = placement};
  };
  std::vector<latency_entry> entries;
  std::vector<bool> seen(times.size(), false);
  random_engine drawn(seed);
  for (std::int64_t n = 1; effect != 0 && n <= 200; ++n) {
    std::map<std::size_t, int> kernels;
    double weights = 0;
    double ms = 0;
    trellis.walk(trellis.space().sample(drawn), [&](std::int32_t group, int repeats) {
      for (const std::int32_t k : trellis.groups()[static_cast<std::size_t>(group)]) {
        const auto i = static_cast<std::size_t>(k);
        kernels[i] += repeats;
        weights += repeats * static_cast<double>(params(trellis.kernels()[i].what.core));
        ms += repeats * times[i];
      }
    });
    const double factor = std::pow(weights / 4e6, effect) * std::pow(ms / 10, 0.1);
    for (const auto& [k, count] : kernels) {
      entries.push_back(entry_of(k, factor, n));
      entries.back().network_weights = static_cast<std::int64_t>(weights);
      entries.back().network_ms = ms * factor;
      seen[k] = true;
    }
  }
  for (std::size_t k = 0; k < times.size(); ++k)
    if (!seen[k] && static_cast<int>(k) != left_out) entries.push_back(entry_of(k, 1, 1000));
  std::ranges::sort(entries, {}, [](const latency_entry& e) { return std::pair(e.signature, e.placement); });
  table.add(entries);
  return table;
}

}  // namespace test
