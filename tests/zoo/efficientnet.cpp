// SPDX-License-Identifier: Apache-2.0
#include "nascent/zoo/efficientnet.hpp"

#include <catch2/catch_test_macros.hpp>

#include "nascent/cost/bounds.hpp"
#include "nascent/cost/cost.hpp"
#include "nascent/space/to_network.hpp"

using namespace nascent;

// Counts of the public definitions: tensorflow/tpu, models/official/efficientnet, 7dc921f; printed 5.3 M / 0.39 G
// and 7.6 M / 0.91 G.
static_assert(count(zoo::efficientnet_b0.only()).params == 5'288'548);
static_assert(count(zoo::efficientnet_b0.only()).macs == 385'814'752);
static_assert(count(zoo::efficientnet_x_b0.only()).params == 7'584'104);
static_assert(count(zoo::efficientnet_x_b0.only()).macs == 920'421'088);

// Resolutions, stem; without space-to-depth two widths of stage 1, with it one width and two activations, either with
// the one stride of stage 2 that fits; kernels, ratios, activations and depths of stage 1; a stage of 360 blocks from 3
// widths, 3 kernels, 2 expansions, 5 ratios, 2 activations and 2 types, with its depths; the head's activation.
static_assert(zoo::efficientnet_x.size() == uint128{5 * 2 * 2} * (2 + 2) * (3 * 5 * 2 * 2) * (360 * 3) * (360 * 3) *
                                                (360 * 4) * (360 * 4) * (360 * 5) * (360 * 2) * 2);

TEST_CASE("EfficientNet-B4 is B0 at width 1.4, depth 1.8, 380 px") {
  const counts b4 = count(scaled(zoo::efficientnet_b0.only(), {.width = 1.4, .depth = 1.8, .resolution = 380}));
  CHECK(b4.params == 19'341'616);
  CHECK(b4.macs == 4'393'771'024);
}

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
