// SPDX-License-Identifier: Apache-2.0
#include "nascent/zoo/gpunet_models.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "family.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "nascent/space/to_network.hpp"

using namespace nascent;
using strings = std::vector<std::string>;

// After NVIDIA/DeepLearningExamples PyTorch/Classification/GPUNet 729963d
// (Apache-2.0).
static_assert(count(zoo::gpunet_models[0]).params == 11'885'432);
static_assert(count(zoo::gpunet_models[0]).macs == 3'254'209'280);

TEST_CASE("GPUNet-0, 1, 2: parameters and MACs of the released configurations") {
  CHECK(count(zoo::gpunet_models[0]).params == 11'885'432);
  CHECK(count(zoo::gpunet_models[0]).macs == 3'254'209'280);
  CHECK(count(zoo::gpunet_models[1]).params == 12'704'192);
  CHECK(count(zoo::gpunet_models[1]).macs == 3'308'369'280);
  CHECK(count(zoo::gpunet_models[2]).params == 25'798'704);
  CHECK(count(zoo::gpunet_models[2]).macs == 8'386'275'920);
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

// The paper, Table 3: 3.25, 3.3 and 8.38 G, cut to its digits.
TEST_CASE("GPUNet: the printed MACs") {
  constexpr std::array<std::int64_t, 3> printed{325, 330, 838};
  for (std::size_t i = 0; i < 3; ++i) CHECK(count(zoo::gpunet_models[i]).macs / 10'000'000 == printed[i]);
}

TEST_CASE("GPUNet: the released builder's padding, symmetric but in strided fused convolutions, which have none") {
  for (const auto& m : zoo::gpunet_models) {
    CAPTURE(m.name);
    const network graph = to_network(m);
    int unpadded = 0;
    for (std::size_t i = 0; i < graph.layers().size(); ++i) {
      const layer& l = graph.layers()[i];
      if (l.kind != layer_kind::convolution || l.kernel_height == 1) continue;
      CAPTURE(i, graph.stage_of(i), l.input.height);
      const bool fused = graph.stage_of(i) == "2" || graph.stage_of(i) == "3";
      const int around = fused && l.stride_height == 2 ? 0 : l.kernel_height / 2;
      CHECK(l.output.height == (l.input.height + 2 * around - l.kernel_height) / l.stride_height + 1);
      // Where strides and odd maps make them one, symmetric padding is written as SAME.
      const padding symmetric = l.stride_height == 1 || l.input.height % 2 == 1 ? padding::same : padding::symmetric;
      CHECK(l.pad == (around == 0 ? padding::valid : symmetric));
      unpadded += around == 0 ? 1 : 0;
    }
    CHECK(unpadded == 2);
  }
}

TEST_CASE("GPUNet-0 and 1 lie outside of the printed filters in two stages each, GPUNet-2 inside") {
  CHECK(zoo::locate(zoo::gpunet_models[0]).outside == strings{"4.filters = 256", "6.filters = 704"});
  CHECK(zoo::locate(zoo::gpunet_models[1]).outside == strings{"5.filters = 288", "6.filters = 448"});
  CHECK(zoo::locate(zoo::gpunet_models[2]).outside.empty());
  CHECK(zoo::locate(zoo::gpunet_models[2].at(400)).outside == strings{"input.resolution = 400"});
}

TEST_CASE("GPUNet-2 is a vector of Table 2: the same layers but for padding, what it does to maps, and the head") {
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
    const layer& declared = space.layers()[i];
    const auto smaller = [](const shape& a, const shape& b) {
      return a.height <= b.height && a.height + 2 >= b.height;
    };
    CHECK(smaller(l.input, declared.input));
    CHECK(smaller(l.output, declared.output));
    CHECK(l.input.channels == declared.input.channels);
    CHECK(l.output.channels == declared.output.channels);
    l.pad = declared.pad;
    l.input = declared.input;
    l.output = declared.output;
    CHECK(l == declared);
  }
}

// The second fused convolution needs a map of 3, so the first one of 7 (kernel 3) or 9 (kernel 5).
TEST_CASE("GPUNet: inputs down to 13 px, of GPUNet-2 to 17 px; a smaller one is an error that names the stage") {
  constexpr std::array<int, 3> least{13, 13, 17};
  for (std::size_t i = 0; i < 3; ++i) {
    const auto& m = zoo::gpunet_models[i];
    CHECK(count(m.at(least[i])).params == count(m).params);
    CHECK_THROWS_WITH(count(m.at(least[i] - 1)), Catch::Matchers::ContainsSubstring("stage 3"));
  }
}
