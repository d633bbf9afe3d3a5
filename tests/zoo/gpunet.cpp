// SPDX-License-Identifier: Apache-2.0
#include "nascent/zoo/gpunet.hpp"

#include <catch2/catch_test_macros.hpp>

#include "nascent/cost/bounds.hpp"

using namespace nascent;

TEST_CASE("the size is the product of Table 1, with stages 5 and 7 without layers counted once") {
  // Per stage: filters x kernels x expansions x squeeze-and-excite x activations.
  const auto configurations = [](uint128 filters) { return filters * 2 * 5 * 2 * 2; };
  uint128 product = 10;            // resolutions
  product *= 2 * 2 * 2;            // stem: filters, kernel, activation
  product *= 2 * 2 * 4;            // stage 1: kernel, activation, layers
  product *= configurations(4) * 8;
  product *= configurations(5) * 8;
  product *= configurations(7) * 10;
  product *= configurations(8) * 15 + 1;
  product *= configurations(10) * 15;
  product *= configurations(10) * 15 + 1;
  CHECK(zoo::gpunet.size() == product);
}

TEST_CASE("the encoded space has the 41 integers of Table 2 in its order") {
  const auto& space = zoo::gpunet_encoded;
  REQUIRE(space.slot_count == 41);
  const char* expected[] = {"input.resolution", "stem.filters", "1.kernel", "1.act", "1.layers", "2.filters", "2.kernel", "2.expand", "2.se", "2.act", "2.layers"};
  for (std::size_t k = 0; k < std::size(expected); ++k) CHECK(space.slot(k).path == expected[k]);
  CHECK(space.slot(40).path == "7.layers");
}

TEST_CASE("no sample lies outside the bounds that the compiler found") {
  random_engine rng(3);
  for (int i = 0; i < 20000; ++i) {
    const counts c = count(zoo::gpunet.sample(rng));
    CHECK(c.macs >= min_macs(zoo::gpunet));
    CHECK(c.macs <= max_macs(zoo::gpunet));
  }
}
