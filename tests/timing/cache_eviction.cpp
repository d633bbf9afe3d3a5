// SPDX-License-Identifier: Apache-2.0
#include "nascent/timing/cache_eviction.hpp"

#include <cstddef>
#include <vector>

#include "fake.hpp"
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include "nascent/timing/measure.hpp"

namespace {

using nascent::cache_context;
using nascent::data_cache;
using nascent::eviction_bytes;

constexpr cache_context all[] = {cache_context::in_network, cache_context::evicted, cache_context::hot,
                                 cache_context::cold};

TEST_CASE("contexts have names that read back") {
  for (const cache_context c : all) CHECK(nascent::parse_cache_context(nascent::to_string(c)) == c);
  CHECK(!nascent::parse_cache_context("warm"));
}

TEST_CASE("as much memory is written as the caches to be evicted hold twice, up to a limit") {
  constexpr std::size_t kib = 1024;
  const std::vector<data_cache> caches{{1, 48 * kib, 1}, {2, 2048 * kib, 1}, {3, 32768 * kib, 8}};
  CHECK(eviction_bytes(cache_context::in_network, caches) == 0);
  CHECK(eviction_bytes(cache_context::hot, caches) == 0);
  CHECK(eviction_bytes(cache_context::evicted, caches) == 4096 * kib);
  CHECK(eviction_bytes(cache_context::cold, caches) == 65536 * kib);
  CHECK(eviction_bytes(cache_context::cold, {{1, 48 * kib, 1}, {2, 2048 * kib, 1}, {3, 491520 * kib, 8}}) ==
        65536 * kib);
  CHECK(eviction_bytes(cache_context::evicted, {}) > 0);  // systems that do not tell
  CHECK(eviction_bytes(cache_context::cold, {}) >= eviction_bytes(cache_context::evicted, {}));
}

TEST_CASE("preparing a context is not part of a kernel's time") {
  for (const cache_context context : all) {
    fake::executor device;
    const nascent::network graph = fake::residual_network(8, 4);
    auto compiled = nascent::prepare(device, graph);
    const auto m = nascent::measure_kernels(
        compiled, {.warm_up = 1, .min_samples = 8, .max_samples = 8, .clocks = fake::clocks}, context);
    for (std::size_t i = 0; i < m.kernels.size(); ++i)
      CHECK(m.kernels[i].median_ms ==
            Catch::Approx(1e-6 * static_cast<double>(fake::kernel_ns(compiled.kernels()[i].signature()))));
  }
}

}  // namespace
