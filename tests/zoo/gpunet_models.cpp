// SPDX-License-Identifier: Apache-2.0
#include "nascent/zoo/gpunet_models.hpp"

#include <string>
#include <vector>

#include "family.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/space/to_network.hpp"

using namespace nascent;
using strings = std::vector<std::string>;

// After NVIDIA/DeepLearningExamples PyTorch/Classification/GPUNet 729963d
// (Apache-2.0).
static_assert(count(zoo::gpunet_models[0]).params == 11'885'432);
static_assert(count(zoo::gpunet_models[0]).macs == 3'308'916'480);

TEST_CASE("GPUNet-0, 1, 2: parameters and MACs of the released configurations") {
  CHECK(count(zoo::gpunet_models[0]).params == 11'885'432);
  CHECK(count(zoo::gpunet_models[0]).macs == 3'308'916'480);
  CHECK(count(zoo::gpunet_models[1]).params == 12'704'192);
  CHECK(count(zoo::gpunet_models[1]).macs == 3'375'338'624);
  CHECK(count(zoo::gpunet_models[2]).params == 25'798'704);
  CHECK(count(zoo::gpunet_models[2]).macs == 8'708'618'240);
}

TEST_CASE("GPUNet: as many body layers as released") {
  // Body layers: convolutions of stage 1, and blocks.
  constexpr std::array<int, 3> body{12, 14, 32};
  for (std::size_t i = 0; i < 3; ++i)
    CHECK(zoo::gpunet_models[i].body.stages[0].layers + blocks_of(zoo::gpunet_models[i]) == body[i]);
}

TEST_CASE("GPUNet: a difference of more than 1 % from the printed figures has its reason beside it") {
  for (const auto& m : zoo::gpunet_models) check_printed(m);
}

TEST_CASE("GPUNet: the released builder's padding, symmetric but in fused blocks") {
  for (const auto& m : zoo::gpunet_models) {
    CAPTURE(m.name);
    const network graph = to_network(m);
    for (std::size_t i = 0; i < graph.layers().size(); ++i) {
      const layer& l = graph.layers()[i];
      if (l.kind != layer_kind::convolution || l.stride_height == 1) continue;
      CAPTURE(i, graph.stage_of(i));
      const bool fused = graph.stage_of(i) == "2" || graph.stage_of(i) == "3";
      CHECK(l.pad == (fused ? padding::same : padding::symmetric));
    }
  }
}

TEST_CASE("GPUNet-0 and 1 lie outside of the printed filters in two stages each, GPUNet-2 inside") {
  CHECK(zoo::locate(zoo::gpunet_models[0]).outside == strings{"4.filters = 256", "6.filters = 704"});
  CHECK(zoo::locate(zoo::gpunet_models[1]).outside == strings{"5.filters = 288", "6.filters = 448"});
  CHECK(zoo::locate(zoo::gpunet_models[2]).outside.empty());
  CHECK(zoo::locate(zoo::gpunet_models[2].at(400)).outside == strings{"input.resolution = 400"});
}

TEST_CASE("GPUNet-2 is a vector of Table 2: the same layers but for padding and the head") {
  const auto found = zoo::locate(zoo::gpunet_models[2]);
  const auto c = zoo::gpunet_encoded.decode(found.vector);
  CHECK(zoo::gpunet_encoded.encode(c) == found.vector);
  const network space = to_network(c);
  const network released = to_network(zoo::gpunet_models[2]);
  REQUIRE(space.layers().size() == released.layers().size());
  CHECK(space.input() == released.input());
  for (std::size_t i = 0; i + 3 < released.layers().size(); ++i) {
    CAPTURE(i);
    layer l = released.layers()[i];
    l.pad = padding::same;
    CHECK(l == space.layers()[i]);
  }
}

TEST_CASE("GPUNet: every input is large enough") {
  CHECK(count(zoo::gpunet_models[0].at(8)).params == count(zoo::gpunet_models[0]).params);
}
