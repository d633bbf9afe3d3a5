// SPDX-License-Identifier: Apache-2.0
#include "nascent/block/basic_block.hpp"

#include "build_block.hpp"
#include <catch2/catch_test_macros.hpp>

using namespace nascent;
using test::build_block;

TEST_CASE("basic_block") {
  const network same = build_block(basic_block{.filters = 64}, {1, 56, 56, 64});
  CHECK(test::params(same) == 2 * (9 * 64 * 64 + 2 * 64));
  const network down = build_block(basic_block{.filters = 128}, {1, 56, 56, 64}, 2);
  CHECK(test::params(down) == 9 * 64 * 128 + 9 * 128 * 128 + 64 * 128 + 3 * 2 * 128);
  CHECK(down.output() == shape{1, 28, 28, 128});
  CHECK(down.layers().back().act == relu);
}

TEST_CASE("dense_layer puts its filters beside what was there") {
  const network graph = build_block(dense_layer{.growth = 32}, {1, 28, 28, 96});
  CHECK(graph.output() == shape{1, 28, 28, 128});
  CHECK(test::params(graph) == 2 * 96 + 96 * 128 + 2 * 128 + 9 * 128 * 32);
  CHECK(build_block(dense_layer{.growth = 32}, {1, 28, 28, 96}, 2).output() == shape{1, 14, 14, 128});
}
