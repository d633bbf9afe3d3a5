// SPDX-License-Identifier: Apache-2.0
#include "nascent/space/error.hpp"

#include <string>
#include <type_traits>

#include <catch2/catch_test_macros.hpp>

using namespace nascent;

TEST_CASE("an error of a space says in which space and where") {
  const space_error e("space.vector", detail::place_in("GPUNet", "2.kernel"), "the option 7", "0 up to 1");
  CHECK(std::string(e.what()) == "nascent: space 'GPUNet', 2.kernel: found the option 7; allowed: 0 up to 1");
  CHECK(e.where() == "space 'GPUNet', 2.kernel");
  STATIC_CHECK(std::is_base_of_v<error, space_error>);
  STATIC_CHECK(std::is_nothrow_copy_constructible_v<space_error>);
}
