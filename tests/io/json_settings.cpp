// SPDX-License-Identifier: Apache-2.0
#include "nascent/io/json_settings.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

using namespace nascent;

namespace {

template <class Read>
std::string refusal(Read read) {
  try {
    static_cast<void>(read());
  } catch (const json_error& e) {
    return std::string(e.where()) + ": " + std::string(e.found()) + "; " + std::string(e.allowed());
  }
  return "";
}

}  // namespace

TEST_CASE("settings are read as what they must be, and refused by place") {
  const json_settings s(parse_json(R"({"space": "gpunet", "seed": 18446744073709551615, "share": 0.5, "fast": true,
                                       "limits": ["macs=3e8", "params=5e6"]})"));
  CHECK(s.text("space") == "gpunet");
  CHECK(s.whole<std::uint64_t>("seed") == 18446744073709551615U);
  CHECK(s.real("share") == 0.5);
  CHECK(s.truth("fast"));
  CHECK(s.texts("limits") == std::vector<std::string>{"macs=3e8", "params=5e6"});
  CHECK(s.has("space"));
  CHECK(!s.has("workers"));
  CHECK_NOTHROW(s.allow({"space", "seed", "share", "fast", "limits"}));

  CHECK(refusal([&] { return s.text("workers"); }) == "JSON at '/workers': nothing; a value");
  CHECK(refusal([&] { return s.text("seed"); }) == "JSON at '/seed': 18446744073709551615; a text");
  CHECK(refusal([&] { return s.whole<int>("share", {.least = 1}); }).starts_with("JSON at '/share': 0.5; "));
  CHECK(refusal([&] { return s.truth("share"); }) == "JSON at '/share': 0.5; true or false");
  CHECK(refusal([&] { return s.texts("space"); }) == "JSON at '/space': \"gpunet\"; a list");
  CHECK(refusal([&] { return s.allow({"space", "seed"}), 0; }) == "JSON at '/share': this key; space, seed");
  CHECK(refusal([] { return json_settings(parse_json("[1]")), 0; }) == "JSON at '/': a list; a group of keys");
}
