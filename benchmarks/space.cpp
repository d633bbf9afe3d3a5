// SPDX-License-Identifier: Apache-2.0
// How fast candidates are drawn, decoded, counted and ranked. One thread; heap allocations are counted, not assumed.
#include <atomic>
#include <cstdlib>
#include <new>
#include <vector>

#include <benchmark/benchmark.h>

#include <nascent/erased/any_space.hpp>
#include <nascent/nascent.hpp>
#include <nascent/zoo/efficientnet_x.hpp>
#include <nascent/zoo/gpunet.hpp>
#include <nascent/zoo/once_for_all.hpp>
#include <nascent/zoo/tunas.hpp>

namespace {
std::atomic<long> allocations{0};
}

[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* p = std::malloc(size == 0 ? 1 : size)) return p;
  throw std::bad_alloc{};
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }

namespace {

using namespace nascent;

/// Runs `step` and reports networks per second and heap allocations per network.
template <class Step>
void run(benchmark::State& state, Step step) {
  const long before = allocations;
  for (auto _ : state) benchmark::DoNotOptimize(step());
  const long after = allocations;
  state.counters["networks/s"] =
      benchmark::Counter(static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
  // The framework itself allocates a handful of times per run.
  state.counters["allocations"] = static_cast<double>(after - before) / static_cast<double>(state.iterations());
}

template <const auto& Space>
void sample_decode_count(benchmark::State& state) {
  random_engine rng(1);
  run(state, [&] { return count(Space.sample(rng)); });
}
template <const auto& Space>
void sample_only(benchmark::State& state) {
  random_engine rng(1);
  run(state, [&] { return Space.sample(rng); });
}
template <const auto& Space>
void rank_and_unrank(benchmark::State& state) {
  random_engine rng(1);
  auto c = Space.sample(rng);
  uint128 r = Space.rank(c);
  run(state, [&] {
    r = r + 0x9e3779b97f4a7c15U >= Space.size() ? r / 3 : r + 0x9e3779b97f4a7c15U;
    c = Space.unrank(r);
    return r = Space.rank(c);
  });
}
template <const auto& Space>
void sample_and_cost(benchmark::State& state) {
  random_engine rng(1);
  run(state, [&] { return cost(Space.sample(rng), {.type = data_type::bf16, .batch = 1}); });
}
template <const auto& Space>
void mutate_one(benchmark::State& state) {
  random_engine rng(1);
  auto c = Space.sample(rng);
  run(state, [&] { return c = Space.mutate(c, rng); });
}

/// As C and Python see a space: its type is not known, and rows of decisions are checked before they are counted.
template <const auto& Space>
void sample_check_count_rows(benchmark::State& state) {
  const any_space s = Space;
  random_engine rng(1);
  std::vector<digit> row(s.slot_count);
  run(state, [&] {
    s.sample(rng, row);
    s.check(row);
    return s.count(row);
  });
}

}  // namespace

BENCHMARK(sample_decode_count<zoo::gpunet>);
BENCHMARK(sample_check_count_rows<zoo::gpunet>);
BENCHMARK(sample_check_count_rows<zoo::once_for_all>);
BENCHMARK(sample_decode_count<zoo::once_for_all>);
BENCHMARK(sample_decode_count<zoo::proxylessnas>);
BENCHMARK(sample_decode_count<zoo::efficientnet_x>);
BENCHMARK(sample_only<zoo::gpunet>);
BENCHMARK(sample_only<zoo::once_for_all>);
BENCHMARK(rank_and_unrank<zoo::gpunet>);
BENCHMARK(rank_and_unrank<zoo::once_for_all>);
BENCHMARK(sample_and_cost<zoo::gpunet>);
BENCHMARK(mutate_one<zoo::gpunet>);
BENCHMARK_MAIN();
