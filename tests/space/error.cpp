// SPDX-License-Identifier: Apache-2.0
#include "nascent/space/error.hpp"

#include <string>
#include <type_traits>

#include <catch2/catch_test_macros.hpp>

using namespace nascent;

TEST_CASE("an error says where, what was found and what is allowed") {
  CHECK(std::string(space_error("GPUNet", "2.kernel", "the option", 7, "0 up to", 1).what()) ==
        "nascent: space 'GPUNet', 2.kernel: found the option 7; allowed: 0 up to 1");
  CHECK(std::string(space_error("GPUNet", "rank", ~uint128{0}, "a rank below the size,", uint128{12}).what()) ==
        "nascent: space 'GPUNet', rank: found 340282366920938463463374607431768211455; allowed: a rank below the size, "
        "12");
  CHECK(std::string(space_error("GPUNet", "stage 5", "no map").what()) ==
        "nascent: space 'GPUNet', stage 5: found no map");
}

TEST_CASE("an error is a standard exception that can be thrown without allocating") {
  STATIC_CHECK(std::is_base_of_v<std::exception, space_error>);
  STATIC_CHECK(std::is_nothrow_copy_constructible_v<space_error>);
  const std::string endless(1000, 'x');
  CHECK(std::string(space_error(endless, "rank", "a lot").what()).size() == 255);
}
