// SPDX-License-Identifier: Apache-2.0
#include "nascent/block/transformer.hpp"

#include "build_block.hpp"
#include <catch2/catch_test_macros.hpp>

using namespace nascent;
using test::build_block;

// A layer of DeiT-Ti: 12 d^2 + 13 d parameters at width d.
TEST_CASE("transformer_block") {
  const network graph = build_block(transformer_block{.heads = 3}, {1, 14, 14, 192});
  CHECK(test::params(graph) == 12 * 192 * 192 + 13 * 192);
  CHECK(test::macs(graph) == 196 * (12 * 192 * 192) + 2 * 196 * 196 * 192);
  CHECK(graph.output() == shape{1, 14, 14, 192});
}

TEST_CASE("attention with heads of their own width") {
  const network graph = build_block(attention{.heads = 3, .head_width = 64}, {1, 4, 4, 216});
  CHECK(test::params(graph) == 4 * 216 * 192 + 3 * 192 + 216);
}

TEST_CASE("heads that do not divide the channels are a fault by name") {
  null_interpreter sink;
  net<null_interpreter> n(sink);
  attention{.heads = 5}(n, n.input(4, 4, 16), 1);
  CHECK(n.fault().what == network_fault::groups);
  CHECK(n.fault().found == 5);
  CHECK(n.fault().allowed == 16);
}

TEST_CASE("mobilevit_block gives out what it takes in") {
  const network graph = build_block(mobilevit_block{.width = 24, .layers = 3}, {1, 8, 6, 12});
  CHECK(graph.output() == shape{1, 8, 6, 12});
  std::int64_t scores = 0;
  for (const layer& l : graph.layers()) scores += l.kind == layer_kind::scores ? 1 : 0;
  CHECK(scores == 3);
}
