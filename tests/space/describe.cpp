// SPDX-License-Identifier: Apache-2.0
#include "nascent/space/describe.hpp"

#include <catch2/catch_test_macros.hpp>

#include "nascent/block/block.hpp"

using namespace nascent;

namespace {

inline constexpr auto pair = define([] {
  return search_space("pair")
      .input(3, 32)
      .stage("stem", conv{.filters = 8, .act = one_of(relu, swish)})
      .stage("2", mbconv{.filters = 16, .kernel = one_of(3, 5), .se = one_of(0, .25)})
      .layers(range(0, 2))
      .head(global_pool{}, dense{10});
});

}  // namespace

TEST_CASE("a candidate in words: its active decisions by their paths") {
  const auto c = pair.decode(std::array{1, 1, 1, 2});
  CHECK(describe(pair, c) == "stem.act = swish, 2.kernel = 5, 2.se = 0.25, 2.layers = 2");
}

TEST_CASE("decisions that take no part are not named") {
  const auto c = pair.decode(std::array{0, -1, -1, 0});
  CHECK(describe(pair, c) == "stem.act = relu, 2.layers = 0");
}
