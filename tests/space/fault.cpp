// SPDX-License-Identifier: Apache-2.0
#include "nascent/space/fault.hpp"

#include <string_view>

#include <catch2/catch_test_macros.hpp>

using namespace nascent;

namespace {

template <literal Text>
constexpr std::string_view spelled() {
  return {Text.chars, sizeof(Text.chars) - 1};
}

}  // namespace

TEST_CASE("texts ride along as template arguments, exactly as long as they are") {
  constexpr auto where = short_text{}.add("stage 2, field kernel");
  STATIC_CHECK(spelled<literal<where.length + 1>(where)>() == "stage 2, field kernel");
  STATIC_CHECK(sizeof(literal<where.length + 1>) == 22);
}

TEST_CASE("a declaration without a fault is none") {
  STATIC_CHECK(!declaration_fault{});
  STATIC_CHECK(declaration_fault{fault::no_input, {}, {}, {}});
}

TEST_CASE("only the fault at hand fails") {
  STATIC_CHECK(detail::fine<false, literal<1>{}, literal<1>{}, literal<1>{}>);
  STATIC_CHECK(!detail::fine<true, literal<1>{}, literal<1>{}, literal<1>{}>);
}
