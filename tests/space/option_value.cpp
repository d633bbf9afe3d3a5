// SPDX-License-Identifier: Apache-2.0
#include "nascent/space/option_value.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "nascent/network/activation.hpp"

using namespace nascent;

namespace {

enum class colour { red = 3, green = 5 };
enum class shade { light, dark };
constexpr const char* to_string(shade s) { return s == shade::light ? "light" : "dark"; }
struct window {
  int height;
  int width;
};
struct opaque {};

std::string text_of(const auto& value) { return std::string(make_option_value(value).text().view()); }

}  // namespace

TEST_CASE("values know what they are") {
  STATIC_CHECK(make_option_value(5).kind() == value_kind::integer);
  STATIC_CHECK(make_option_value(5).integer() == 5);
  STATIC_CHECK(make_option_value(.5).kind() == value_kind::real);
  STATIC_CHECK(make_option_value(.5F).number() == .5);
  STATIC_CHECK(make_option_value(true).kind() == value_kind::boolean);
  STATIC_CHECK(make_option_value(true).number() == 1);
  STATIC_CHECK(make_option_value(swish).kind() == value_kind::enumerator);
  STATIC_CHECK(make_option_value(swish).type() == "activation");
  STATIC_CHECK(make_option_value(swish).name() == "swish");
  STATIC_CHECK(make_option_value(swish).integer() == static_cast<int>(swish));
  STATIC_CHECK(make_option_value("stem").kind() == value_kind::name);
  STATIC_CHECK(make_option_value(opaque{}).kind() == value_kind::other);
  STATIC_CHECK_FALSE(make_option_value(swish).is_number());
}

TEST_CASE("values as text") {
  CHECK(text_of(5) == "5");
  CHECK(text_of(.0625) == "0.0625");
  CHECK(text_of(true) == "true");
  CHECK(text_of(hswish) == "hswish");
  CHECK(text_of(shade::dark) == "dark");
  CHECK(text_of(colour::green) == "5");  // an enumeration without to_string
  CHECK(text_of(window{3, 5}) == "3x5");
  CHECK(text_of(opaque{}) == "\xE2\x80\xA6");
}

TEST_CASE("the text of a number reads back as the number") {
  for (const double value : {.0625, .0626, .1 + .2, 1. / 3, 1e-9, 123456789.125, 5., -0.25}) {
    const std::string text = text_of(value);
    double back = 0;
    REQUIRE(std::from_chars(text.data(), text.data() + text.size(), back).ec == std::errc{});
    CHECK(back == value);
  }
  CHECK(text_of(std::numeric_limits<std::int64_t>::max()) == "9223372036854775807");
}

TEST_CASE("values are equal where kind, number, name and enumeration are") {
  STATIC_CHECK(make_option_value(5) == make_option_value(5));
  STATIC_CHECK(make_option_value(5) != make_option_value(5.));
  STATIC_CHECK(make_option_value(.0625) != make_option_value(.0626));
  STATIC_CHECK(make_option_value(relu) != make_option_value(swish));
  STATIC_CHECK(make_option_value(colour::red) != make_option_value(3));
  STATIC_CHECK(option_value::of_block("conv") != option_value::of_name("conv"));
}
