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
  STATIC_CHECK(size_of(data_type::int8) == 1);
  STATIC_CHECK(to_string(data_type::int8) == "int8"sv);
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

TEST_CASE("paddings have names") {
  STATIC_CHECK(to_string(padding::same) == "same"sv);
  STATIC_CHECK(to_string(padding::symmetric) == "symmetric"sv);
  STATIC_CHECK(to_string(padding::valid) == "valid"sv);
  STATIC_CHECK(to_string(padding::narrow) == "narrow"sv);
}

// He et al., 2015, Table 1: 224 -> 112 (7x7, stride 2) -> 56 (3x3 pool, stride 2), with PyTorch's padding of 3 and 1 on
// both sides.
TEST_CASE("symmetric padding puts the same on both sides, and rounds sizes down") {
  STATIC_CHECK(window_size(224, 7, 2, 1, padding::symmetric) == 112);
  STATIC_CHECK(padding_before(224, 7, 2, 1, padding::symmetric) == 3);
  STATIC_CHECK(padding_after(224, 7, 2, 1, padding::symmetric) == 3);
  STATIC_CHECK(window_size(112, 3, 2, 1, padding::symmetric) == 56);
  STATIC_CHECK(padding_before(112, 3, 2, 1, padding::symmetric) == 1);
  STATIC_CHECK(window_size(55, 2, 2, 1, padding::symmetric) == 27);
  STATIC_CHECK(padding_before(55, 2, 2, 1, padding::symmetric) == 0);
  STATIC_CHECK(window_size(10, 3, 1, 2, padding::symmetric) == 10);
  STATIC_CHECK(padding_before(10, 3, 1, 2, padding::symmetric) == 2);
}

// Szegedy et al., 2015, Table 1: 299 -> 149 -> 147, and later 35 -> 17 -> 8, by windows of 3 without padding.
TEST_CASE("valid windows stay inside the map") {
  STATIC_CHECK(window_size(299, 3, 2, 1, padding::valid) == 149);
  STATIC_CHECK(window_size(149, 3, 1, 1, padding::valid) == 147);
  STATIC_CHECK(window_size(35, 3, 2, 1, padding::valid) == 17);
  STATIC_CHECK(window_size(17, 3, 2, 1, padding::valid) == 8);
  STATIC_CHECK(window_size(7, 3, 1, 3, padding::valid) == 1);
  STATIC_CHECK(window_size(6, 3, 1, 3, padding::valid) == 0);
  STATIC_CHECK(padding_before(299, 3, 2, 1, padding::valid) == 0);
  STATIC_CHECK(padding_after(299, 3, 2, 1, padding::valid) == 0);
}

// FBNetV3-A's layers: a kernel of 5 with 1 row of padding, then one of 3 with none.
TEST_CASE("narrow padding is one less than symmetric") {
  STATIC_CHECK(window_size(28, 5, 2, 1, padding::narrow) == 13);
  STATIC_CHECK(padding_before(28, 5, 2, 1, padding::narrow) == 1);
  STATIC_CHECK(padding_after(28, 5, 2, 1, padding::narrow) == 1);
  STATIC_CHECK(window_size(13, 3, 2, 1, padding::narrow) == 6);
  STATIC_CHECK(padding_before(13, 3, 2, 1, padding::narrow) == 0);
  STATIC_CHECK(padding_before(13, 1, 2, 1, padding::narrow) == 0);
}

TEST_CASE("as many windows as fit between the paddings") {
  for (const padding kind : {padding::same, padding::symmetric, padding::valid, padding::narrow})
    for (int size = 1; size < 20; ++size)
      for (int kernel = 1; kernel < 8; ++kernel)
        for (int stride = 1; stride < 5; ++stride)
          for (int dilation = 1; dilation < 4; ++dilation) {
            CAPTURE(to_string(kind), size, kernel, stride, dilation);
            const int before = padding_before(size, kernel, stride, dilation, kind);
            const int after = padding_after(size, kernel, stride, dilation, kind);
            const int room = before + size + after - ((kernel - 1) * dilation + 1);
            int windows = 0;
            while (windows * stride <= room) ++windows;
            REQUIRE(window_size(size, kernel, stride, dilation, kind) == windows);
          }
}
