// SPDX-License-Identifier: Apache-2.0
#include "nascent/zoo/tunas.hpp"

#include <string_view>

#include <catch2/catch_test_macros.hpp>

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
