// SPDX-License-Identifier: Apache-2.0
#include "nascent/zoo/vision_transformer.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace nascent;

// timm 1.0.31 (deit_tiny_patch16_224, vit_small_patch16_224, mobilevit_s): their parameters, and the multiply-adds that
// PyTorch's FlopCounterMode sees, products of attention among them.
static_assert(count(zoo::deit_ti).params == 5'717'416);
static_assert(count(zoo::deit_ti).macs == 1'253'683'200);
static_assert(count(zoo::vit_s_16).params == 22'050'664);
static_assert(count(zoo::vit_s_16).macs == 4'598'882'304);
static_assert(count(zoo::mobilevit_s).params == 5'578'632);
static_assert(count(zoo::mobilevit_s).macs == 2'000'831'488);

TEST_CASE("vision transformers: 197 tokens, and a classifier on the first") {
  const network graph = to_network(zoo::deit_ti);
  std::int64_t scores = 0;
  for (const layer& l : graph.layers())
    if (l.kind == layer_kind::scores) {
      CHECK(l.output == shape{1, 197, 1, 3 * 197});
      ++scores;
    }
  CHECK(scores == 12);
}

TEST_CASE("MobileViT attends over a quarter of the pixels at a time") {
  const network graph = to_network(zoo::mobilevit_s);
  for (const layer& l : graph.layers())
    if (l.kind == layer_kind::scores) {
      CHECK(l.input.batch == 4);
      CHECK(l.output.channels == 4 * l.input.height * l.input.width);
    }
}
