// SPDX-License-Identifier: Apache-2.0
#include "nascent/io/json_reader.hpp"

#include <cstdint>
#include <limits>
#include <string>

#include <catch2/catch_test_macros.hpp>

using namespace nascent;

namespace {

/// What `read` says of JSON that it refuses; "" where it takes it.
template <class Read>
std::string refusal(const char* text, Read read) {
  const json j = json::parse(text);
  try {
    static_cast<void>(read(detail::json_reader<json>(j, "/x")));
  } catch (const json_error& e) {
    return std::string(e.found()) + "; " + std::string(e.allowed());
  }
  return "";
}

}  // namespace

TEST_CASE("whole numbers are taken to the last of their range, and no further") {
  const auto ints = [](const auto& r) { return r.template whole<int>(); };
  CHECK(refusal("0", ints).empty());
  CHECK(refusal("2147483647", ints).empty());
  CHECK(refusal("2147483648", ints) == "2147483648; a whole number of 0 or more, below 2^31");
  CHECK(refusal("-1", ints) == "-1; a whole number of 0 or more, below 2^31");
  CHECK(refusal("1.0", ints) == "1.0; a whole number of 0 or more, below 2^31");
  CHECK(refusal("\"1\"", ints) == "\"1\"; a whole number of 0 or more, below 2^31");
  const auto any = [](const auto& r) { return r.whole(); };
  CHECK(refusal("9223372036854775807", any).empty());
  CHECK_FALSE(refusal("9223372036854775808", any).empty());
  CHECK_FALSE(refusal("18446744073709551615", any).empty());
  const auto some = [](const auto& r) { return r.template whole<int>({.least = -3, .most = 5}); };
  for (const char* inside : {"-3", "0", "5"}) CHECK(refusal(inside, some).empty());
  for (const char* outside : {"-4", "6"})
    CHECK(refusal(outside, some) == std::string(outside) + "; a whole number from -3 to 5");
  const json j = -3;
  CHECK(detail::json_reader<json>(j, "").whole<int>({.least = -3}) == -3);
}

TEST_CASE("other numbers are finite and in their range") {
  const auto reals = [](const auto& r) { return r.real(); };
  CHECK(refusal("0", reals).empty());
  CHECK(refusal("1e308", reals).empty());
  CHECK(refusal("-0.001", reals) == "-0.001; a number of 0 or more");
  CHECK(refusal("true", reals) == "true; a number of 0 or more");
  CHECK(refusal("null", reals) == "null; a number of 0 or more");
  const auto percent = [](const auto& r) { return r.real({.most = 100}); };
  CHECK(refusal("100", percent).empty());
  CHECK(refusal("100.001", percent) == "100.001; a number from 0 to 100");
  const auto above = [](const auto& r) { return r.real({.above_least = true}); };
  CHECK(refusal("0", above) == "0; a number above 0");
  CHECK(refusal("1e-300", above).empty());
}

TEST_CASE("ranks are decimal texts below their limit, of up to 128 bits") {
  const auto below = [](uint128 limit) { return [limit](const auto& r) { return r.decimal(limit); }; };
  CHECK(refusal("\"0\"", below(1)).empty());
  CHECK(refusal("\"1\"", below(1)) == "\"1\"; a decimal number below 1, as a text");
  CHECK_FALSE(refusal("\"\"", below(5)).empty());
  CHECK_FALSE(refusal("\"-1\"", below(5)).empty());
  CHECK_FALSE(refusal("\"1 \"", below(5)).empty());
  CHECK_FALSE(refusal("\"/\"", below(50)).empty());  // the characters around the digits
  CHECK_FALSE(refusal("\":\"", below(50)).empty());
  CHECK_FALSE(refusal("3", below(5)).empty());
  constexpr uint128 most = std::numeric_limits<std::uint64_t>::max();
  const json all = "340282366920938463463374607431768211454";
  CHECK(detail::json_reader<json>(all, "").decimal(~uint128{0}) == ~uint128{0} - 1);
  CHECK_FALSE(refusal("\"340282366920938463463374607431768211455\"", below(~uint128{0})).empty());
  CHECK_FALSE(refusal("\"340282366920938463463374607431768211456\"", below(~uint128{0})).empty());
  const json nine = "90";
  CHECK(detail::json_reader<json>(nine, "").decimal(most) == 90);
}

TEST_CASE("what was found is shown while it is short, and named where it is not") {
  const auto truth = [](const auto& r) { return r.truth(); };
  CHECK(refusal("{}", truth) == "{}; true or false");
  CHECK(refusal("[]", truth) == "[]; true or false");
  CHECK(refusal("{\"a\": 1}", truth) == "a group of keys; true or false");
  CHECK(refusal("[1]", truth) == "a list; true or false");
  const std::string just = "\"" + std::string(58, 'x') + "\"";  // 60 characters with its quotes
  CHECK(refusal(just.c_str(), truth) == just + "; true or false");
  const std::string more = "\"" + std::string(59, 'x') + "\"";
  CHECK(refusal(more.c_str(), truth) == "a long text; true or false");
  const json broken = "\xFF";  // what is no UTF-8 is shown all the same
  try {
    static_cast<void>(detail::json_reader<json>(broken, "/x").truth());
    FAIL();
  } catch (const json_error& e) {
    CHECK(e.found() == "\"\xEF\xBF\xBD\"");
    CHECK(e.where() == "JSON at '/x'");
  }
}

TEST_CASE("places are named from the top down") {
  const json j = json::parse(R"({"a": {"b": [1, {"c": "text"}]}})");
  const detail::json_reader<json> top(j, "");
  CHECK(top.at("a").at("b").items()[1].at("c").where() == "/a/b/1/c");
  CHECK(top.at("a").at("b").items()[1].at("c").text() == "text");
  CHECK(top.has("a"));
  CHECK_FALSE(top.has("b"));
  const auto fault = [](auto read) -> std::string {
    try {
      read();
    } catch (const json_error& e) {
      return e.what();
    }
    return "";
  };
  CHECK(fault([&] { static_cast<void>(top.at("a").at("z")); }) ==
        "nascent: JSON at '/a/z': found nothing; allowed: a value");
  CHECK(fault([&] { static_cast<void>(top.items()); }) ==
        "nascent: JSON at '/': found a group of keys; allowed: a list");
  CHECK(fault([&] { static_cast<void>(top.at("a").at("b").items()[0].at("c")); }) ==
        "nascent: JSON at '/a/b/0': found 1; allowed: a group of keys");
}

TEST_CASE("a hundred levels are parsed, one more is not; and a key stands once in its group") {
  const auto fault = [](const std::string& text, const char* source = "") -> std::string {
    try {
      static_cast<void>(parse_json(text, source));
    } catch (const json_error& e) {
      return e.what();
    }
    return "";
  };
  const auto nested = [](std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); };
  CHECK(fault(nested(100)).empty());
  CHECK(fault(nested(102)).find("more than 100 levels; allowed: at most 100") != std::string::npos);
  CHECK(fault(nested(102), "f.json").find("more than 100 levels in 'f.json'") != std::string::npos);
  CHECK(fault(R"({"a": 1, "b": {"a": 2}, "c": [{"a": 3}, {"a": 4}]})").empty());
  CHECK(fault(R"({"a": 1, "a": 2})") ==
        "nascent: JSON at '/a': found this key twice in one group; allowed: each key once");
  CHECK(fault(R"({"p": {"q": [{"a": 1, "b": 2, "a": 3}]}})", "f.json") ==
        "nascent: JSON at '/p/q/a': found this key twice in one group in 'f.json'; allowed: each key once");
  // Groups that were closed are forgotten.
  CHECK(fault(R"({"p": {"a": 1}, "q": {"a": 1}, "r": {"x": {"a": 1}, "a": 2}})").empty());
  CHECK(fault("[1", "f.json").starts_with("nascent: JSON at '/': found no JSON in 'f.json' ("));
  CHECK(fault("[1e999]").starts_with("nascent: JSON at '/': found no JSON ("));
}
