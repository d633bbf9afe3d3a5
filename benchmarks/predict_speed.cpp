// SPDX-License-Identifier: Apache-2.0
// How fast latencies are predicted from a filled table: through the network's graph, and through the space's trellis.
// The times in the table are made up; nothing is measured on the device but these loops.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <vector>

#include <benchmark/benchmark.h>

#include <nascent/latency/predictor.hpp>
#include <nascent/space/to_network.hpp>
#include <nascent/zoo/efficientnet_x.hpp>
#include <nascent/zoo/gpunet.hpp>
#include <nascent/zoo/tunas.hpp>

namespace {

using namespace nascent;

/// A table with three placements of every kernel, in networks of many sizes and times: predictions use both curves of
/// `placement_effects`.
template <class Space>
latency_table filled(const kernel_trellis<Space>& trellis) {
  latency_table table(":memory:", device_description{.device = "none", .library = "none", .isa = "any"});
  const std::size_t third = std::clamp<std::size_t>(trellis.kernels().size() / 10, 8, 80);  // of the networks
  std::vector<latency_entry> entries;
  std::size_t number = 0;
  for (const space_kernel& k : trellis.kernels()) {
    ++number;
    for (const std::size_t placement : {number % third, third + number * 7 % third, 2 * third + number * 11 % third}) {
      const double size = static_cast<double>(placement + 1) / static_cast<double>(3 * third);
      const double ms = 1e-3 * static_cast<double>(number % 997 + 1) * (1 + 0.1 * size);
      entries.push_back(
          {.signature = k.signature,
           .time = {.median_ms = ms, .trimmed_mean_ms = ms, .minimum_ms = ms, .low_ms = ms, .high_ms = ms, .count = 1},
           .network = "made up",
           .placement = static_cast<std::int64_t>(placement + 1),
           .network_weights = static_cast<std::int64_t>(1e7 * size),
           .network_ms = 10 * size});
    }
  }
  table.add(entries);
  if (table.effects().network_factor(1e4, 0.1) == 1) throw std::logic_error("the table has no effects");
  return table;
}

template <const auto& Space>
auto candidates() {
  random_engine rng(1);
  std::vector<typename std::remove_cvref_t<decltype(Space)>::candidate_type> all;
  for (int i = 0; i < 4096; ++i) all.push_back(Space.sample(rng));
  return all;
}

template <const auto& Space>
void build(benchmark::State& state) {
  std::size_t kernels = 0;
  for (auto _ : state) {
    const kernel_trellis trellis(Space);
    kernels = trellis.kernels().size();
  }
  state.counters["kernels"] = static_cast<double>(kernels);
}

template <const auto& Space>
void by_trellis(benchmark::State& state) {
  const kernel_trellis trellis(Space);
  const latency_predictor predictor(trellis, filled(trellis));
  const auto all = candidates<Space>();
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(predictor.ms(all[i]));
    i = (i + 1) % all.size();
  }
  state.SetItemsProcessed(state.iterations());
}

template <const auto& Space>
void by_trellis_with_interval(benchmark::State& state) {
  const kernel_trellis trellis(Space);
  const latency_predictor predictor(trellis, filled(trellis));
  const auto all = candidates<Space>();
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(predictor.predict(all[i]));
    i = (i + 1) % all.size();
  }
  state.SetItemsProcessed(state.iterations());
}

template <const auto& Space>
void by_graph(benchmark::State& state) {
  const kernel_trellis trellis(Space);
  const latency_table table = filled(trellis);
  const auto all = candidates<Space>();
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(table.predict(to_network(all[i])));
    i = (i + 1) % all.size();
  }
  state.SetItemsProcessed(state.iterations());
}

}  // namespace

BENCHMARK(build<zoo::gpunet>)->Unit(benchmark::kMillisecond);
BENCHMARK(by_graph<zoo::gpunet>)->Unit(benchmark::kMicrosecond);
BENCHMARK(by_trellis<zoo::gpunet>);
BENCHMARK(by_trellis_with_interval<zoo::gpunet>);
BENCHMARK(by_trellis<zoo::efficientnet_x>);
BENCHMARK(by_trellis<zoo::proxylessnas>);
BENCHMARK_MAIN();
