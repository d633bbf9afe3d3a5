// SPDX-License-Identifier: Apache-2.0
#include "nascent/block/decoder.hpp"

#include <array>
#include <cstddef>
#include <span>

#include <catch2/catch_test_macros.hpp>

#include "nascent/cost/bounds.hpp"
#include "nascent/cost/cost.hpp"
#include "nascent/network/network.hpp"
#include "nascent/space/space.hpp"

using namespace nascent;

namespace {

template <class Block>
network on_map(const Block& block, shape input) {
  return make_network("one block", input, [&](auto& net, auto x) { return place(net, block, x, 1); });
}

}  // namespace

TEST_CASE("decoders' blocks make maps larger by a whole factor") {
  CHECK(on_map(resize<>{}, {1, 5, 7, 12}).output() == shape{1, 10, 14, 12});
  CHECK(on_map(resize{.scale = 3, .smooth = true}, {1, 5, 7, 12}).output() == shape{1, 15, 21, 12});
  for (const int scale : {2, 4})
    for (const bool overlap : {false, true}) {
      const network graph = on_map(transposed_conv{.filters = 6, .scale = scale, .overlap = overlap}, {1, 5, 7, 12});
      CAPTURE(scale, overlap);
      CHECK(graph.output() == shape{1, 5 * scale, 7 * scale, 6});
      const int kernel = overlap ? 2 * scale : scale;
      CHECK(cost(graph).params == kernel * kernel * 12 * 6 + 2 * 6);
      CHECK(cost(graph).macs == 5 * 7 * kernel * kernel * 12 * 6);  // at each pixel that enters
    }
}

TEST_CASE("decoders are counted without a graph, as candidates of a space are") {
  static constexpr auto decoder = define([] {
    return search_space("decoder")
        .input(16, 8)
        .stage("1", transposed_conv{.filters = one_of(8, 12), .scale = 2})
        .stage("2", resize{.scale = one_of(2, 3)});
  });
  static_assert(decoder.size() == 4 && max_macs(decoder) == 8 * 8 * 4 * 16 * 12);
  CHECK(count(decoder.unrank(0)).params == 4 * 16 * 8 + 2 * 8);
}

// torchvision 0.21: FeaturePyramidNetwork([256, 512, 1024, 2048], 256) on ResNet-50's maps at 224 px; multiply-adds by
// PyTorch's FlopCounterMode.
TEST_CASE("a feature pyramid has the counts of torchvision's") {
  const network pyramid = make_network("pyramid", {1, 56, 56, 256}, [](auto& net, auto x) {
    std::array<tensor, 4> maps{x};
    for (std::size_t i = 1; i < 4; ++i)  // stand in for a backbone
      maps[i] = net.concatenate(net.max_pool(maps[i - 1], {}), net.max_pool(maps[i - 1], {}));
    feature_pyramid(net, std::span<tensor>(maps), 256);
    net.output(maps[0], "0");
    net.output(maps[1], "1");
    net.output(maps[2], "2");
    net.output(maps[3], "3");
  });
  CHECK(cost(pyramid).params == 3'344'384);
  CHECK(cost(pyramid).macs == 2'841'968'640);
  const auto outputs = pyramid.outputs();
  REQUIRE(outputs.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) CHECK(pyramid.tensor_shape(outputs[i].tensor) == shape{1, 56 >> i, 56 >> i, 256});
}
