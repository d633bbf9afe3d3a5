// SPDX-License-Identifier: Apache-2.0
#include "nascent/zoo/efficientnet_family.hpp"

#include <array>

#include "../cost/published.hpp"
#include "family.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/scaling/published.hpp"
#include "nascent/space/to_network.hpp"

using namespace nascent;

// After tensorflow/tpu models/official/efficientnet 7dc921f (Apache-2.0).
static_assert(count(zoo::efficientnet_family[0]).params == 5'288'548);
static_assert(count(zoo::efficientnet_family[0]).macs == 385'814'752);
static_assert(count(zoo::efficientnet_family[7]).params == 66'347'960);
static_assert(count(zoo::efficientnet_family[7]).macs == 37'745'884'192);

TEST_CASE("EfficientNet B0 to B7: parameters, MACs and blocks of the public definition") {
  constexpr std::array<int, 8> blocks{16, 23, 23, 26, 32, 39, 45, 55};
  for (std::size_t i = 0; i < 8; ++i) {
    const auto& m = zoo::efficientnet_family[i];
    const auto& known = ::published::efficientnets[i];
    CAPTURE(m.name);
    CHECK(m.resolution == known.resolution);
    CHECK(count(m).params == known.params);
    CHECK(count(m).macs == known.macs);
    CHECK(blocks_of(m) == blocks[i]);
  }
}

TEST_CASE("EfficientNet B0 to B7 have the dimensions that scaling lists") {
  for (std::size_t i = 0; i < 8; ++i)
    CHECK(dimensions_of(zoo::efficientnet_family[i]) == nascent::published::efficientnet[i].scale);
}

TEST_CASE("EfficientNet-B0 as a model is the network of its space, stage for stage") {
  const network graph = to_network(zoo::efficientnet_family[0]);
  const network known = to_network(zoo::efficientnet_b0.only());
  CHECK(graph.name() == "EfficientNet-B0");
  CHECK(graph.input() == known.input());
  REQUIRE(graph.layers() == known.layers());
  for (std::size_t i = 0; i < graph.layers().size(); ++i) CHECK(graph.stage_of(i) == known.stage_of(i));
}

TEST_CASE("EfficientNet: a difference of more than 1 % from the printed figures has its reason beside it") {
  for (const auto& m : zoo::efficientnet_family) check_printed(m);
}

TEST_CASE("EfficientNet at another size: its parameters stay, printed figures go") {
  const auto smaller = zoo::efficientnet_family[0].at(192);
  CHECK(count(smaller).params == 5'288'548);
  CHECK(count(smaller).macs < 385'814'752);
  CHECK(smaller.printed.params_m == 0);
}

// SAME padding leaves ceil(size / stride): never less than one pixel.
TEST_CASE("EfficientNet: every input is large enough") {
  for (const int size : {1, 2, 8, 31}) {
    CHECK(count(zoo::efficientnet_family[3].at(size)).params == count(zoo::efficientnet_family[3]).params);
    CHECK(to_network(zoo::efficientnet_family[3].at(size)).output() == shape{1, 1, 1, 1000});
  }
}
