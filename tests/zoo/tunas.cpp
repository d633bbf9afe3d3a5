// SPDX-License-Identifier: Apache-2.0
#include "nascent/zoo/tunas.hpp"

#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "nascent/space/to_network.hpp"

using namespace nascent;

// Distinct networks of the public spaces: google-research/google-research, tunas/mobile_search_space_v3.py, 0c1bbe5.
TEST_CASE("the three spaces of TuNAS have the sizes of their public definitions") {
  CHECK(to_decimal(zoo::proxylessnas.size()).c_str() == std::string_view("664506689423701824"));
  CHECK(to_decimal(zoo::proxylessnas_enlarged.size()).c_str() == std::string_view("4288651748791356117491712"));
  CHECK(to_decimal(zoo::mobilenet_v3_like.size()).c_str() ==
        std::string_view("260249428774631197068273166319379283968"));
}

TEST_CASE("filters around a base are the distinct multiples of 8 of the public code") {
  const auto& space = zoo::proxylessnas_enlarged;
  const std::size_t k = space.find("1.filters");
  REQUIRE(k < space.slot_count);
  REQUIRE(space.slot(k).options == 4);
  const char* expected[] = {"8", "16", "24", "32"};
  for (int i = 0; i < 4; ++i) CHECK(space.value(k, i).text() == expected[i]);
}

// google-research/tunas, DepthwiseBottleneckSpec: ReLU inside, a sigmoid as the gate, whatever the block's activation.
TEST_CASE("MobileNetV3-Like's squeeze-and-excite has ReLU inside and a sigmoid as its gate") {
  random_engine rng(3);
  int behind_hswish = 0;
  for (int n = 0; n < 20; ++n) {
    const network graph = to_network(zoo::mobilenet_v3_like.sample(rng));
    for (std::size_t i = 4; i < graph.layers().size(); ++i) {
      if (graph.layers()[i].kind != layer_kind::multiply) continue;
      CHECK(graph.layers()[i - 2].act == relu);
      CHECK(graph.layers()[i - 1].act == sigmoid);
      behind_hswish += graph.layers()[i - 4].act == hswish ? 1 : 0;
    }
  }
  CHECK(behind_hswish > 0);
}
