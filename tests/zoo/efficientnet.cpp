// SPDX-License-Identifier: Apache-2.0
#include "nascent/zoo/efficientnet.hpp"

#include <catch2/catch_test_macros.hpp>

#include "nascent/cost/cost.hpp"

using namespace nascent;

// Counts of the public definitions: tensorflow/tpu, models/official/efficientnet, 7dc921f; printed 5.3 M / 0.39 G
// and 7.6 M / 0.91 G.
static_assert(count(zoo::efficientnet_b0.only()).params == 5'288'548);
static_assert(count(zoo::efficientnet_b0.only()).macs == 385'814'752);
static_assert(count(zoo::efficientnet_x_b0.only()).params == 7'584'104);
static_assert(count(zoo::efficientnet_x_b0.only()).macs == 920'421'088);

TEST_CASE("EfficientNet-B4 is B0 at width 1.4, depth 1.8, 380 px") {
  const counts b4 = count(scaled(zoo::efficientnet_b0.only(), {.width = 1.4, .depth = 1.8, .resolution = 380}));
  CHECK(b4.params == 19'341'616);
  CHECK(b4.macs == 4'393'771'024);
}
