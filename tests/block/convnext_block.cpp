// SPDX-License-Identifier: Apache-2.0
#include "nascent/block/convnext_block.hpp"

#include "build_block.hpp"
#include <catch2/catch_test_macros.hpp>

using namespace nascent;
using test::build_block;

// The fourth stage of ConvNeXt-T: 768 filters, 7x7.
TEST_CASE("convnext_block") {
  const network graph = build_block(convnext_block{.filters = 768}, {1, 7, 7, 768});
  CHECK(test::params(graph) == 49 * 768 + 768 + 2 * 768 + 2 * 4 * 768 * 768 + 4 * 768 + 768 + 768);
  CHECK(test::macs(graph) == 49 * (49 * 768 + 8 * 768 * 768));
  const network down = build_block(convnext_block{.filters = 768}, {1, 14, 14, 384}, 2);
  CHECK(test::params(down) == test::params(graph) + 2 * 384 + 4 * 384 * 768 + 768);
  CHECK(down.output() == shape{1, 7, 7, 768});
}
