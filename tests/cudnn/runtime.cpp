// SPDX-License-Identifier: Apache-2.0
// Numbers in the types of devices, and what is said where there is none.
#include "nascent/executor/detail/cudnn/runtime.hpp"

#include <cmath>
#include <limits>

#include "driver.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace nascent;
using namespace nascent::cudnn;
namespace cd = nascent::cudnn::detail;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::MessageMatches;

TEST_CASE("runtime: every f16 and every bf16 comes back") {
  int wrong = 0;
  for (unsigned bits = 0; bits < 65536; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float f = cd::from_f16(half);
    wrong += std::isnan(f) ? !std::isnan(cd::from_f16(cd::to_f16(f))) : cd::to_f16(f) != half;
    const float b = cd::from_bf16(half);
    wrong += std::isnan(b) ? !std::isnan(cd::from_bf16(cd::to_bf16(b))) : cd::to_bf16(b) != half;
  }
  CHECK(wrong == 0);
}

TEST_CASE("runtime: f32 becomes the nearest f16, ties to even") {
  // IEEE 754: between two neighbours the nearer one, in the middle the one whose last bit is 0.
  int wrong = 0;
  for (unsigned bits = 0; bits < 0x7bff; ++bits) {
    const auto low = static_cast<std::uint16_t>(bits);
    const auto high = static_cast<std::uint16_t>(bits + 1);
    const float a = cd::from_f16(low);
    const float b = cd::from_f16(high);
    const float middle = (a + b) / 2;  // exact in f32
    wrong += cd::to_f16(middle) != (bits % 2 == 0 ? low : high);
    wrong += cd::to_f16(std::nextafter(middle, 0.0F)) != low;
    wrong += cd::to_f16(std::nextafter(middle, 1e9F)) != high;
    wrong += cd::to_f16(-middle) != static_cast<std::uint16_t>(cd::to_f16(middle) | 0x8000U);
  }
  CHECK(wrong == 0);
  CHECK(cd::to_f16(65504.0F) == 0x7bff);
  CHECK(cd::to_f16(65519.9F) == 0x7bff);
  CHECK(cd::to_f16(65520.0F) == 0x7c00);
  CHECK(cd::to_f16(std::numeric_limits<float>::infinity()) == 0x7c00);
  CHECK(cd::to_f16(-1e30F) == 0xfc00);
  CHECK(cd::to_f16(std::numeric_limits<float>::denorm_min()) == 0);
  CHECK(cd::to_bf16(1.00390625F) == 0x3f80);  // half a step: even
  CHECK(cd::to_bf16(1.01171875F) == 0x3f82);  // one and a half
  CHECK(cd::to_bf16(std::numeric_limits<float>::max()) == 0x7f80);
}

TEST_CASE("runtime: numbers are encoded in every type") {
  const std::vector<float> numbers{0, 1, -2.5F, 0.333251953125F, 1024};
  for (const data_type type : {data_type::f32, data_type::f16, data_type::bf16}) {
    std::vector<float> again(numbers.size());
    const std::vector<std::byte> bytes = cd::encode(numbers, type);
    CHECK(bytes.size() == numbers.size() * static_cast<std::size_t>(size_of(type)));
    cd::decode(bytes, type, again);
    for (std::size_t i = 0; i < numbers.size(); ++i)
      CHECK(std::abs(again[i] - numbers[i]) <= std::abs(numbers[i]) / 256);
  }
}

TEST_CASE("runtime: failures of CUDA are typed") {
  CHECK_NOTHROW(cd::check(cudaSuccess, "something"));
  CHECK_THROWS_AS(cd::check(cudaErrorMemoryAllocation, "allocating"), memory_error);
  CHECK_THROWS_MATCHES(cd::check(cudaErrorInvalidValue, "copying"), nascent::cudnn::runtime_error,
                       MessageMatches(ContainsSubstring("cudnn, copying: found cudaErrorInvalidValue")));
}

TEST_CASE("runtime: a session without a driver says what to do") {
  test::need_no_driver_library();
  CHECK_THROWS_MATCHES(
      cd::session(0), device_error,
      MessageMatches(ContainsSubstring("no driver library (libcuda.so.1)") && ContainsSubstring("cudnn::planner")));
}

TEST_CASE("runtime: a session with a stand-in for the driver is refused") {
  test::need_driver_library();
  if (find_driver() != driver_kind::stand_in) SKIP("there is a driver");
  CHECK_THROWS_MATCHES(cd::session(0), device_error, MessageMatches(ContainsSubstring("stand-in")));
}

TEST_CASE("runtime: what is no stand-in for the driver is not loaded") {
  test::need_no_driver_library();
  CHECK_THROWS_MATCHES(load_driver_stand_in("/nowhere/libcuda.so.1"), device_error,
                       MessageMatches(ContainsSubstring("/nowhere/libcuda.so.1")));
  CHECK_THROWS_MATCHES(load_driver_stand_in("libm.so.6"), device_error,
                       MessageMatches(ContainsSubstring("found no stand-in")));
  CHECK(find_driver() == driver_kind::none);
}
