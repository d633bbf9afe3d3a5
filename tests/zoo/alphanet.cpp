// SPDX-License-Identifier: Apache-2.0
#include "nascent/zoo/alphanet.hpp"

#include <cmath>

#include <catch2/catch_test_macros.hpp>

using namespace nascent;

// Counted independently of this library from the public configurations.
static_assert(count(zoo::alphanet_a0).params == 8'954'184 && count(zoo::alphanet_a0).macs == 203'389'568);
static_assert(count(zoo::alphanet_a6).params == 15'154'792 && count(zoo::alphanet_a6).macs == 709'007'232);

// facebookresearch/AlphaNet, README: 203, 279, 317, 357, 444, 491 and 709 million.
TEST_CASE("AlphaNet: the printed multiply-adds") {
  for (const auto& m : {zoo::alphanet_a0, zoo::alphanet_a1, zoo::alphanet_a2, zoo::alphanet_a3, zoo::alphanet_a4,
                        zoo::alphanet_a5, zoo::alphanet_a6}) {
    CAPTURE(m.name);
    CHECK(std::llround(static_cast<double>(count(m).macs) / 1e6) == std::llround(m.printed.macs_g * 1e3));
  }
}

TEST_CASE("something passes by every layer of AlphaNet") {
  const network graph = to_network(zoo::alphanet_a0);
  int sums = 0;
  for (const layer& l : graph.layers()) sums += l.kind == layer_kind::add ? 1 : 0;
  CHECK(sums == 1 + 3 + 3 + 3 + 3 + 3 + 1);
}
