// SPDX-License-Identifier: Apache-2.0
#include "nascent/network/fusion.hpp"

#include <cstddef>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "nascent/base/random.hpp"
#include "nascent/cost/cost.hpp"
#include "nascent/network/kernel.hpp"
#include "nascent/zoo/catalog.hpp"

using namespace nascent;

namespace {

constexpr layer convolution(activation act = identity) { return {.kind = layer_kind::convolution, .act = act}; }
constexpr layer sum(int a, int b) {
  layer l{.kind = layer_kind::add, .operand_count = 2};
  l.operands = {a, b};
  return l;
}

constexpr int joins(const layer& first, const layer& second, int before) {
  sum_fusion fusion;
  fusion(first, before - 1);
  return fusion(second, before);
}

}  // namespace

TEST_CASE("a sum joins the convolution made last, and adds the other operand") {
  STATIC_CHECK(joins(convolution(), sum(5, 2), 5) == 2);
  STATIC_CHECK(joins(convolution(), sum(0, 5), 5) == 0);
  STATIC_CHECK(joins(convolution(relu), sum(5, 2), 5) == sum_fusion::none);
  STATIC_CHECK(joins(convolution(), sum(5, 5), 5) == sum_fusion::none);
  STATIC_CHECK(joins(convolution(), sum(4, 2), 5) == sum_fusion::none);
  STATIC_CHECK(joins({.kind = layer_kind::dense}, sum(5, 2), 5) == sum_fusion::none);
  STATIC_CHECK(joins(sum(1, 2), sum(5, 2), 5) == sum_fusion::none);
  STATIC_CHECK(joins(convolution(), convolution(), 5) == sum_fusion::none);
  layer sloped = sum(5, 2);
  sloped.act = leaky_relu;
  CHECK(joins(convolution(), sloped, 5) == 2);
  sloped.first_channel_or_numbers = activation_function(leaky_relu, 0.2).numbers.bits();
  CHECK(joins(convolution(), sloped, 5) == sum_fusion::none);
}

// Two ways to one number: costs see layers as they come, `fuse` sees the whole graph.
TEST_CASE("costs and kernels fuse alike: their traffic is the same for every model") {
  zoo::for_each_model([](const auto& m) {
    INFO(m.name);
    const network graph = to_network(m);
    std::int64_t bytes = 0;
    for (const kernel& k : fuse(graph)) bytes += traffic(k, data_type::bf16, 4);
    CHECK(cost(m, {.type = data_type::bf16, .batch = 4}).traffic == bytes);
    CHECK(cost(graph, {.type = data_type::bf16, .batch = 4}).traffic == bytes);
  });
}
