// SPDX-License-Identifier: Apache-2.0
#include "nascent/base/text.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

using namespace nascent;

namespace {

template <class Number>
constexpr basic_text<64> text_of(Number value) {
  return basic_text<64>{}.add(value);
}

template <class Float>
Float read_back(std::string_view text) {
  Float value = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  REQUIRE((end.ec == std::errc{} && end.ptr == text.data() + text.size()));
  return value;
}

/// The digits and the power of ten of a text, however it is laid out.
std::string digits_of(std::string_view text) {
  std::string digits;
  int exponent = -1;
  bool point = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == 'e') {
      exponent += std::stoi(std::string(text.substr(i + 1)));
      break;
    }
    if (text[i] == '.') {
      point = true;
      continue;
    }
    if (digits.empty() && text[i] == '0') {
      exponent -= point ? 1 : 0;
      continue;
    }
    digits += text[i];
    exponent += point ? 0 : 1;
  }
  while (!digits.empty() && digits.back() == '0') digits.pop_back();
  return digits + "e" + std::to_string(exponent);
}

/// Random bits are read as numbers; `std::to_chars` is the judge of what the shortest digits are.
template <class Float, class Bits>
void compare_with_standard_library(std::uint64_t seed) {
  CAPTURE(seed);
  std::mt19937_64 engine(seed);
  for (int i = 0; i < 20000; ++i) {
    const auto value = std::bit_cast<Float>(static_cast<Bits>(engine()));
    if (!std::isfinite(value)) continue;
    const auto text = text_of(value);
    std::array<char, 64> standard{};
    const auto end = std::to_chars(standard.data(), standard.data() + standard.size(), std::abs(value),
                                   std::chars_format::scientific);
    const std::string_view expected(standard.data(), static_cast<std::size_t>(end.ptr - standard.data()));
    if (read_back<Float>(text.view()) != value || digits_of(text_of(std::abs(value)).view()) != digits_of(expected))
      FAIL(text.view() << " against " << expected);
  }
}

}  // namespace

TEST_CASE("numbers and words are joined") {
  STATIC_CHECK(short_text{}.add("stage ").add(-12).add('/').add(std::size_t{7}).add(std::int64_t{1} << 40) ==
               "stage -12/71099511627776");
  STATIC_CHECK(short_text{}.add(0) == "0");
  STATIC_CHECK(short_text{} == "");
  STATIC_CHECK(text_of(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
  STATIC_CHECK(text_of(~std::uint64_t{0}) == "18446744073709551615");
}

TEST_CASE("a number is the shortest text that reads back as the same number, in constant evaluation too") {
  STATIC_CHECK(text_of(.25) == "0.25");
  STATIC_CHECK(text_of(.0625) == "0.0625");
  STATIC_CHECK(text_of(.0626) == "0.0626");
  STATIC_CHECK(text_of(.9996) == "0.9996");
  STATIC_CHECK(text_of(1.) == "1");
  STATIC_CHECK(text_of(1.05) == "1.05");
  STATIC_CHECK(text_of(-.5) == "-0.5");
  STATIC_CHECK(text_of(40.) == "40");
  STATIC_CHECK(text_of(.1 + .2) == "0.30000000000000004");
  STATIC_CHECK(text_of(1. / 3) == "0.3333333333333333");
  STATIC_CHECK(text_of(123456789.012345) == "123456789.012345");
  STATIC_CHECK(text_of(12.345F) == "12.345");
  STATIC_CHECK(text_of(.1F) == "0.1");
  STATIC_CHECK(text_of(static_cast<double>(.1F)) == "0.10000000149011612");
  STATIC_CHECK(text_of(0.) == "0");
  STATIC_CHECK(text_of(-0.) == "0");
}

TEST_CASE("very large and very small numbers are powers of ten, and what is no number says so") {
  using limits = std::numeric_limits<double>;
  STATIC_CHECK(text_of(.0001) == "0.0001");
  STATIC_CHECK(text_of(.00001) == "1e-5");
  STATIC_CHECK(text_of(9007199254740993.) == "9007199254740992");
  STATIC_CHECK(text_of(1e16) == "1e16");
  STATIC_CHECK(text_of(1.25e-7) == "1.25e-7");
  STATIC_CHECK(text_of(1e23) == "1e23");
  STATIC_CHECK(text_of(limits::max()) == "1.7976931348623157e308");
  STATIC_CHECK(text_of(limits::min()) == "2.2250738585072014e-308");
  STATIC_CHECK(text_of(limits::denorm_min()) == "5e-324");
  STATIC_CHECK(text_of(-limits::infinity()) == "-inf");
  STATIC_CHECK(text_of(limits::quiet_NaN()) == "nan");
}

TEST_CASE("all numbers read back, and the standard library finds no shorter text") {
  compare_with_standard_library<double, std::uint64_t>(2026);
  compare_with_standard_library<float, std::uint32_t>(2027);
}

TEST_CASE("decimals of up to 15 digits are written as they were") {
  const std::uint64_t seed = 2028;
  CAPTURE(seed);
  std::mt19937_64 engine(seed);
  for (int i = 0; i < 20000; ++i) {
    std::uint64_t digits = engine() % 1'000'000'000'000'000;
    const int decimals = static_cast<int>(engine() % 16);
    if (digits % 10 == 0) ++digits;
    std::string written = std::to_string(digits);
    if (written.size() <= static_cast<std::size_t>(decimals))
      written.insert(0, static_cast<std::size_t>(decimals) + 1 - written.size(), '0');
    if (decimals > 0) written.insert(written.size() - static_cast<std::size_t>(decimals), 1, '.');
    const auto value = read_back<double>(written);
    if (value < 1e-4) continue;
    REQUIRE(text_of(value) == written);
  }
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
