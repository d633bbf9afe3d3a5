// SPDX-License-Identifier: Apache-2.0
#include "nascent/base/uint128.hpp"

#include <iomanip>
#include <sstream>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

using namespace nascent;

namespace {

constexpr uint128 largest = ~uint128{0};

constexpr bool prints(uint128 value, std::string_view expected) {
  const decimal text = to_decimal(value);
  return std::string_view(text.data(), text.size()) == expected && std::string_view(text.c_str()) == expected;
}

}  // namespace

TEST_CASE("sums that leave 128 bits are marked") {
  STATIC_CHECK(!checked_add({largest - 1}, {1}).overflow);
  STATIC_CHECK(checked_add({largest - 1}, {1}).value == largest);
  STATIC_CHECK(checked_add({largest}, {1}).overflow);
  STATIC_CHECK(checked_add({largest}, {largest}).overflow);
}

TEST_CASE("products that leave 128 bits are marked") {
  constexpr uint128 half = uint128{1} << 64;
  STATIC_CHECK(!checked_multiply({half}, {half - 1}).overflow);
  STATIC_CHECK(checked_multiply({half}, {half}).overflow);
  STATIC_CHECK(!checked_multiply({largest}, {1}).overflow);
  STATIC_CHECK(!checked_multiply({0}, {largest}).overflow);
  STATIC_CHECK(checked_multiply({3}, {largest / 2}).overflow);
}

TEST_CASE("an overflow is never forgotten") {
  constexpr checked_uint128 lost{5, true};
  STATIC_CHECK(checked_add(lost, {1}).overflow);
  STATIC_CHECK(checked_add({1}, lost).overflow);
  STATIC_CHECK(checked_multiply(lost, {0}).overflow);
  STATIC_CHECK(checked_multiply({0}, lost).overflow);
}

TEST_CASE("powers") {
  STATIC_CHECK(checked_power({7371}, 0).value == 1);
  STATIC_CHECK(prints(checked_power({7371}, 5).value, "21758655492572485851"));
  STATIC_CHECK(!checked_power({2}, 127).overflow);
  STATIC_CHECK(checked_power({2}, 128).overflow);
}

TEST_CASE("a share of a number is rounded down, and below it") {
  constexpr uint128 large = (uint128{0x123456789abcdefU} << 64) + 0xfedcba9876543210U;
  STATIC_CHECK(share_of(large, std::uint64_t{1} << 63) == large / 2);
  STATIC_CHECK(share_of(large, 0) == 0);
  STATIC_CHECK(share_of(large, ~std::uint64_t{0}) < large);
  STATIC_CHECK(share_of(~uint128{0}, std::uint64_t{1} << 62) == ~uint128{0} / 4);
  STATIC_CHECK(share_of(std::uint64_t{10}, std::uint64_t{3} << 62) == 7);
  STATIC_CHECK(share_of(std::uint64_t{1}, ~std::uint64_t{0}) == 0);
}

TEST_CASE("decimal digits") {
  STATIC_CHECK(prints(0, "0"));
  STATIC_CHECK(prints(10, "10"));
  STATIC_CHECK(prints(~std::uint64_t{0}, "18446744073709551615"));
  STATIC_CHECK(prints(largest, "340282366920938463463374607431768211455"));
}

TEST_CASE("sizes print as they are") {
  std::ostringstream out;
  out << uint128{7} << ' ' << largest << ' ' << std::setw(5) << uint128{42} << ' ' << to_decimal(9);
  CHECK(out.str() == "7 340282366920938463463374607431768211455    42 9");
}
