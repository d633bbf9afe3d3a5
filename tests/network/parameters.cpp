// SPDX-License-Identifier: Apache-2.0
#include "nascent/network/parameters.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "nascent/block/block.hpp"

using namespace nascent;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::WithinAbs;

namespace {

/// A convolution or dense layer by its definition, without activation: SAME padding, NHWC.
std::vector<double> convolved(const layer& l, const std::vector<float>& kernel, const std::vector<double>& in) {
  std::vector<double> out(static_cast<std::size_t>(l.output.elements()));
  const int depth = l.input.channels / l.groups;
  const int filters = l.output.channels / l.groups;
  const int top = same_padding_before(l.input.height, l.kernel_height, l.stride_height);
  const int left = same_padding_before(l.input.width, l.kernel_width, l.stride_width);
  for (int y = 0; y < l.output.height; ++y)
    for (int x = 0; x < l.output.width; ++x)
      for (int o = 0; o < l.output.channels; ++o) {
        double sum = 0;
        for (int i = 0; i < l.kernel_height; ++i)
          for (int j = 0; j < l.kernel_width; ++j)
            for (int c = 0; c < depth; ++c) {
              const int v = y * l.stride_height - top + i;
              const int u = x * l.stride_width - left + j;
              if (v < 0 || u < 0 || v >= l.input.height || u >= l.input.width) continue;
              const int channel = o / filters * depth + c;
              sum +=
                  in[static_cast<std::size_t>((v * l.input.width + u) * l.input.channels + channel)] *
                  static_cast<double>(
                      kernel[static_cast<std::size_t>(((o * l.kernel_height + i) * l.kernel_width + j) * depth + c)]);
            }
        out[static_cast<std::size_t>((y * l.output.width + x) * l.output.channels + o)] = sum;
      }
  return out;
}

network layers_of_all_kinds() {
  return make_network("kinds", {1, 7, 6, 8}, [](auto& n, auto x) {
    x = n.conv(x, {.filters = 12, .kernel = 3, .stride = 2});
    x = n.conv(x, {.filters = 6, .kernel = {1, 3}, .groups = 3, .act = relu});
    x = n.depthwise_conv(x, {.kernel = 5});
    x = n.conv(x, {.filters = 9, .bias = true});
    x = n.conv(x, {.filters = 9, .batch_norm = false});
    n.dense(n.global_pool(x), {.units = 10});
  });
}

}  // namespace

TEST_CASE("a folded layer computes what convolution and batch normalisation compute one after the other") {
  const network graph = layers_of_all_kinds();
  const network_parameters values = random_parameters(graph, 7);
  const float epsilon = GENERATE_COPY(usual_epsilon, 1e-3F);
  const weights folded = fold(graph, values, epsilon);
  REQUIRE(folded.size() == graph.layers().size());
  for (std::size_t i = 0; i < folded.size(); ++i) {
    const layer& l = graph.layers()[i];
    INFO("layer " << i);
    if (!l.has_weights()) {
      CHECK(folded[i].kernel.empty());
      CHECK(folded[i].bias.empty());
      continue;
    }
    std::vector<double> in(static_cast<std::size_t>(l.input.elements()));
    for (std::size_t k = 0; k < in.size(); ++k) in[k] = std::sin(static_cast<double>(3 * k + i));
    std::vector<double> apart = convolved(l, values[i].kernel, in);
    std::vector<double> at_once = convolved(l, folded[i].kernel, in);
    const auto channels = static_cast<std::size_t>(l.output.channels);
    double largest = 0;
    for (std::size_t k = 0; k < apart.size(); ++k) {
      const std::size_t c = k % channels;
      if (l.bias) apart[k] += static_cast<double>(values[i].bias[c]);
      if (l.batch_norm) {
        const batch_norm_parameters& n = values[i].norm;
        apart[k] = static_cast<double>(n.gamma[c]) * (apart[k] - static_cast<double>(n.mean[c])) /
                       std::sqrt(static_cast<double>(n.variance[c]) + static_cast<double>(epsilon)) +
                   static_cast<double>(n.beta[c]);
      }
      at_once[k] += static_cast<double>(folded[i].bias[c]);
      largest = std::max(largest, std::abs(apart[k]));
      REQUIRE_THAT(at_once[k], WithinAbs(apart[k], 2e-5));
    }
    CHECK(largest > .1);  // there is something to compare
  }
}

TEST_CASE("parameters are as many as are counted, moving statistics apart") {
  const network graph = make_network("counted", {1, 16, 16, 16}, [](auto& n, auto x) {
    x = mbconv{.filters = 24, .se = .25}(n, x, 2);
    n.dense(n.global_pool(bottleneck{.filters = 32, .groups = 2}(n, x, 1)), {.units = 10});
  });
  std::size_t trained = 0;
  for (const layer_parameters& p : random_parameters(graph, 1))
    trained += p.kernel.size() + p.bias.size() + p.norm.gamma.size() + p.norm.beta.size();
  const auto counted = std::accumulate(graph.layers().begin(), graph.layers().end(), std::int64_t{0},
                                       [](std::int64_t sum, const layer& l) { return sum + params(l); });
  CHECK(static_cast<std::int64_t>(trained) == counted);
}

TEST_CASE("random parameters are reproducible, and normalisations are neither trivial nor degenerate") {
  const network graph = layers_of_all_kinds();
  const network_parameters a = random_parameters(graph, 3);
  const network_parameters b = random_parameters(graph, 3);
  const network_parameters c = random_parameters(graph, 4);
  CHECK(a[0].kernel == b[0].kernel);
  CHECK(a[2].norm.variance == b[2].norm.variance);
  CHECK(a[0].kernel != c[0].kernel);
  for (const float v : a[0].norm.variance) CHECK((v >= .5F && v < 1.5F));
  CHECK(a[0].norm.gamma != a[0].norm.variance);
  CHECK(a[3].norm.gamma.empty());
  CHECK(a[3].bias.size() == 9);
  CHECK(a[4].bias.empty());
}

TEST_CASE("parameters of another network are refused by layer and name") {
  const network graph = layers_of_all_kinds();
  const auto broken = [&](auto change) {
    network_parameters values = random_parameters(graph, 1);
    change(values);
    return values;
  };
  CHECK_THROWS_WITH(fold(graph, broken([](network_parameters& p) { p.pop_back(); })),
                    ContainsSubstring("6 layers; allowed: 7"));
  CHECK_THROWS_WITH(
      fold(graph, broken([](network_parameters& p) { p[1].kernel.pop_back(); })),
      ContainsSubstring("layer 1 (convolution)") && ContainsSubstring("71 numbers in kernel; allowed: 72"));
  CHECK_THROWS_WITH(fold(graph, broken([](network_parameters& p) { p[0].bias = {1}; })),
                    ContainsSubstring("1 numbers in bias; allowed: 0"));
  CHECK_THROWS_WITH(fold(graph, broken([](network_parameters& p) { p[0].norm.mean.clear(); })),
                    ContainsSubstring("0 numbers in mean; allowed: 12"));
  for (const float variance : {-1.0F, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()})
    CHECK_THROWS_WITH(fold(graph, broken([&](network_parameters& p) { p[2].norm.variance[3] = variance; })),
                      ContainsSubstring("layer 2") && ContainsSubstring("variance"));
  for (const float epsilon : {0.0F, -1.0F, std::numeric_limits<float>::quiet_NaN()})
    CHECK_THROWS_AS(fold(graph, random_parameters(graph, 1), epsilon), network_error);
}

TEST_CASE("a batch normalisation by itself folds into a factor and a summand, others keep theirs") {
  const network graph = make_network("norms", {1, 4, 4, 2}, [](auto& n, auto x) {
    x = n.batch_norm(x, relu);
    x = n.layer_scale(x);
    n.layer_norm(x);
  });
  network_parameters values = random_parameters(graph, 1);
  CHECK(values[0].kernel.empty());
  CHECK(values[1].kernel.size() == 2);
  CHECK(values[2].bias.size() == 2);
  values[0].norm = {.gamma = {2, 3}, .beta = {1, 0}, .mean = {4, 1}, .variance = {3, 0}};
  const weights folded = fold(graph, values, 1);
  CHECK(folded[0].kernel == std::vector<float>{1, 3});
  CHECK(folded[0].bias == std::vector<float>{-3, -3});
  CHECK(folded[1].kernel == values[1].kernel);
  CHECK(folded[1].bias == std::vector<float>{0, 0});
  CHECK(folded[2].kernel == values[2].kernel);
  CHECK(folded[2].bias == values[2].bias);
}

TEST_CASE("a bias beside a batch normalisation is folded with it") {
  const network graph = make_network(
      "both", {1, 1, 1, 1}, [](auto& n, auto x) { n.conv(x, {.filters = 1, .bias = true, .batch_norm = true}); });
  network_parameters values = random_parameters(graph, 1);
  values[0] = {.kernel = {5}, .bias = {7}, .norm = {.gamma = {2}, .beta = {1}, .mean = {4}, .variance = {3}}};
  const weights folded = fold(graph, values, 1);
  CHECK(folded[0].kernel == std::vector<float>{5});
  CHECK(folded[0].bias == std::vector<float>{4});  // (7 - 4) * 2 / 2 + 1
}
