// SPDX-License-Identifier: Apache-2.0
#include "nascent/network/shape.hpp"

#include <string_view>

#include <catch2/catch_test_macros.hpp>

using namespace nascent;
using namespace std::literals;

TEST_CASE("elements are counted in 64 bits") {
  STATIC_CHECK(shape{1, 224, 224, 3}.elements() == 150'528);
  STATIC_CHECK(shape{4, 16'384, 16'384, 64}.elements() == std::int64_t{1} << 36);
}

TEST_CASE("data types have their sizes and names") {
  STATIC_CHECK(size_of(data_type::f32) == 4);
  STATIC_CHECK(size_of(data_type::bf16) == 2);
  STATIC_CHECK(size_of(data_type::f16) == 2);
  STATIC_CHECK(to_string(data_type::f32) == "f32"sv);
  STATIC_CHECK(to_string(data_type::bf16) == "bf16"sv);
  STATIC_CHECK(to_string(data_type::f16) == "f16"sv);
}

TEST_CASE("SAME sizes are rounded up") {
  STATIC_CHECK(same_size(224, 2) == 112);
  STATIC_CHECK(same_size(7, 2) == 4);
  STATIC_CHECK(same_size(299, 2) == 150);
  STATIC_CHECK(same_size(1, 2) == 1);
  STATIC_CHECK(same_size(5, 1) == 5);
}

// The documentation of TensorFlow: at stride 2 and kernel 3 an even map is padded at its end only.
TEST_CASE("SAME padding puts the odd row after the map") {
  STATIC_CHECK(same_padding_before(224, 3, 2) == 0);
  STATIC_CHECK(same_padding_after(224, 3, 2) == 1);
  STATIC_CHECK(same_padding_before(225, 3, 2) == 1);
  STATIC_CHECK(same_padding_after(225, 3, 2) == 1);
  STATIC_CHECK(same_padding_before(224, 1, 2) == 0);
  STATIC_CHECK(same_padding_after(224, 1, 2) == 0);
  STATIC_CHECK(same_padding_before(10, 3, 1, 2) == 2);
}

TEST_CASE("SAME padding is the least that gives every output a window") {
  for (int size = 1; size < 40; ++size)
    for (int kernel = 1; kernel < 8; ++kernel)
      for (int stride = 1; stride < 5; ++stride)
        for (int dilation = 1; dilation < 3; ++dilation) {
          CAPTURE(size, kernel, stride, dilation);
          const int window = (kernel - 1) * dilation + 1;
          const int before = same_padding_before(size, kernel, stride, dilation);
          const int after = same_padding_after(size, kernel, stride, dilation);
          const int last_start = (same_size(size, stride) - 1) * stride;
          REQUIRE(before >= 0);
          REQUIRE((after == before || after == before + 1));
          REQUIRE(last_start + window <= before + size + after);
          const bool padded = before + after > 0;
          REQUIRE((!padded || last_start + window == before + size + after));
        }
}
