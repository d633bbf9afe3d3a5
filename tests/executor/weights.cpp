// SPDX-License-Identifier: Apache-2.0
#include "nascent/executor/weights.hpp"

#include "networks.hpp"
#include <catch2/catch_test_macros.hpp>

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
  CHECK(values[0].kernel[0] == std::sqrt(6.0F / 9.0F) * first);

  CHECK(random_weights(graph, 1)[2].kernel == values[2].kernel);
  CHECK(random_weights(graph, 2)[2].kernel != values[2].kernel);
}

TEST_CASE("random weights: the variance is 2 / fan-in") {
  const network graph =
      make_network("wide", {1, 8, 8, 64}, [](auto& net, tensor x) { net.conv(x, {.filters = 128, .kernel = 3}); });
  const weights values = random_weights(graph, 7);
  double sum = 0;
  double squares = 0;
  for (const float v : values[0].kernel) {
    sum += static_cast<double>(v);
    squares += static_cast<double>(v) * static_cast<double>(v);
  }
  const auto count = static_cast<double>(values[0].kernel.size());
  const double fan_in = 3 * 3 * 64;
  CHECK(std::abs(sum / count) < 1e-3);
  CHECK(std::abs(squares / count * fan_in / 2 - 1) < 0.02);
}
