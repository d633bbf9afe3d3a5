// SPDX-License-Identifier: Apache-2.0
#include "nascent/zoo/resnet.hpp"

#include "printed.hpp"
#include <catch2/catch_test_macros.hpp>

using namespace nascent;

// Parameters: osmr/imgclsmob (ResNet-50b, SE-ResNet-50b, ResNetA-50b, ResNeXt-50 32x4d), torchvision. MACs: torchvision
// lists 4.089 and 4.23.
static_assert(count(zoo::resnet_50).params == 25'557'032);
static_assert(count(zoo::resnet_50).macs == 4'089'184'256);
static_assert(count(zoo::se_resnet_50).params == 28'088'024);
static_assert(count(zoo::resnext_50_32x4d).params == 25'028'904);
static_assert(count(zoo::resnet_50_d).params == 25'576'264);

TEST_CASE("ResNet's family has the MACs of public counts") {
  CHECK(count(zoo::resnext_50_32x4d).macs / 10'000'000 == 423);
  // SE-ResNet adds a product of a vector per gate, ResNet-D two 3x3 convolutions for a 7x7, and unstrided 1x1 for
  // strided ones.
  std::int64_t gates = 0;
  const std::array<int, 4> layers{3, 4, 6, 3};
  for (std::size_t i = 0; i < 4; ++i) gates += layers[i] * 2 * (256LL << i) * ((256LL << i) / 16);
  CHECK(count(zoo::se_resnet_50).macs == count(zoo::resnet_50).macs + gates);
  const std::int64_t pixels = 112 * 112;
  CHECK(count(zoo::resnet_50_d).macs ==
        count(zoo::resnet_50).macs + pixels * (27 * 32 + 9 * 32 * 32 + 9 * 32 * 64 - 49 * 3 * 64));
}

TEST_CASE("ResNet-50 has the maps of its paper's Table 1") {
  const network graph = to_network(zoo::resnet_50);
  std::array<shape, 5> last{};
  for (std::size_t i = 0; i < graph.layers().size(); ++i) {
    if (graph.stage_of(i) == "stem") last[0] = graph.layers()[i].output;
    for (std::size_t s = 0; s < 4; ++s)
      if (graph.stage_of(i) == zoo::stage_names[s]) last[s + 1] = graph.layers()[i].output;
  }
  CHECK(last[0] == shape{1, 56, 56, 64});
  CHECK(last[1] == shape{1, 56, 56, 256});
  CHECK(last[2] == shape{1, 28, 28, 512});
  CHECK(last[3] == shape{1, 14, 14, 1024});
  CHECK(last[4] == shape{1, 7, 7, 2048});
  CHECK(graph.output() == shape{1, 1, 1, 1000});
}

TEST_CASE("ResNet pads on both sides, as PyTorch's does") {
  const network graph = to_network(zoo::resnet_50);
  int strided = 0;
  for (const layer& l : graph.layers())
    if (l.stride_height > 1 && l.kernel_height > 1) {
      CHECK(l.pad == padding::symmetric);
      ++strided;
    }
  CHECK(strided == 5);
}

TEST_CASE("SE-ResNet gates the last convolution of a block") {
  const network graph = to_network(zoo::se_resnet_50);
  for (std::size_t i = 1; i < graph.layers().size(); ++i)
    if (graph.layers()[i].kind == layer_kind::global_average_pool && graph.stage_of(i) != "classifier")
      CHECK(graph.layers()[i].output.channels >= 256);
}

TEST_CASE("ResNet-D's shortcuts pool before their convolution") {
  const network graph = to_network(zoo::resnet_50_d);
  int pools = 0;
  for (const layer& l : graph.layers()) {
    pools += l.kind == layer_kind::average_pool ? 1 : 0;
    CHECK_FALSE((l.kind == layer_kind::convolution && l.kernel_height == 1 && l.stride_height > 1));
  }
  CHECK(pools == 3);
}

TEST_CASE("ResNet's family: a difference of more than 1 % from the printed figures has its reason beside it") {
  check_remark(zoo::resnet_50);
  check_remark(zoo::se_resnet_50);
  check_remark(zoo::resnext_50_32x4d);
  check_remark(zoo::resnet_50_d);
}

TEST_CASE("ResNet: every input is large enough, as in torchvision") {
  for (const int size : {1, 8, 32}) CHECK(count(zoo::resnet_50.at(size)).params == 25'557'032);
}
