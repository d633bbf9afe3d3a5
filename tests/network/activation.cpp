// SPDX-License-Identifier: Apache-2.0
#include "nascent/network/activation.hpp"

#include <set>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

using namespace nascent;
using namespace std::literals;

TEST_CASE("every enumerator has its own name") {
  STATIC_CHECK(to_string(identity) == "identity"sv);
  STATIC_CHECK(to_string(relu) == "relu"sv);
  STATIC_CHECK(to_string(relu6) == "relu6"sv);
  STATIC_CHECK(to_string(swish) == "swish"sv);
  STATIC_CHECK(to_string(hswish) == "hswish"sv);
  STATIC_CHECK(to_string(activation::zero) == "zero"sv);
  STATIC_CHECK(to_string(sigmoid) == "sigmoid"sv);
  std::set<std::string_view> names;
  for (int i = 0; i < activation_count; ++i) names.insert(to_string(static_cast<activation>(i)));
  CHECK(names.size() == activation_count);
  CHECK_FALSE(names.contains("unknown"));
  CHECK(to_string(static_cast<activation>(activation_count)) == "unknown"sv);
  STATIC_CHECK(to_string(residual::none) == "none"sv);
  STATIC_CHECK(to_string(residual::identity) == "identity"sv);
  STATIC_CHECK(to_string(residual::project) == "project"sv);
  STATIC_CHECK(to_string(residual::strided) == "strided"sv);
  STATIC_CHECK(to_string(se_reference::block_input) == "block_input"sv);
  STATIC_CHECK(to_string(se_reference::expanded) == "expanded"sv);
  STATIC_CHECK(to_string(se_reference::expanded_rounded) == "expanded_rounded"sv);
  STATIC_CHECK(to_string(se_activation::of_block) == "of_block"sv);
  STATIC_CHECK(to_string(se_activation::always_relu) == "always_relu"sv);
}

TEST_CASE("a value outside of the enumeration, as a broken file may hold, is unknown") {
  CHECK(to_string(static_cast<activation>(99)) == "unknown"sv);
  CHECK(to_string(static_cast<residual>(99)) == "unknown"sv);
  CHECK(to_string(static_cast<se_reference>(99)) == "unknown"sv);
  CHECK(to_string(static_cast<se_activation>(99)) == "unknown"sv);
}
