// SPDX-License-Identifier: Apache-2.0
// Whole networks on this CPU, one thread, batch 1: latency, and the ratio of a run to the sum of its kernels timed
// inside the same runs. Ratios are paired within rounds; absolute times depend on the machine and its load.
#include <string>

#include <benchmark/benchmark.h>

#include <nascent/executor/onednn.hpp>
#include <nascent/nascent.hpp>
#include <nascent/timing/measure.hpp>
#include <nascent/zoo/efficientnet.hpp>

namespace {

using namespace nascent;

template <const auto& Space>
void run(benchmark::State& state, data_type type) {
  onednn::executor cpu{{.threads = 1, .type = type}};
  const network graph = to_network(Space.only());
  auto compiled = prepare(cpu, graph);
  network_measurement m;
  for (auto _ : state) {
    m = measure_kernels(compiled, {.budget_ms = 4000});
    state.SetIterationTime(m.whole.median_ms * 1e-3);
  }
  state.counters["whole_ms"] = m.whole.median_ms;
  state.counters["whole_min_ms"] = m.whole.minimum_ms;
  state.counters["spread"] = m.whole.spread;
  state.counters["samples"] = static_cast<double>(m.whole.count);
  state.counters["kernels"] = static_cast<double>(m.kernels.size());
  state.counters["whole_over_sum"] = 1 / m.sum_over_whole.median;
  state.counters["whole_over_sum_low"] = 1 / m.sum_over_whole.high;
  state.counters["whole_over_sum_high"] = 1 / m.sum_over_whole.low;
  state.SetLabel(describe(cpu.description()));
}

void efficientnet_b0_f32(benchmark::State& state) { run<zoo::efficientnet_b0>(state, data_type::f32); }
void efficientnet_b0_bf16(benchmark::State& state) { run<zoo::efficientnet_b0>(state, data_type::bf16); }
void efficientnet_x_b0_f32(benchmark::State& state) { run<zoo::efficientnet_x_b0>(state, data_type::f32); }
void efficientnet_x_b0_bf16(benchmark::State& state) { run<zoo::efficientnet_x_b0>(state, data_type::bf16); }

}  // namespace

BENCHMARK(efficientnet_b0_f32)->Iterations(1)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(efficientnet_b0_bf16)->Iterations(1)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(efficientnet_x_b0_f32)->Iterations(1)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(efficientnet_x_b0_bf16)->Iterations(1)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK_MAIN();
