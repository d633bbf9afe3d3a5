// SPDX-License-Identifier: Apache-2.0
#include "nascent/zoo/densenet.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace nascent;

// timm 1.0.31, densenet121 (torchvision's has as many): its parameters, and the multiply-adds that PyTorch's
// FlopCounterMode sees.
static_assert(count(zoo::densenet_121).params == 7'978'856);
static_assert(count(zoo::densenet_121).macs == 2'834'161'664);

TEST_CASE("DenseNet-121 ends in 1024 channels") {
  const network graph = to_network(zoo::densenet_121);
  CHECK(graph.layers().back().input == shape{1, 1, 1, 1024});
}
