// SPDX-License-Identifier: Apache-2.0
#include "nascent/zoo/efficientnet_x.hpp"

#include <catch2/catch_test_macros.hpp>

#include "nascent/space/to_network.hpp"

using namespace nascent;

// Resolutions, stem; without space-to-depth two widths of stage 1, with it one width and two activations, either with
// the one stride of stage 2 that fits; kernels, ratios, activations and depths of stage 1; a stage of 360 blocks from 3
// widths, 3 kernels, 2 expansions, 5 ratios, 2 activations and 2 types, with its depths; the head's activation.
static_assert(zoo::efficientnet_x.size() == uint128{5 * 2 * 2} * (2 + 2) * (3 * 5 * 2 * 2) * (360 * 3) * (360 * 3) *
                                                (360 * 4) * (360 * 4) * (360 * 5) * (360 * 2) * 2);

TEST_CASE("a space-to-depth always comes with stride 1 in stage 2 and 64 filters in stage 1") {
  const auto& space = zoo::efficientnet_x;
  const std::size_t reshape = space.find("reshape.layers");
  const std::size_t stride = space.find("2.stride");
  const std::size_t filters = space.find("1.filters");
  REQUIRE(filters < space.slot_count);
  random_engine rng(11);
  int reshaped = 0;
  for (int i = 0; i < 2000; ++i) {
    const auto c = space.sample(rng);
    const bool has = space.value(reshape, c.digits[reshape]).text() == "1";
    reshaped += has ? 1 : 0;
    CHECK(space.value(stride, c.digits[stride]).text() == (has ? "1" : "2"));
    CHECK((space.value(filters, c.digits[filters]).text() == "64") == has);
    CHECK(to_network(c).output().channels == 1000);
  }
  CHECK(reshaped > 0);
  CHECK(reshaped < 2000);
}

TEST_CASE("a space-to-depth stays one at every depth") {
  const auto& space = zoo::efficientnet_x;
  const std::size_t reshape = space.find("reshape.layers");
  random_engine rng(12);
  int reshaped = 0;
  for (int i = 0; i < 100; ++i) {
    const auto c = space.sample(rng);
    const bool has = space.value(reshape, c.digits[reshape]).text() == "1";
    reshaped += has ? 1 : 0;
    const network deep = to_network(scaled(c, {.depth = 2.2}));
    int folds = 0;
    for (std::size_t j = 0; j < deep.layers().size(); ++j) folds += deep.stage_of(j) == "reshape" ? 1 : 0;
    CHECK(folds == (has ? 1 : 0));
    CHECK(deep.layers().size() > to_network(c).layers().size());
  }
  CHECK(reshaped > 0);
}
