// SPDX-License-Identifier: Apache-2.0
#include "nascent/network/block_span.hpp"

#include <array>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

using namespace nascent;

namespace {

constexpr std::array<std::string_view, 3> names{"filters", "ratio", "act"};

constexpr block_span made() {
  block_span b{.name = "own", .field_names = names};
  b.values[0] = typed_value::of_integer(24);
  b.values[1] = typed_value::of_real(.25);
  b.values[2] = typed_value::of_enumerator("activation", "swish", 4);
  return b;
}

}  // namespace

TEST_CASE("a block's fields are found by name") {
  constexpr block_span b = made();
  STATIC_REQUIRE(b.find("ratio") != nullptr);
  STATIC_CHECK(b.find("ratio")->number() == .25);
  STATIC_CHECK(b.find("act")->name() == "swish");
  STATIC_CHECK(b.find("kernel") == nullptr);
  CHECK(b.fields().size() == 3);
  CHECK(b.description().name == "own");
  CHECK(b.description().fields[0] == typed_value::of_integer(24));
}
