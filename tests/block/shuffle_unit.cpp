// SPDX-License-Identifier: Apache-2.0
#include "nascent/block/shuffle_unit.hpp"

#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "nascent/block/block.hpp"
#include "nascent/cost/cost.hpp"
#include "nascent/network/network.hpp"

using namespace nascent;

namespace {

template <class Block>
network on_map(const Block& block, shape input, int stride = 1) {
  return make_network("one block", input, [&](auto& net, auto x) { return place(net, block, x, stride); });
}

std::vector<layer_kind> kinds(const network& graph) {
  std::vector<layer_kind> all;
  for (const layer& l : graph.layers()) all.push_back(l.kind);
  return all;
}

}  // namespace

TEST_CASE("a unit of ShuffleNetV2 computes half of the channels and lets the others go by") {
  const network graph = on_map(shuffle_unit{.filters = 116}, {1, 28, 28, 116});
  CHECK(kinds(graph) == std::vector{layer_kind::slice, layer_kind::slice, layer_kind::convolution,
                                    layer_kind::convolution, layer_kind::convolution, layer_kind::concatenate,
                                    layer_kind::channel_shuffle});
  CHECK(graph.output() == shape{1, 28, 28, 116});
  // Two 58 x 58 matrices and 58 filters of 9 numbers, with gamma and beta.
  CHECK(cost(graph).params == 2 * (58 * 58 + 2 * 58) + 58 * 9 + 2 * 58);
}

TEST_CASE("a strided unit makes both halves of all channels") {
  const network graph = on_map(shuffle_unit{.filters = 116}, {1, 56, 56, 24}, 2);
  CHECK(graph.output() == shape{1, 28, 28, 116});
  const int by = 24 * 9 + 2 * 24 + 24 * 58 + 2 * 58;
  CHECK(cost(graph).params == by + 24 * 58 + 2 * 58 + 58 * 9 + 2 * 58 + 58 * 58 + 2 * 58);
}

TEST_CASE("an odd width has no halves") {
  CHECK_THROWS_AS(on_map(shuffle_unit{.filters = 15}, {1, 8, 8, 16}), network_error);
}

// timm 1.0.31: GhostModule(16, 72) has 16 x 36 + 36 x 9 weights and two batch normalisations of 36 channels.
TEST_CASE("a ghost module has the parameters of timm's") {
  const network graph = on_map(ghost{.filters = 72}, {1, 14, 14, 16});
  CHECK(cost(graph).params == 1044);
  CHECK(cost(graph).macs == 14 * 14 * (16 * 36 + 36 * 9));
  CHECK(graph.output() == shape{1, 14, 14, 72});
  // Three ghosts of each channel.
  CHECK(cost(on_map(ghost{.filters = 72, .ratio = 4}, {1, 14, 14, 16})).params == 16 * 18 + 2 * 18 + 54 * 9 + 2 * 54);
}

TEST_CASE("a ghost module's ratio divides its filters") {
  CHECK_THROWS_AS(on_map(ghost{.filters = 72, .ratio = 5}, {1, 14, 14, 16}), network_error);
}

// timm 1.0.31: MixedConv2d(50, 50, [3, 5, 7], depthwise=True) has kernels of 18 x 3 x 3, 16 x 5 x 5 and 16 x 7 x 7.
TEST_CASE("mixed kernels share the channels as timm's do") {
  const network graph = on_map(mix_conv{.parts = 3}, {1, 14, 14, 50}, 2);
  CHECK(graph.output() == shape{1, 7, 7, 50});
  std::vector<std::int64_t> weights;
  for (const layer& l : graph.layers())
    if (l.has_weights()) weights.push_back(weight_elements(l));
  CHECK(weights == std::vector<std::int64_t>{18 * 9, 16 * 25, 16 * 49});
  CHECK(on_map(mix_conv{.parts = 1, .kernel = 5}, {1, 8, 8, 12}).layers() ==
        on_map(depthwise_conv{.kernel = 5}, {1, 8, 8, 12}).layers());
  CHECK_THROWS_AS(on_map(mix_conv{.parts = 20}, {1, 14, 14, 12}), network_error);
}
