// SPDX-License-Identifier: Apache-2.0
#include "nascent/zoo/convnext.hpp"

#include "printed.hpp"
#include <catch2/catch_test_macros.hpp>

using namespace nascent;

// timm 1.0.31, convnext_tiny: its parameters, and the multiply-adds that PyTorch's FlopCounterMode sees.
static_assert(count(zoo::convnext_t).params == 28'589'128);
static_assert(count(zoo::convnext_t).macs == 4'455'531'264);

TEST_CASE("ConvNeXt-T has the maps of its paper") {
  check_remark(zoo::convnext_t);
  const network graph = to_network(zoo::convnext_t);
  for (std::size_t i = 1; i < graph.layers().size(); ++i)
    if (graph.stage_of(i) != graph.stage_of(i - 1) && graph.stage_of(i) == "4")
      CHECK(graph.layers()[i].input == shape{1, 14, 14, 384});
  CHECK(graph.output() == shape{1, 1, 1, 1000});
}
