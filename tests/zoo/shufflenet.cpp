// SPDX-License-Identifier: Apache-2.0
#include "nascent/zoo/shufflenet.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace nascent;

// torchvision 0.21 (shufflenet_v2_x0_5 and so on): its parameters, and the multiply-adds that PyTorch's FlopCounterMode
// sees.
static_assert(count(zoo::shufflenet_v2_x0_5).params == 1'366'792 && count(zoo::shufflenet_v2_x0_5).macs == 40'476'448);
static_assert(count(zoo::shufflenet_v2_x1_0).params == 2'278'604 && count(zoo::shufflenet_v2_x1_0).macs == 144'907'992);
static_assert(count(zoo::shufflenet_v2_x1_5).params == 3'503'624 && count(zoo::shufflenet_v2_x1_5).macs == 295'759'392);
static_assert(count(zoo::shufflenet_v2_x2_0).params == 7'393'996 && count(zoo::shufflenet_v2_x2_0).macs == 583'253'464);

TEST_CASE("ShuffleNetV2: a shuffle behind every unit, and the maps of its paper's Table 5") {
  const network graph = to_network(zoo::shufflenet_v2_x1_0);
  int shuffles = 0;
  for (const layer& l : graph.layers())
    if (l.kind == layer_kind::channel_shuffle) {
      const int stage = shuffles < 4 ? 0 : shuffles < 12 ? 1 : 2;
      CHECK(l.output == shape{1, 28 >> stage, 28 >> stage, 116 << stage});
      ++shuffles;
    }
  CHECK(shuffles == 16);
}
