// SPDX-License-Identifier: Apache-2.0
#include "nascent/network/block_span.hpp"

#include <array>
#include <string>

#include <catch2/catch_test_macros.hpp>

using namespace nascent;

namespace {

constexpr std::array<std::string_view, 3> names{"filters", "ratio", "act"};

constexpr block_span made() {
  block_span b{.name = "own", .field_names = names};
  b.values[0] = field_value::of_integer(24);
  b.values[1] = field_value::of_real(.25);
  b.values[2] = field_value::of_name("activation", "swish");
  return b;
}

}  // namespace

TEST_CASE("a field keeps its value and its kind") {
  using enum field_value::kind;
  STATIC_CHECK(field_value::of_integer(-7).type() == integer);
  STATIC_CHECK(field_value::of_integer(std::int64_t{1} << 60).integer() == std::int64_t{1} << 60);
  STATIC_CHECK(field_value::of_integer(3).real() == 3);
  STATIC_CHECK(field_value::of_real(.0625).real() == .0625);
  STATIC_CHECK(field_value::of_real(2.5).integer() == 0);  // no whole number: not rounded
  STATIC_CHECK(field_value::of_truth(true).truth());
  STATIC_CHECK(!field_value::of_truth(false).truth());
  STATIC_CHECK(field_value::of_name("activation", "swish").name() == "swish");
  STATIC_CHECK(field_value::of_name("activation", "swish").type_name() == "activation");
  STATIC_CHECK(field_value::of_integer(3).name().empty());
  STATIC_CHECK(field_value::of_other("kernel_size").type() == other);
  STATIC_CHECK(field_value{}.type() == other);
}

TEST_CASE("values are equal where kind and value are") {
  STATIC_CHECK(field_value::of_integer(1) == field_value::of_integer(1));
  STATIC_CHECK(field_value::of_integer(1) != field_value::of_integer(2));
  STATIC_CHECK(field_value::of_integer(1) != field_value::of_real(1));
  STATIC_CHECK(field_value::of_integer(1) != field_value::of_truth(true));
  STATIC_CHECK(field_value::of_real(.0625) != field_value::of_real(.0626));
  const std::string elsewhere = "swish";  // the same text at another place
  CHECK(field_value::of_name("activation", "swish") == field_value::of_name("activation", elsewhere));
  CHECK(field_value::of_name("activation", "swish") != field_value::of_name("activation", "relu"));
  CHECK(field_value::of_name("activation", "none") != field_value::of_name("residual", "none"));
}

TEST_CASE("a block's fields are found by name") {
  constexpr block_span b = made();
  STATIC_REQUIRE(b.find("ratio") != nullptr);
  STATIC_CHECK(b.find("ratio")->real() == .25);
  STATIC_CHECK(b.find("act")->name() == "swish");
  STATIC_CHECK(b.find("kernel") == nullptr);
  CHECK(b.fields().size() == 3);
  CHECK(b.description().name == "own");
  CHECK(b.description().fields[0] == field_value::of_integer(24));
}
