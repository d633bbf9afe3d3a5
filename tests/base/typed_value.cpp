// SPDX-License-Identifier: Apache-2.0
#include "nascent/base/typed_value.hpp"

#include <charconv>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

using namespace nascent;

namespace {

std::string text_of(const typed_value& value) { return std::string(value.text().view()); }

}  // namespace

TEST_CASE("a value keeps its number and its kind") {
  STATIC_CHECK(typed_value::of_integer(-7).kind() == value_kind::integer);
  STATIC_CHECK(typed_value::of_integer(std::int64_t{1} << 60).integer() == std::int64_t{1} << 60);
  STATIC_CHECK(typed_value::of_integer(3).number() == 3);
  STATIC_CHECK(typed_value::of_real(.0625).number() == .0625);
  STATIC_CHECK(typed_value::of_real(2.5).integer() == 0);  // no whole number: not rounded
  STATIC_CHECK(typed_value::of_boolean(true).truth());
  STATIC_CHECK(typed_value::of_boolean(true).number() == 1);
  STATIC_CHECK(!typed_value::of_boolean(false).truth());
  STATIC_CHECK(typed_value::of_enumerator("activation", "swish", 4).integer() == 4);
  STATIC_CHECK(typed_value::of_enumerator("activation", "swish", 4).name() == "swish");
  STATIC_CHECK(typed_value::of_enumerator("activation", "swish", 4).type() == "activation");
  STATIC_CHECK(typed_value::of_integer(3).name().empty());
  STATIC_CHECK(typed_value::of_size(7, 1).height() == 7);
  STATIC_CHECK(typed_value::of_size(7, 1).width() == 1);
  STATIC_CHECK(typed_value::of_size(7, 1).number() == 0);
  STATIC_CHECK(typed_value::of_other("own").type() == "own");
  STATIC_CHECK(typed_value{}.kind() == value_kind::other);
  STATIC_CHECK_FALSE(typed_value{}.is_number());
}

TEST_CASE("the text of a number reads back as the number") {
  for (const double value : {.0625, .0626, .1 + .2, 1. / 3, 1e-9, 123456789.125, 5., -0.25}) {
    const std::string text = text_of(typed_value::of_real(value));
    double back = 0;
    REQUIRE(std::from_chars(text.data(), text.data() + text.size(), back).ec == std::errc{});
    CHECK(back == value);
  }
  CHECK(text_of(typed_value::of_integer(std::numeric_limits<std::int64_t>::max())) == "9223372036854775807");
  CHECK(text_of(typed_value::of_size(1, 7)) == "1x7");
  CHECK(text_of(typed_value::of_boolean(false)) == "false");
}

TEST_CASE("values are equal where kind, number, name and type are") {
  STATIC_CHECK(typed_value::of_integer(5) == typed_value::of_integer(5));
  STATIC_CHECK(typed_value::of_integer(5) != typed_value::of_integer(6));
  STATIC_CHECK(typed_value::of_integer(1) != typed_value::of_real(1));
  STATIC_CHECK(typed_value::of_integer(1) != typed_value::of_boolean(true));
  STATIC_CHECK(typed_value::of_real(.0625) != typed_value::of_real(.0626));
  STATIC_CHECK(typed_value::of_real(0.) == typed_value::of_real(-0.));
  STATIC_CHECK(typed_value::of_size(3, 5) != typed_value::of_size(5, 3));
  STATIC_CHECK(typed_value::of_block("conv") != typed_value::of_name("conv"));
  const std::string elsewhere = "swish";  // the same text at another place
  CHECK(typed_value::of_enumerator("activation", "swish", 4) == typed_value::of_enumerator("activation", elsewhere, 4));
  CHECK(typed_value::of_enumerator("activation", "swish", 4) != typed_value::of_enumerator("activation", "relu", 1));
  CHECK(typed_value::of_enumerator("activation", "none", 0) != typed_value::of_enumerator("residual", "none", 0));
}
