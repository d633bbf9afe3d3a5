// SPDX-License-Identifier: Apache-2.0
#include "nascent/zoo/once_for_all.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace nascent;

TEST_CASE("Once-for-All has (9^2 + 9^3 + 9^4)^5 networks in 45 decisions") {
  uint128 size = 1;
  for (int stage = 0; stage < 5; ++stage) size *= 81 + 729 + 6561;
  CHECK(zoo::once_for_all.size() == size);
  CHECK(zoo::once_for_all.slot_count == 45);
  CHECK(to_decimal(zoo::once_for_all.size()).c_str() == std::string_view("21758655492572485851"));
}
