// SPDX-License-Identifier: Apache-2.0
#include "nascent/block/split_attention.hpp"

#include <algorithm>

#include "build_block.hpp"
#include <catch2/catch_test_macros.hpp>

using namespace nascent;
using test::build_block;

namespace {

std::int64_t how_many(const network& graph, layer_kind kind) {
  return std::ranges::count(graph.layers(), kind, &layer::kind);
}

}  // namespace

// The second block of ResNeSt-50's first stage; the attention's first convolution has a bias before its normalisation.
TEST_CASE("split attention") {
  const network graph = build_block(split_attention{.filters = 256}, {1, 56, 56, 256});
  const std::int64_t squeeze = 256 * 64 + 2 * 64;
  const std::int64_t parts = 9 * 32 * 128 + 2 * 128;
  const std::int64_t attention = (64 * 32 + 32 + 2 * 32) + (32 * 128 + 128);
  const std::int64_t expand = 64 * 256 + 2 * 256;
  CHECK(test::params(graph) == squeeze + parts + attention + expand);
  CHECK(test::macs(graph) == 56 * 56 * (256 * 64 + 9 * 32 * 128 + 64 * 256) + 64 * 32 + 32 * 128);
  CHECK(how_many(graph, layer_kind::softmax) == 1);
  CHECK(how_many(graph, layer_kind::multiply) == 2);
  CHECK(how_many(graph, layer_kind::slice) == 2 + 2 + 2);
  CHECK(graph.layers().back().kind == layer_kind::add);
  CHECK(graph.layers().back().act == relu);
  CHECK(graph.output() == shape{1, 56, 56, 256});
}

TEST_CASE("split attention takes its stride by pooling") {
  const network graph = build_block(split_attention{.filters = 512}, {1, 56, 56, 256}, 2);
  CHECK(graph.output() == shape{1, 28, 28, 512});
  CHECK(how_many(graph, layer_kind::average_pool) == 2);  // and the shortcut's
  for (const layer& l : graph.layers()) CHECK((l.kind == layer_kind::average_pool || l.stride_height == 1));
}

// AvgPool2d(3, 2, padding=1) of the public code, which counts padding.
TEST_CASE("split attention pads as told, and its pool counts padding") {
  const auto pool_of = [](const network& graph) {
    return *std::ranges::find(graph.layers(), layer_kind::average_pool, &layer::kind);
  };
  CHECK(pool_of(build_block(split_attention{.filters = 512}, {1, 8, 8, 256}, 2)).pad == padding::same);
  const layer pool =
      pool_of(build_block(split_attention{.filters = 512, .pad = padding::symmetric}, {1, 8, 8, 256}, 2));
  CHECK(pool.pad == padding::symmetric);
  CHECK(pool.kernel_height == 3);
  CHECK(pool.count_padding);
}

TEST_CASE("split attention of one part is a gate") {
  const network graph = build_block(split_attention{.filters = 256, .radix = 1}, {1, 8, 8, 256});
  CHECK(how_many(graph, layer_kind::softmax) == 0);
  CHECK(how_many(graph, layer_kind::slice) == 0);
  CHECK(how_many(graph, layer_kind::multiply) == 1);
  CHECK(std::ranges::count(graph.layers(), sigmoid, &layer::act) == 1);
}

TEST_CASE("the attention's hidden layer has at least 32 channels") {
  STATIC_CHECK(attention_hidden(32) == 32);
  STATIC_CHECK(attention_hidden(131) == 32);
  STATIC_CHECK(attention_hidden(256) == 64);
}

TEST_CASE("the parts must divide the channels") {
  CHECK_THROWS_AS(build_block(split_attention{.filters = 200, .radix = 3}, {1, 8, 8, 64}), network_error);
  CHECK_THROWS_AS(build_block(split_attention{.filters = 200, .radix = 0}, {1, 8, 8, 64}), network_error);
}
