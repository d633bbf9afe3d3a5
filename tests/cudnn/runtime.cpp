// SPDX-License-Identifier: Apache-2.0
// Numbers in the types of devices, and what is said where there is none.
#include "nascent/executor/detail/cudnn/runtime.hpp"

#include "driver.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace nascent;
using namespace nascent::cudnn;
namespace cd = nascent::cudnn::detail;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::MessageMatches;

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
