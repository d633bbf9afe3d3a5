// SPDX-License-Identifier: Apache-2.0
#include "nascent/base/text.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace nascent;

TEST_CASE("numbers and words are joined") {
  STATIC_CHECK(short_text{}.add("stage ").add(-12).add('/').add(std::size_t{7}).add(std::int64_t{1} << 40) ==
               "stage -12/71099511627776");
  STATIC_CHECK(short_text{}.add(0) == "0");
  STATIC_CHECK(short_text{} == "");
}

TEST_CASE("ratios have up to three decimals") {
  STATIC_CHECK(short_text{}.add(.25) == "0.25");
  STATIC_CHECK(short_text{}.add(.125) == "0.125");
  STATIC_CHECK(short_text{}.add(1.) == "1");
  STATIC_CHECK(short_text{}.add(1.05) == "1.05");
  STATIC_CHECK(short_text{}.add(-.5) == "-0.5");
  STATIC_CHECK(short_text{}.add(.9996) == "1");
  STATIC_CHECK(short_text{}.add(12.345f) == "12.345");
}

TEST_CASE("what does not fit is cut, and said to be") {
  constexpr auto full = basic_text<8>{}.add("1234567");
  STATIC_CHECK(full == "1234567");
  STATIC_CHECK(!full.truncated);
  constexpr auto cut = basic_text<8>{}.add("12345678");
  STATIC_CHECK(cut == "1234567");
  STATIC_CHECK(cut.truncated);
  STATIC_CHECK(cut.c_str()[7] == '\0');
  STATIC_CHECK(cut.size() == 7);
}
