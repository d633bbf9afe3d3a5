// SPDX-License-Identifier: Apache-2.0
#include "nascent/base/read_number.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace nascent;

TEST_CASE("a whole number is read as it stands, or not at all") {
  CHECK(read_whole("0") == 0);
  CHECK(read_whole("9223372036854775807") == std::numeric_limits<std::int64_t>::max());
  CHECK(read_whole<std::uint64_t>("18446744073709551615") == std::numeric_limits<std::uint64_t>::max());
  CHECK(read_whole<int>("-3", {.least = -3}) == -3);
  for (const char* text :
       {"", " 1", "1 ", "+1", "-1", "1.0", "1e3", "0x10", "nan", "one", "1,000", "9223372036854775808"})
    CHECK(!read_whole(text));
  CHECK(!read_whole<int>("4294967297"));
  CHECK(!read_whole<int>("2147483648"));
  CHECK(!read_whole<std::uint64_t>("-1"));
  CHECK(!read_whole<std::uint64_t>("18446744073709551616"));
  CHECK(!read_whole<int>("65", {.least = 1, .most = 64}));
  CHECK(!read_whole<int>("0", {.least = 1, .most = 64}));
}

TEST_CASE("other numbers are finite and in their range") {
  CHECK(read_real("12.345") == 12.345);
  CHECK(read_real("1e-3") == .001);
  CHECK(read_real("-2", any_finite) == -2);
  for (const char* text :
       {"", " 1", "1 ", "+1", "-1", "nan", "-nan", "inf", "infinity", "1e400", "1e-400", "12.3x", "1,5"})
    CHECK(!read_real(text));
  for (const char* text : {"nan", "inf", "-inf"}) CHECK(!read_real(text, any_finite));
  CHECK(!read_real("0", {.above_least = true}));
  CHECK(!read_real("1e300", {.most = 1e9}));
}

TEST_CASE("what is allowed is said in words and short numbers") {
  CHECK(whole_range<int>{.least = 1}.allowed() == "a whole number of 1 or more, below 2^31");
  CHECK(whole_range<>{}.allowed() == "a whole number of 0 or more, below 2^63");
  CHECK(whole_range<std::uint64_t>{}.allowed() == "a whole number of 0 or more, below 2^64");
  CHECK(whole_range<int>{.least = 1, .most = 64}.allowed() == "a whole number from 1 to 64");
  CHECK(whole_range<int>{.least = std::numeric_limits<int>::min()}.allowed() == "a whole number that 32 bits hold");
  CHECK(real_range{}.allowed() == "a number of 0 or more");
  CHECK(real_range{.above_least = true}.allowed() == "a number above 0");
  CHECK(real_range{.most = 1e300, .above_least = true}.allowed() == "a number above 0, up to 1e300");
  CHECK(real_range{.least = 5, .most = 1e6}.allowed() == "a number from 5 to 1000000");
  CHECK(any_finite.allowed() == "a finite number");
}
