// SPDX-License-Identifier: Apache-2.0
// Counting every model of the zoo, parameters and MACs. Input sizes alternate, so that the compiler cannot count ahead
// of time.
#include <cstdint>

#include <benchmark/benchmark.h>

#include <nascent/zoo/catalog.hpp>

namespace {

void count_all_models(benchmark::State& state) {
  std::int64_t macs = 0;
  int more = 0;
  for (auto _ : state) {
    more = more == 0 ? 32 : 0;
    benchmark::DoNotOptimize(more);
    nascent::zoo::for_each_model([&](const auto& m) { macs += nascent::count(m.at(m.resolution + more)).macs; });
    benchmark::DoNotOptimize(macs);
  }
  state.counters["models"] = nascent::zoo::model_count;
}

}  // namespace

BENCHMARK(count_all_models)->Unit(benchmark::kMicrosecond);
BENCHMARK_MAIN();
