// SPDX-License-Identifier: Apache-2.0
#include "nascent/choice/marks.hpp"

#include <type_traits>

#include <catch2/catch_test_macros.hpp>

using namespace nascent;

TEST_CASE("marks stand on numbers, choices of numbers and what stands for them") {
  STATIC_CHECK(fixed(32).value == 32);
  STATIC_CHECK(fixed(one_of(24, 32)).value[1] == 32);
  STATIC_CHECK(fixed(range(8, 24, 8)).value.size() == 3);
  STATIC_CHECK(scaled(1280).value == 1280);
  STATIC_CHECK(scaled(64 * one_of(.5, 1.)).value[0] == 32);
  STATIC_CHECK(std::is_same_v<decltype(fixed(tied_to("1.filters")).value), tie>);
  STATIC_CHECK(fixed(shared(one_of(8, 16))).value.values[0] == 8);
  STATIC_CHECK(fixed(independent(range(2, 4))).value.count.size() == 3);
  STATIC_CHECK(!choice<decltype(fixed(one_of(24, 32)))>);  // a space takes it off before anything asks
}

TEST_CASE("what a mark stands on is found, anything else is itself") {
  STATIC_CHECK(detail::unmarked(fixed(3)) == 3);
  STATIC_CHECK(detail::unmarked(scaled(3)) == 3);
  STATIC_CHECK(detail::unmarked(2.5) == 2.5);
  STATIC_CHECK(detail::is_fixed<decltype(fixed(3))>);
  STATIC_CHECK(!detail::is_fixed<decltype(scaled(3))>);
  STATIC_CHECK(detail::is_scaled<decltype(scaled(3))>);
  STATIC_CHECK(!detail::is_marked<int>);
}
