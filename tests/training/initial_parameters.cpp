// SPDX-License-Identifier: Apache-2.0
#include "nascent/training/initial_parameters.hpp"

#include <cmath>
#include <cstddef>
#include <vector>

#include <catch2/catch_test_macros.hpp>

using namespace nascent;

namespace {

double variance_of(const std::vector<float>& numbers) {
  double sum = 0;
  double squares = 0;
  for (const float x : numbers) {
    sum += static_cast<double>(x);
    squares += static_cast<double>(x) * static_cast<double>(x);
  }
  const auto n = static_cast<double>(numbers.size());
  return squares / n - sum / n * (sum / n);
}

}  // namespace

// Fan-ins counted by hand.
TEST_CASE("initial_parameters: kernels have the variance of He et al. by their true fan-in") {
  const network graph = make_network("all", {1, 16, 16, 64}, [](auto& net, tensor x) {
    x = net.conv(x, {.filters = 128, .kernel = 3, .act = relu});                         // 9 x 64
    x = net.depthwise_conv(x, {.kernel = 7, .act = relu});                               // 49
    x = net.conv(x, {.filters = 128, .kernel = 3, .groups = 4, .act = relu});            // 9 x 32
    x = net.conv(x, {.filters = 128, .kernel = 1});                                      // 128, without an activation
    x = net.transposed_conv(x, {.filters = 64, .kernel = 4, .stride = 2, .act = relu});  // 16 x 128 / 4
    net.dense(net.global_pool(x), {.units = 200});                                       // 64
  });
  const network_parameters all = initial_parameters(graph, 3);
  const double expected[] = {2.0 / 576, 2.0 / 49, 2.0 / 288, 1.0 / 128, 2.0 / 512, 0, 1.0 / 64};
  for (std::size_t i = 0; i < all.size(); ++i) {
    INFO("layer " << i);
    if (expected[i] == 0) {
      CHECK(all[i].kernel.empty());
      continue;
    }
    const double deviations = std::sqrt(2.0 / static_cast<double>(all[i].kernel.size()));  // of a sample's variance
    CHECK(std::abs(variance_of(all[i].kernel) / expected[i] - 1) < 5 * deviations);
  }
}

TEST_CASE("initial_parameters: biases and betas are 0, gammas and factors 1, embeddings small") {
  const network graph = make_network("all", {1, 8, 8, 16}, [](auto& net, tensor x) {
    x = net.conv(x, {.filters = 16, .kernel = 3, .bias = true, .batch_norm = true});
    x = net.layer_norm(net.batch_norm(x, relu), {});
    x = net.position_embedding(net.layer_scale(x));
    net.dense(net.global_pool(x), {.units = 4});
  });
  const network_parameters all = initial_parameters(graph, 1);
  const auto are = [](const std::vector<float>& numbers, float value) {
    bool same = !numbers.empty();
    for (const float x : numbers) same = same && x == value;
    return same;
  };
  CHECK(are(all[0].bias, 0));
  CHECK(are(all[0].norm.gamma, 1));
  CHECK(are(all[0].norm.beta, 0));
  CHECK(are(all[0].norm.mean, 0));
  CHECK(are(all[0].norm.variance, 1));
  CHECK(are(all[2].kernel, 1));
  CHECK(are(all[2].bias, 0));
  CHECK(are(all[3].kernel, 1));
  CHECK(std::abs(std::sqrt(variance_of(all[4].kernel)) - 0.02) < 0.002);
  CHECK(initial_parameters(graph, 1)[0].kernel == all[0].kernel);
  CHECK(initial_parameters(graph, 2)[0].kernel != all[0].kernel);
  detail::check_parameters(graph, all);
}
