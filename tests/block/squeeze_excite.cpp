// SPDX-License-Identifier: Apache-2.0
#include "nascent/block/squeeze_excite.hpp"

#include "build_block.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/block/block.hpp"

using namespace nascent;
using test::kinds;
using enum layer_kind;

namespace {

/// x + shortcut by `kind`, where x has the given shape.
network sum_of(residual kind, const shape& input, int filters, int stride, activation act = identity) {
  return make_network("sum", input, [&](auto& net, auto in) {
    const auto x = net.conv(in, {.filters = filters, .stride = stride});
    add_residual(net, x, in, kind, stride, act);
  });
}

}  // namespace

TEST_CASE("squeeze-and-excite: pool, two 1x1 with bias, multiply") {
  const network graph =
      make_network("se", {1, 14, 14, 96}, [](auto& net, auto x) { squeeze_excite(net, x, 4, swish); });
  const std::vector<layer>& layers = graph.layers();
  REQUIRE(kinds(graph) == std::vector{global_average_pool, convolution, convolution, multiply});
  CHECK(layers[1].output == shape{1, 1, 1, 4});
  CHECK(layers[1].act == swish);
  CHECK(layers[2].output == shape{1, 1, 1, 96});
  CHECK(layers[2].act == sigmoid);
  CHECK(layers[3].operands[0] == 0);
  CHECK(layers[3].operands[1] == 3);
  CHECK(graph.output() == shape{1, 14, 14, 96});
  CHECK(test::params(graph) == (96 * 4 + 4) + (4 * 96 + 96));
  CHECK(test::macs(graph) == 2 * 96 * 4);
}

// MobileNetV3, section 5.3 of its paper: ReLU inside, a hard sigmoid as the gate, at the same cost.
TEST_CASE("squeeze-and-excite with an activation and a gate of its own") {
  const network graph =
      make_network("se", {1, 14, 14, 96}, [](auto& net, auto x) { squeeze_excite(net, x, 24, relu, hsigmoid); });
  CHECK(graph.layers()[1].act == relu);
  CHECK(graph.layers()[2].act == hsigmoid);
  CHECK(graph.layers()[3].kind == multiply);
  CHECK(inner_activation(se_activation::of_block, hswish) == hswish);
  CHECK(inner_activation(se_activation::always_relu, hswish) == relu);
}

TEST_CASE("mbconv says what its squeeze-and-excite has inside and as a gate") {
  const auto layers_of = [](const auto& block) {
    return make_network("block", {1, 14, 14, 16}, [&](auto& net, auto x) { block(net, x, 1); }).layers();
  };
  const mbconv usual{.filters = 16, .expand = 4, .se = .25, .act = hswish};
  auto of_mobilenet = usual;
  of_mobilenet.se_act = se_activation::always_relu;
  of_mobilenet.se_gate = hsigmoid;
  const auto a = layers_of(usual);
  auto b = layers_of(of_mobilenet);
  REQUIRE(a.size() == 8);
  REQUIRE(b.size() == 8);
  CHECK(a[3].act == hswish);
  CHECK(a[4].act == sigmoid);
  CHECK(b[3].act == relu);
  CHECK(b[4].act == hsigmoid);
  b[3].act = hswish;
  b[4].act = sigmoid;
  CHECK(a == b);
}

// What each family's public definition says.
TEST_CASE("the hidden channels refer to what the family refers to") {
  CHECK(se_hidden(.25, se_reference::block_input, 24, 144) == 6);       // EfficientNet
  CHECK(se_hidden(.25, se_reference::block_input, 3, 3) == 1);          // never 0
  CHECK(se_hidden(.25, se_reference::expanded, 24, 72) == 18);          // FBNetV2
  CHECK(se_hidden(.25, se_reference::expanded_rounded, 24, 72) == 24);  // MobileNetV3: 18 up to 24, since 16 < 0.9 * 18
  CHECK(se_hidden(.25, se_reference::expanded_rounded, 40, 120) == 32);  // 30
  CHECK(se_hidden(.25, se_reference::expanded_rounded, 112, 672) == 168);
}

TEST_CASE("an expansion that is no whole number rounds to the nearest") {
  null_interpreter nothing;
  net<null_interpreter> n(nothing);
  CHECK(expanded_channels(n, 24, 6) == 144);
  CHECK(expanded_channels(n, 64, 1.5) == 96);
  CHECK(expanded_channels(n, 80, 2.3) == 184);  // MobileNetV3-Large; 2.3 * 80 is 183.99999999999997
  CHECK(expanded_channels(n, 2048, .25) == 512);
}

TEST_CASE("where shapes match, every residual but none is a plain sum") {
  for (const residual kind : {residual::identity, residual::project, residual::strided})
    CHECK(kinds(sum_of(kind, {1, 8, 8, 16}, 16, 1)) == std::vector{convolution, add});
  CHECK(kinds(sum_of(residual::none, {1, 8, 8, 16}, 16, 1)) == std::vector{convolution});
}

TEST_CASE("where shapes differ, identity adds nothing") {
  CHECK(kinds(sum_of(residual::identity, {1, 8, 8, 16}, 16, 2)) == std::vector{convolution});
  CHECK(kinds(sum_of(residual::identity, {1, 8, 8, 16}, 24, 1)) == std::vector{convolution});
}

TEST_CASE("project pools to the size and convolves to the width, each only where needed") {
  CHECK(kinds(sum_of(residual::project, {1, 8, 8, 16}, 16, 2)) ==
        std::vector{convolution, layer_kind::average_pool, add});
  CHECK(kinds(sum_of(residual::project, {1, 8, 8, 16}, 24, 1)) == std::vector{convolution, convolution, add});
  const network both = sum_of(residual::project, {1, 8, 8, 16}, 24, 2);
  REQUIRE(kinds(both) == std::vector{convolution, layer_kind::average_pool, convolution, add});
  CHECK(both.layers()[1].kernel_height == 2);
  CHECK(both.layers()[1].stride_height == 2);
  CHECK(both.layers()[2].kernel_height == 1);
  CHECK(both.layers()[2].stride_height == 1);
}

TEST_CASE("strided is one 1x1 convolution with the stride") {
  const network graph = sum_of(residual::strided, {1, 8, 8, 16}, 24, 2);
  REQUIRE(kinds(graph) == std::vector{convolution, convolution, add});
  CHECK(graph.layers()[1].stride_height == 2);
  CHECK(graph.layers()[1].output == shape{1, 4, 4, 24});
}

TEST_CASE("a shortcut has the stride that its block has, whatever the map") {
  for (int height = 1; height < 20; ++height)
    for (int width = 1; width < 20; ++width)
      for (const int stride : {1, 2, 3, 4})
        for (const residual kind : {residual::project, residual::strided}) {
          CAPTURE(height, width, stride, to_string(kind));
          const network graph = sum_of(kind, {1, height, width, 16}, 24, stride);
          REQUIRE(graph.output() == shape{1, (height + stride - 1) / stride, (width + stride - 1) / stride, 24});
          REQUIRE(graph.layers()[1].stride_height == stride);
        }
}

TEST_CASE("the shortcut of a bottleneck on maps that its stride does not divide") {
  for (const int size : {5, 6, 9}) {
    const network graph = make_network("bottleneck", {1, size, size, 16},
                                       [](auto& net, auto x) { place(net, bottleneck{.filters = 32}, x, 4); });
    REQUIRE(kinds(graph) == std::vector{convolution, convolution, convolution, convolution, add});
    CHECK(graph.layers()[3].stride_height == 4);
  }
}

TEST_CASE("the activation comes after the sum, and by itself where there is none") {
  CHECK(sum_of(residual::identity, {1, 8, 8, 16}, 16, 1, relu).layers()[1].act == relu);
  const network alone = sum_of(residual::none, {1, 8, 8, 16}, 16, 1, relu);
  CHECK(kinds(alone) == std::vector{convolution, activate});
}
