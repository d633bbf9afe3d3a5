// SPDX-License-Identifier: Apache-2.0
#include "nascent/timing/explanation.hpp"

#include <map>
#include <string>
#include <vector>

#include "fake.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>

#include "nascent/space/to_network.hpp"
#include "nascent/zoo/efficientnet.hpp"

using namespace nascent;
using Catch::Matchers::WithinRel;

namespace {

constexpr roofs under{.bytes_per_s = 10e9, .ops_per_s = 100e9};
constexpr device_profile machine({.name = "fake",
                                  .peaks = {{arithmetic::f32, .1}},
                                  .memory = {.name = "DRAM", .gb_per_s = 10}});

explained_network made(const char* name, const std::vector<std::pair<const char*, double>>& stages_and_ms) {
  explained_network n{.name = name};
  for (const auto& [stage, ms] : stages_and_ms)
    n.kernels.push_back({.stage = stage,
                         .signature = "k",
                         .group = kernel_group::pointwise,
                         .at = {.work = {2e6, 1e6}, .under = under, .latency_ms = ms}});
  return n;
}

}  // namespace

TEST_CASE("a network that is measured adds up to itself") {
  const network graph = to_network(zoo::efficientnet_b0.only());
  fake::executor device{.act = [](const kernel& k, std::size_t) { fake::work(1000 + macs(k.core) / 50); }};
  auto compiled = prepare(device, graph);
  const explained_network b0 = explain_network(compiled, graph, machine, data_type::f32, {.clocks = fake::clocks});
  REQUIRE(b0.kernels.size() == compiled.kernels().size());
  const kernel_sum all = sum_of(b0);
  CHECK(all.work == work_of(cost(zoo::efficientnet_b0.only())));
  CHECK_THAT(all.ms, WithinRel(b0.whole.median_ms, 1e-6));
  CHECK(all.kernels == static_cast<int>(b0.kernels.size()));

  const std::vector<kernel_sum> groups = sums_by_group(b0);
  double ms = 0;
  std::map<std::string, int> counts;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    ms += groups[i].ms;
    if (i > 0) CHECK(groups[i].ms <= groups[i - 1].ms);
    counts[groups[i].name] = groups[i].kernels;
  }
  // EfficientNet-B0: a depthwise convolution, a pool and a gate in each of 16 blocks, whose two 1x1 convolutions are of
  // vectors; 15 of them expand, all project; a stem; a head; one more pool; the classifier.
  CHECK(counts["depthwise convolutions"] == 16);
  CHECK(counts["gates"] == 16);
  CHECK(counts["pools"] == 17);
  CHECK(counts["full convolutions"] == 1);
  CHECK(counts["1x1 convolutions"] == 15 + 16 + 2 * 16 + 1);
  CHECK_THAT(ms, WithinRel(all.ms, 1e-9));
  CHECK(groups.front().name == std::string("1x1 convolutions"));
  CHECK(b0.kernels.front().stage == "stem");
  CHECK_THAT(b0.kernels.front().at.under.bytes_per_s, WithinRel(10e9, 1e-12));  // no caches
  CHECK_THAT(b0.kernels.front().at.latency_ms,
             WithinRel(1e-6 * (1000. + 10838016 / 50), 1e-6));  // 112 x 112 x 32 x 27 MACs
}

TEST_CASE("a kernel that saves arithmetic has an effective rate, and makes up for no other kernel") {
  // 2e6 operations in 0.02 ms would be all of the 100 Gops/s; the first kernel takes half of that.
  explained_network n{.name = "n"};
  const roofline fast{.work = {2e6, 1e3}, .under = under, .latency_ms = 0.01};
  const roofline half{.work = {2e6, 1e3}, .under = under, .latency_ms = 0.04};
  n.kernels.push_back({.at = fast});
  CHECK(fast.is_effective());
  CHECK(n.kernels[0].saves_arithmetic());
  CHECK_THAT(sum_of(n).efficiency(), WithinRel(1., 1e-12));
  n.kernels.push_back({.at = half});
  CHECK_FALSE(half.is_effective());
  CHECK_FALSE(n.kernels[1].saves_arithmetic());
  const kernel_sum both = sum_of(n);
  CHECK_THAT(both.efficiency(), WithinRel((0.01 + 0.02) / 0.05, 1e-12));
  CHECK_THAT(both.saving_ms, WithinRel(0.01, 1e-12));
  // The same by name, where it is slow: then the time of all the arithmetic is still the lower bound that is known.
  n.kernels[1].implementation = "nascent_winograd:avx512";
  CHECK(n.kernels[1].saves_arithmetic());
  CHECK_THAT(sum_of(n).efficiency(), WithinRel((0.01 + 0.02) / 0.05, 1e-12));
  CHECK_THAT(sum_of(n).saving_ms, WithinRel(0.05, 1e-12));
}

TEST_CASE("two networks are measured in turns: a round in which the machine is slow does not show") {
  const network graph = fake::residual_network(8, 2);
  int calls = 0;
  // Every kernel takes 1 ms, but 50 ms in the first measurements.
  fake::executor device{.act = [&](const kernel&, std::size_t) { fake::work(++calls < 400 ? 50'000'000 : 1'000'000); }};
  auto first = prepare(device, graph);
  auto second = prepare(device, graph);
  const auto [a, b] = explain_networks(first, graph, second, graph, machine, data_type::f32, {.clocks = fake::clocks});
  CHECK(a.kernels.size() == first.kernels().size());
  for (const explained_network* n : {&a, &b})
    for (const explained_kernel& k : n->kernels) CHECK_THAT(k.at.latency_ms, WithinRel(1, 1e-6));
  CHECK_THAT(a.whole.median_ms, WithinRel(static_cast<double>(a.kernels.size()), 1e-6));
}

TEST_CASE("stages are paired by name and order") {
  const auto pairs =
      pair_stages(made("a", {{"stem", 1}, {"1", 1}, {"2", 1}, {"2", 2}, {"head.conv", 3}, {"head.dense", 1}}),
                  made("b", {{"stem", 1}, {"reshape", 8}, {"1", 1}, {"2a", 1}, {"2b", 5}, {"3", 2}, {"head", 4}}));
  std::vector<std::string> names;
  for (const stage_pair& p : pairs) names.push_back(p.name);
  CHECK(names == std::vector<std::string>{"stem", "reshape", "1", "2", "3", "head"});
  CHECK(pairs[5].first.ms == pairs[5].second.ms);
  CHECK(pairs[1].first.kernels == 0);
  CHECK(pairs[1].second.ms == 8);
  CHECK(pairs[3].first.ms == 3);
  CHECK(pairs[3].second.ms == 6);
  CHECK(pairs[3].first_kernels == std::vector<std::size_t>{2, 3});
  CHECK(pairs[3].second_kernels == std::vector<std::size_t>{3, 4});
  CHECK(pair_stages(made("a", {}), made("b", {})).empty());
  CHECK(pair_stages(made("a", {{"x", 1}}), made("b", {{"y", 1}})).size() == 2);
}

TEST_CASE("every layer belongs to a group") {
  CHECK(group_of({.kind = layer_kind::convolution, .kernel_height = 1, .kernel_width = 7}) ==
        kernel_group::convolution);
  CHECK(group_of({.kind = layer_kind::convolution, .groups = 4, .input = {.channels = 8}, .output = {.channels = 8}}) ==
        kernel_group::grouped);
  CHECK(group_of({.kind = layer_kind::convolution, .groups = 8, .input = {.channels = 8}, .output = {.channels = 8}}) ==
        kernel_group::depthwise);
  CHECK(group_of({.kind = layer_kind::multiply, .over = broadcast::positions}) == kernel_group::gate);
  CHECK(group_of({.kind = layer_kind::multiply}) == kernel_group::sum);  // of two maps, pixel by pixel, as a sum is
  CHECK(group_of({.kind = layer_kind::slice}) == kernel_group::copy);
  for (int g = 0; g < kernel_group_count; ++g) CHECK(to_string(static_cast<kernel_group>(g)) != std::string("unknown"));
}
