// SPDX-License-Identifier: Apache-2.0
#include "nascent/block/make_value.hpp"

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
struct material {};
constexpr std::string_view to_string(material) { return "oak"; }

std::string text_of(const auto& value) { return std::string(make_value(value).text().view()); }

}  // namespace

TEST_CASE("values know what they are") {
  STATIC_CHECK(make_value(5).kind() == value_kind::integer);
  STATIC_CHECK(make_value(5).integer() == 5);
  STATIC_CHECK(make_value(.5).kind() == value_kind::real);
  STATIC_CHECK(make_value(.5F).number() == .5);
  STATIC_CHECK(make_value(true).kind() == value_kind::boolean);
  STATIC_CHECK(make_value(true).number() == 1);
  STATIC_CHECK(make_value(swish).kind() == value_kind::enumerator);
  STATIC_CHECK(make_value(swish).type() == "activation");
  STATIC_CHECK(make_value(swish).name() == "swish");
  STATIC_CHECK(make_value(swish).integer() == static_cast<int>(swish));
  STATIC_CHECK(make_value("stem").kind() == value_kind::name);
  STATIC_CHECK(make_value(window{3, 5}).kind() == value_kind::size);
  STATIC_CHECK(make_value(opaque{}).kind() == value_kind::other);
  STATIC_CHECK(make_value(opaque{}).type() == "opaque");
  STATIC_CHECK_FALSE(make_value(swish).is_number());
}

TEST_CASE("values as text") {
  CHECK(text_of(5) == "5");
  CHECK(text_of(.0625) == "0.0625");
  CHECK(text_of(true) == "true");
  CHECK(text_of(hswish) == "hswish");
  CHECK(text_of(shade::dark) == "dark");
  CHECK(text_of(colour::green) == "5");  // an enumeration without to_string
  CHECK(text_of(window{3, 5}) == "3x5");
  CHECK(text_of(material{}) == "oak");
  CHECK(text_of(opaque{}) == "\xE2\x80\xA6");
}
