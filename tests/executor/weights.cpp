// SPDX-License-Identifier: Apache-2.0
#include "nascent/executor/weights.hpp"

#include <cmath>
#include <cstddef>
#include <span>

#include "networks.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/block/block.hpp"
#include "nascent/executor/reference.hpp"

using namespace nascent;

TEST_CASE("random weights: the same seed gives the same numbers everywhere") {
  const network graph = make_network("two", {1, 4, 4, 6}, [](auto& net, tensor x) {
    x = net.conv(x, {.filters = 4, .kernel = {3, 1}, .groups = 2});
    net.dense(net.global_pool(x), {.units = 5});
  });
  const weights values = random_weights(graph, 1);
  REQUIRE(values.size() == 3);
  CHECK(values[0].kernel.size() == 3 * 1 * 3 * 4);
  CHECK(values[0].bias.size() == 4);
  CHECK(values[1].kernel.empty());
  CHECK(values[1].bias.empty());
  CHECK(values[2].kernel.size() == 4 * 5);
  CHECK(values[2].bias.size() == 5);

  // splitmix64 from state 1 starts with 0x910a2dec89025cc1 (the generator's published test vector).
  const float first = static_cast<float>(0x910a2dec89025cc1ULL >> 40) * 0x1p-23F - 1.0F;
  CHECK(values[0].kernel[0] == std::sqrt(3.0F / 9.0F) * first);  // 3 x 1 x 3 inputs, no activation

  CHECK(random_weights(graph, 1)[2].kernel == values[2].kernel);
  CHECK(random_weights(graph, 2)[2].kernel != values[2].kernel);
}

namespace {

/// Mean of the squares, times so many.
double mean_square(std::span<const float> values, double times = 1) {
  double squares = 0;
  for (const float v : values) squares += static_cast<double>(v) * static_cast<double>(v);
  return squares / static_cast<double>(values.size()) * times;
}

/// What a network makes of numbers of variance 1/3, in f32.
double output_square(const network& graph) {
  const auto in = test::random_numbers(test::input_size(graph), 5);
  return mean_square(test::run_once(reference::executor{}, graph, random_weights(graph, 3), in), 3);
}

}  // namespace

TEST_CASE("random weights: the variance is 2 / fan-in before an activation, 1 / fan-in without one") {
  const network graph = make_network("wide", {1, 8, 8, 64}, [](auto& net, tensor x) {
    x = net.conv(x, {.filters = 128, .kernel = 3, .act = relu});
    net.conv(x, {.filters = 128, .kernel = 3});
  });
  const weights values = random_weights(graph, 7);
  CHECK(std::abs(mean_square(values[0].kernel, 3 * 3 * 64) / 2 - 1) < 0.02);
  CHECK(std::abs(mean_square(values[1].kernel, 3 * 3 * 128) - 1) < 0.02);
}

TEST_CASE("random weights: where a sum ends a branch, the branches together add as much as there was") {
  const network graph = make_network("sums", {1, 4, 4, 16}, [](auto& net, tensor x) {
    for (int i = 0; i < 4; ++i) x = net.add(net.conv(x, {.filters = 16, .kernel = 3}), x);
  });
  for (const std::size_t convolution : {0U, 2U, 4U, 6U})
    CHECK(std::abs(mean_square(random_weights(graph, 7)[convolution].kernel, 3 * 3 * 16) * 4 - 1) < 0.1);
}

TEST_CASE("random weights: hundreds of layers neither overflow nor fade") {
  constexpr int blocks = 300;
  const auto built = [](auto&& block) {
    return make_network("deep", {1, 4, 4, 12}, [&](auto& net, tensor x) {
      for (int i = 0; i < blocks; ++i) x = block(net, x);
    });
  };
  const auto check = [](const network& graph) {
    const double square = output_square(graph);
    CHECK(square > 1e-3);
    CHECK(square < 1e3);
  };
  check(built([](auto& net, auto x) { return bottleneck{.filters = 12}(net, x, 1); }));
  check(built([](auto& net, auto x) { return mbconv{.filters = 12, .expand = 2, .act = relu6}(net, x, 1); }));
  check(
      built([](auto& net, auto x) { return mbconv{.filters = 12, .expand = 2, .se = .25, .act = swish}(net, x, 1); }));
  check(built([](auto& net, auto x) { return fused_mbconv{.filters = 12, .expand = 2}(net, x, 1); }));
  check(built([](auto& net, auto x) {  // the shortcut is a convolution, too
    return net.add(net.conv(x, {.filters = 12}), net.conv(x, {.filters = 12}), relu);
  }));
  check(built([](auto& net, auto x) { return net.conv(x, {.filters = 12, .kernel = 3}); }));
  check(built([](auto& net, auto x) { return net.conv(x, {.filters = 12, .kernel = 3, .act = relu}); }));
}
