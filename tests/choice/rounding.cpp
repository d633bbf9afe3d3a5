// SPDX-License-Identifier: Apache-2.0
#include "nascent/choice/rounding.hpp"

#include <limits>

#include <catch2/catch_test_macros.hpp>

using namespace nascent;

TEST_CASE("round_half_up takes the nearest multiple, halves up, at least one divisor") {
  CHECK(round_half_up(11.9) == 8);
  CHECK(round_half_up(12) == 16);
  CHECK(round_half_up(20) == 24);
  CHECK(round_half_up(1) == 8);
  CHECK(round_half_up(24, 16) == 32);
}

// Filters that the public MobileNetV2 and MobileNetV3 definitions give for their width multipliers.
TEST_CASE("make_divisible is MobileNet's rule") {
  CHECK(make_divisible(32 * .35) == 16);  // 11.2 would become 8, which is below 90 % of it
  CHECK(make_divisible(24 * .35) == 8);
  CHECK(make_divisible(16 * .75) == 16);
  CHECK(make_divisible(24 * 1.4) == 32);
  CHECK(make_divisible(1280 * 1.4) == 1792);
  CHECK(make_divisible(.25 * 72) == 24);  // squeeze-and-excite of MobileNetV3-Large
  CHECK(make_divisible(.25 * 120) == 32);
  CHECK(make_divisible(.25 * 480) == 120);
  CHECK(make_divisible(.25 * 960) == 240);
}

TEST_CASE("make_divisible never falls below 90 %, and is the nearest multiple where that allows it") {
  for (int tenths = 1; tenths < 20'000; ++tenths) {
    const double width = tenths / 10.;
    const int n = make_divisible(width);
    CAPTURE(width, n);
    REQUIRE(n % 8 == 0);
    REQUIRE(n >= .9 * width);
    REQUIRE((n == round_half_up(width) || round_half_up(width) < .9 * width));
  }
}

// tensorflow/tpu models/official/efficientnet 7dc921f (Apache-2.0): stem and head filters of B0 to B7.
TEST_CASE("make_divisible gives the widths of the EfficientNet family") {
  struct row {
    double width;
    int stem, head;
  };
  for (const row& r : {row{1., 32, 1280}, row{1.1, 32, 1408}, row{1.2, 40, 1536}, row{1.4, 48, 1792},
                       row{1.6, 48, 2048}, row{1.8, 56, 2304}, row{2., 64, 2560}}) {
    CAPTURE(r.width);
    CHECK(make_divisible(32 * r.width) == r.stem);
    CHECK(make_divisible(1280 * r.width) == r.head);
  }
}

// The number of blocks of each level, from the same source.
TEST_CASE("scale_depth gives the depths of the EfficientNet family") {
  const auto blocks = [](double depth) {
    int sum = 0;
    for (const int layers : {1, 2, 2, 3, 3, 4, 1}) sum += scale_depth(layers, depth);
    return sum;
  };
  CHECK(blocks(1.) == 16);
  CHECK(blocks(1.1) == 23);
  CHECK(blocks(1.2) == 23);
  CHECK(blocks(1.4) == 26);
  CHECK(blocks(1.8) == 32);
  CHECK(blocks(2.2) == 39);
  CHECK(blocks(2.6) == 45);
  CHECK(blocks(3.1) == 55);
}

TEST_CASE("scale_depth does not round a product up that is whole but for floating point") {
  CHECK(scale_depth(3, 1.) == 3);
  CHECK(scale_depth(10, 1.1) == 11);  // 1.1 * 10 is 11.000000000000002
  CHECK(scale_depth(3, 1.0001) == 4);
  CHECK(scale_depth(0, 2.) == 0);
}

TEST_CASE("what no width holds is beyond all widths, not a number of another size") {
  constexpr double huge = std::numeric_limits<double>::max();
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double width : {huge, nan, 1e10, 2147483648.0}) {
    CAPTURE(width);
    CHECK(whole_width(width) == beyond_all_widths);
    CHECK(round_half_up(width) == beyond_all_widths);
    CHECK(make_divisible(width) == beyond_all_widths);
  }
  CHECK(scale_depth(2147483647, 10000) == beyond_all_widths);
  CHECK(whole_width(2147483646.9) == 2147483646);
  CHECK(whole_width(-1e10) == 0);
  STATIC_CHECK(make_divisible(huge) == beyond_all_widths);
}
