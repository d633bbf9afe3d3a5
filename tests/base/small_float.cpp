// SPDX-License-Identifier: Apache-2.0
#include "nascent/base/small_float.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include <catch2/catch_test_macros.hpp>

using namespace nascent;

TEST_CASE("every f16 and every bf16 comes back") {
  int wrong = 0;
  for (unsigned bits = 0; bits < 65536; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float f = from_f16(half);
    wrong += std::isnan(f) ? !std::isnan(from_f16(to_f16(f))) : to_f16(f) != half;
    const float b = from_bf16(half);
    wrong += std::isnan(b) ? !std::isnan(from_bf16(to_bf16(b))) : to_bf16(b) != half;
  }
  CHECK(wrong == 0);
}

TEST_CASE("f32 becomes the nearest f16, ties to even") {
  // IEEE 754: between two neighbours the nearer one, in the middle the one whose last bit is 0.
  int wrong = 0;
  for (unsigned bits = 0; bits < 0x7bff; ++bits) {
    const auto low = static_cast<std::uint16_t>(bits);
    const auto high = static_cast<std::uint16_t>(bits + 1);
    const float a = from_f16(low);
    const float b = from_f16(high);
    const float middle = (a + b) / 2;  // exact in f32
    wrong += to_f16(middle) != (bits % 2 == 0 ? low : high);
    wrong += to_f16(std::nextafter(middle, 0.0F)) != low;
    wrong += to_f16(std::nextafter(middle, 1e9F)) != high;
    wrong += to_f16(-middle) != static_cast<std::uint16_t>(to_f16(middle) | 0x8000U);
  }
  CHECK(wrong == 0);
  CHECK(to_f16(65504.0F) == 0x7bff);
  CHECK(to_f16(65519.9F) == 0x7bff);
  CHECK(to_f16(65520.0F) == 0x7c00);
  CHECK(to_f16(std::numeric_limits<float>::infinity()) == 0x7c00);
  CHECK(to_f16(-1e30F) == 0xfc00);
  CHECK(to_f16(std::numeric_limits<float>::denorm_min()) == 0);
  CHECK(to_bf16(1.00390625F) == 0x3f80);  // half a step: even
  CHECK(to_bf16(1.01171875F) == 0x3f82);  // one and a half
  CHECK(to_bf16(std::numeric_limits<float>::max()) == 0x7f80);
}

TEST_CASE("numbers are rounded to the nearest f16 and bf16") {
  // IEEE 754: ties to even, subnormal numbers down to 2^-24.
  CHECK(to_f16(1.0F) == 0x3c00);
  CHECK(to_f16(-2.0F) == 0xc000);
  CHECK(to_f16(65504.0F) == 0x7bff);
  CHECK(to_f16(65519.9F) == 0x7bff);
  CHECK(to_f16(65520.0F) == 0x7c00);
  CHECK(to_f16(0x1p-24F) == 0x0001);
  CHECK(to_f16(0x1p-25F) == 0x0000);  // halfway to the smallest: to even
  CHECK(to_f16(0x1.8p-25F) == 0x0001);
  CHECK(to_f16(0x1.ff8p-15F) == 0x03ff);  // the largest subnormal one
  CHECK(to_f16(0x1p-14F) == 0x0400);
  CHECK(to_f16(1.0F + 0x1p-11F) == 0x3c00);
  CHECK(to_f16(1.0F + 0x3p-11F) == 0x3c02);
  CHECK(to_bf16(1.0F) == 0x3f80);
  CHECK(to_bf16(1.0F + 0x1p-8F) == 0x3f80);
  CHECK(to_bf16(1.0F + 0x3p-8F) == 0x3f82);
  // Every f16 number is itself.
  for (std::uint32_t h = 0; h < 0x7c00; ++h) {
    const int exponent = static_cast<int>(h >> 10);
    const float value =
        std::ldexp(static_cast<float>((h & 0x3ffU) | (exponent > 0 ? 0x400U : 0U)), std::max(exponent, 1) - 25);
    REQUIRE(to_f16(value) == h);
  }
}
