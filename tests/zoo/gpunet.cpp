// SPDX-License-Identifier: Apache-2.0
#include "nascent/zoo/gpunet.hpp"

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "nascent/cost/bounds.hpp"
#include "nascent/space/to_network.hpp"

using namespace nascent;

TEST_CASE("the size is the product of Table 1, with stages 5 and 7 without layers counted once") {
  // Per stage: filters x kernels x expansions x squeeze-and-excite x activations.
  const auto configurations = [](uint128 filters) { return filters * 2 * 5 * 2 * 2; };
  uint128 product = 10;  // resolutions
  product *= 2 * 2 * 2;  // stem: filters, kernel, activation
  product *= 2 * 2 * 4;  // stage 1: kernel, activation, layers
  product *= configurations(4) * 8;
  product *= configurations(5) * 8;
  product *= configurations(7) * 10;
  product *= configurations(8) * 15 + 1;
  product *= configurations(10) * 15;
  product *= configurations(10) * 15 + 1;
  CHECK(zoo::gpunet.size() == product);
}

// Table 2: resolution; filters of stage 0; kernel, activation, layers of stage 1; then for each of stages 2 to 7
// filters, kernel, E, SE, activation, layers.
TEST_CASE("the encoded space has the 41 integers of Table 2 in its order") {
  const auto& space = zoo::gpunet_encoded;
  std::vector<std::string> expected{"input.resolution", "stem.filters", "1.kernel", "1.act", "1.layers"};
  for (const char* stage : {"2.", "3.", "4.", "5.", "6.", "7."})
    for (const char* field : {"filters", "kernel", "expand", "se", "act", "layers"})
      expected.push_back(std::string(stage) + field);
  REQUIRE(expected.size() == 41);
  REQUIRE(space.slot_count == 41);
  for (std::size_t k = 0; k < expected.size(); ++k) CHECK(space.slot(k).path == expected[k]);
}

TEST_CASE("each integer of the encoding counts the values of Table 1 in their order") {
  const auto& space = zoo::gpunet_encoded;
  const auto values = [&](std::string_view path) {
    const std::size_t k = space.find(path);
    std::string all;
    for (int option = 0; option < space.slot(k).options; ++option)
      all += (option == 0 ? "" : " ") + std::string(space.value(k, option).text().view());
    return all;
  };
  CHECK(values("input.resolution") == "224 256 288 320 352 384 416 448 480 512");
  CHECK(values("stem.filters") == "24 32");
  CHECK(values("1.layers") == "1 2 3 4");
  CHECK(values("2.filters") == "32 48 64 80");
  CHECK(values("3.filters") == "48 64 80 96 112");
  CHECK(values("4.filters") == "96 112 128 144 160 176 192");
  CHECK(values("5.filters") == "112 128 144 160 176 192 208 224");
  CHECK(values("6.filters") == "128 160 192 224 256 288 320 352 384 416");
  CHECK(values("7.filters") == "256 320 384 448 512 576 640 704 768 832");
  CHECK(values("4.layers") == "1 2 3 4 5 6 7 8 9 10");
  CHECK(values("5.layers") == "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15");
  CHECK(values("1.kernel") == "3 5");
  CHECK(values("1.act") == "relu swish");
  for (const char* stage : {"2.", "3.", "4.", "5.", "6.", "7."}) {
    CHECK(values(std::string(stage) + "kernel") == "3 5");
    CHECK(values(std::string(stage) + "expand") == "2 3 4 5 6");
    CHECK(values(std::string(stage) + "se") == "0 0.25");
    CHECK(values(std::string(stage) + "act") == "relu swish");
  }
}

TEST_CASE("encode gives back the vector that was decoded") {
  // Stages 5 and 7 without layers: their other integers are inactive.
  constexpr std::array<int, 41> vector{3,  1,  0,  0,  1,       // 320 px, 32 filters, kernel 3, relu, 2 layers
                                       0,  0,  3,  0,  0,  1,   // 32, 3, 5, -, relu, 2
                                       1,  0,  3,  0,  0,  2,   // 64, 3, 5, -, relu, 3
                                       6,  0,  3,  0,  1,  2,   // 192, 3, 5, -, swish, 3
                                       -1, -1, -1, -1, -1, 0,   // no layers
                                       9,  1,  3,  1,  0,  1,   // 416, 5, 5, SE, relu, 2
                                       -1, -1, -1, -1, -1, 0};  // no layers
  const auto c = zoo::gpunet_encoded.decode(vector);
  CHECK(zoo::gpunet_encoded.encode(c) == vector);
  CHECK(to_network(c).input().height == 320);
  random_engine rng(41);
  for (int i = 0; i < 1000; ++i) {
    const auto sampled = zoo::gpunet_encoded.sample(rng);
    REQUIRE(zoo::gpunet_encoded.decode(zoo::gpunet_encoded.encode(sampled)) == sampled);
  }
  CHECK_THROWS_AS(zoo::gpunet_encoded.decode(std::vector<int>(40, 0)), space_error);
}

TEST_CASE("no sample lies outside the bounds that the compiler found") {
  random_engine rng(3);
  for (int i = 0; i < 20000; ++i) {
    const counts c = count(zoo::gpunet.sample(rng));
    CHECK(c.macs >= min_macs(zoo::gpunet));
    CHECK(c.macs <= max_macs(zoo::gpunet));
  }
}
