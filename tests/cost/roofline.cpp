// SPDX-License-Identifier: Apache-2.0
#include "nascent/cost/roofline.hpp"

#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>

#include "nascent/space/to_network.hpp"
#include "nascent/zoo/efficientnet.hpp"

using namespace nascent;
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;

namespace {

constexpr auto b0 = zoo::efficientnet_b0.only();
constexpr cost_options papers{.type = data_type::bf16, .batch = 128};

kernel only_kernel(const network& graph) {
  const std::vector<kernel> kernels = fuse(graph);
  REQUIRE(kernels.size() == 1);
  return kernels.front();
}

/// Equation 2 of the EfficientNet-X paper, in MACs and elements.
struct equation_2 {
  double N, H, W, C, K;
  double conv_work() const { return N * H * W * C * C * K * K; }
  double conv_traffic() const { return 2 * N * H * W * C + C * C * K * K; }
  double depthwise_work() const { return N * H * W * C * (C + K * K); }
  double depthwise_traffic() const { return 4 * N * H * W * C + C * K * K + C * C; }
};

// Everything is constexpr. 137 operations per byte: 123 Tops over 900 GB/s.
static_assert(roofs_of(devices::tpu_v3, data_type::bf16).ridge_point() > 136.6);
static_assert(roofs_of(devices::tpu_v3, data_type::bf16).ridge_point() < 136.7);
static_assert(roofline_of(b0, devices::tpu_v3, papers).bound() == bound_by::memory);
static_assert(roofline_of(b0, devices::tpu_v3, papers).work.operations == 2.0 * 385'814'752 * 128);
static_assert(cost_with_fused_pools(b0, papers).traffic < cost(b0, papers).traffic);

}  // namespace

TEST_CASE("equation 1: time, rate and efficiency under two roofs") {
  const roofs r{.bytes_per_s = 100, .ops_per_s = 1000};
  const roofline slow{.work = {.operations = 800, .bytes = 200}, .under = r, .latency_ms = 4000};
  CHECK(slow.intensity() == 4);
  CHECK(slow.ideal_rate() == 400);
  CHECK(slow.ideal_ms() == 2000);
  CHECK(slow.rate() == 200);
  CHECK(slow.efficiency() == 0.5);
  // The paper's form of it: latency = W / (C_ideal x E).
  CHECK(slow.latency_ms == 1e3 * slow.work.operations / (slow.ideal_rate() * slow.efficiency()));
  const roofline busy{.work = {.operations = 8000, .bytes = 200}, .under = r, .latency_ms = 16000};
  CHECK(busy.ideal_ms() == 8000);
  CHECK(busy.efficiency() == 0.5);
  CHECK(roofline{.work = {800, 200}, .under = r}.efficiency() == 0);
  // A copy: no operation, yet a time at best and an efficiency.
  const roofline copy{.work = {.bytes = 500}, .under = r, .latency_ms = 10000};
  CHECK(copy.intensity() == 0);
  CHECK(copy.bound() == bound_by::memory);
  CHECK(copy.ideal_ms() == 5000);
  CHECK(copy.efficiency() == 0.5);
}

TEST_CASE("equation 2: kernels count what the paper counts, and one bias for each output channel") {
  for (const equation_2 e :
       {equation_2{128, 56, 56, 24, 3}, equation_2{1, 14, 14, 112, 5}, equation_2{8, 7, 7, 320, 1}}) {
    const int size = static_cast<int>(e.H);
    const int channels = static_cast<int>(e.C);
    const int taps = static_cast<int>(e.K);
    const int batch = static_cast<int>(e.N);
    const auto built = [&](bool depthwise, int kernel_size) {
      return work_of(only_kernel(make_network("one", {1, size, size, channels},
                                              [&](auto& net, auto x) {
                                                if (depthwise) net.depthwise_conv(x, {.kernel = kernel_size});
                                                else net.conv(x, {.filters = channels, .kernel = kernel_size});
                                              })),
                     data_type::bf16, batch);
    };
    const workload conv = built(false, taps);
    CHECK(conv.operations == 2 * e.conv_work());
    CHECK(conv.bytes == 2 * (e.conv_traffic() + e.C));
    // What the paper calls depthwise is depthwise and pointwise together.
    workload separable = built(true, taps);
    separable += built(false, 1);
    CHECK(separable.operations == 2 * e.depthwise_work());
    CHECK(separable.bytes == 2 * (e.depthwise_traffic() + 2 * e.C));
    // Its point: fewer operations at lower intensity.
    if (e.K > 1) CHECK(separable.intensity() < conv.intensity());
  }
}

TEST_CASE("a network is the sum of its kernels") {
  const network graph = to_network(b0);
  for (const auto& [type, batch] : {std::pair{data_type::f32, 1}, std::pair{data_type::bf16, 128}}) {
    workload sum;
    double ideal_ms = 0;
    const roofs r = roofs_of(devices::a100, type);
    for (const kernel& k : fuse(graph)) {
      const roofline one{.work = work_of(k, type, batch), .under = r};
      sum += one.work;
      ideal_ms += one.ideal_ms();
    }
    const costs whole = cost(b0, {.type = type, .batch = batch});
    CHECK(sum == work_of(whole));
    CHECK_THAT(sum.intensity(), WithinRel(whole.operational_intensity(), 1e-12));
    // One mean intensity for all flatters: what is bound by memory cannot wait while something else computes.
    CHECK(ideal_ms > roofline{.work = sum, .under = r}.ideal_ms());
  }
}

TEST_CASE(
    "a global pool that is fused reads nothing: squeeze-and-excite passes twice over its map instead of three times") {
  const auto traffic_of = [](bool excite) {
    const network graph = make_network("gate", {1, 28, 28, 64}, [&](auto& net, auto x) {
      const auto y = net.depthwise_conv(x, {.kernel = 3});
      if (excite) net.multiply(y, net.dense(net.global_pool(y), {.units = 64}));
    });
    cost_counter all(papers);
    pooling_counter pools(papers);
    for (const layer& l : graph.layers()) {
      all(l);
      pools(l);
    }
    return std::pair{all.total().traffic, pools.bytes()};
  };
  const std::int64_t map = std::int64_t{28} * 28 * 64 * 128 * 2;
  const auto [with, pools] = traffic_of(true);
  const auto [without, none] = traffic_of(false);
  CHECK(none == 0);
  CHECK(pools == map);
  const double passes = static_cast<double>(with - without - pools) / static_cast<double>(map);
  CHECK_THAT(passes, WithinAbs(2, 0.01));
}

TEST_CASE("roofs of a profile with caches are those of the memory that holds the data") {
  const device_profile mine({.name = "mine",
                             .peaks = {{arithmetic::f32, 0.1}},
                             .memory = {.name = "DRAM", .gb_per_s = 10},
                             .caches = {{.name = "L2", .gb_per_s = 100, .bytes = 1 << 20}}});
  CHECK(roofs_of(mine, data_type::f32).bytes_per_s == 10e9);
  CHECK(roofs_of(mine, data_type::f32, 1000).bytes_per_s == 100e9);
  CHECK(roofs_of(mine, data_type::f32, 1e9).bytes_per_s == 10e9);
  CHECK(roofs_of(mine, data_type::f32).ops_per_s == 0.1e12);
  CHECK_THROWS_AS(roofs_of(mine, data_type::bf16), profile_error);
}

TEST_CASE("a working set is all weights and the largest kernel's maps") {
  const network graph = make_network("two", {1, 8, 8, 4}, [](auto& net, auto x) {
    x = net.conv(x, {.filters = 16, .kernel = 3});
    net.conv(x, {.filters = 2, .kernel = 1});
  });
  // Weights 576 + 32, biases 16 + 2; maps of the first kernel 8 x 8 x (4 + 16).
  CHECK(working_set(graph, data_type::f32) == 4 * (576 + 32 + 18 + 64 * 20));
  CHECK(working_set(graph, data_type::bf16, 3) == 2 * (576 + 32 + 18 + 3 * 64 * 20));
}

TEST_CASE("a kernel's maps come from the cache that holds them, its weights from what holds the network") {
  const device_profile mine({.name = "mine",
                             .peaks = {{arithmetic::f32, 0.1}},
                             .memory = {.name = "DRAM", .gb_per_s = 10},
                             .caches = {{.name = "L1", .gb_per_s = 100, .bytes = 8 << 10},
                                        {.name = "L2", .gb_per_s = 40, .bytes = 1 << 20}}});
  const kernel k = only_kernel(
      make_network("one", {1, 8, 8, 4}, [](auto& net, auto x) { net.conv(x, {.filters = 16, .kernel = 3}); }));
  const double maps = 4 * 64 * 20;  // 5 KiB
  const double weights = 4 * (576 + 16);
  CHECK(static_cast<double>(map_traffic(k, data_type::f32)) == maps);
  const roofs small = roofs_of(mine, data_type::f32, k, 1, 100'000);
  CHECK_THAT((maps + weights) / small.bytes_per_s, WithinRel(maps / 100e9 + weights / 40e9, 1e-12));
  const roofs large = roofs_of(mine, data_type::f32, k, 4, 1e9);  // four images leave L1
  CHECK_THAT((4 * maps + weights) / large.bytes_per_s, WithinRel(4 * maps / 40e9 + weights / 10e9, 1e-12));
  CHECK(large.ops_per_s == 0.1e12);
}
