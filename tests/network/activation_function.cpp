// SPDX-License-Identifier: Apache-2.0
#include "nascent/network/activation_function.hpp"

#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "nascent/network/kernel.hpp"

using namespace nascent;

namespace {
constexpr double infinity = std::numeric_limits<double>::infinity();
}  // namespace

// What the C library reads from the same digits.
TEST_CASE("a short decimal is the double that its digits are") {
  for (int digits = -4095; digits <= 4095; ++digits)
    for (int decimals = 0; decimals <= 6; ++decimals) {
      const std::string text = std::to_string(digits) + "e-" + std::to_string(decimals);
      const double number = std::strtod(text.c_str(), nullptr);
      const short_decimal d(number);
      if (!(d.said() && d.valid() && d.value() == number && short_decimal::of_bits(d.bits()) == d)) FAIL(text);
    }
  STATIC_CHECK(short_decimal(0.1).value() == 0.1);
  STATIC_CHECK(!short_decimal().said());
  STATIC_CHECK(short_decimal(0).said());
  STATIC_CHECK(short_decimal(infinity).value() == infinity);
  STATIC_CHECK(short_decimal(-infinity).value() == -infinity);
}

TEST_CASE("what four digits do not say is no short decimal") {
  for (const double number : {1.0 / 3, 4096.0, -4096.0, 1e-7, 0.12345, 1e300, std::numeric_limits<double>::denorm_min(),
                              std::numeric_limits<double>::quiet_NaN()}) {
    CAPTURE(number);
    CHECK_FALSE(short_decimal(number).valid());
    CHECK(short_decimal(number).said());
  }
}

TEST_CASE("a function has one description") {
  STATIC_CHECK(activation_function(leaky_relu, 0.01) == leaky_relu);
  STATIC_CHECK(activation_function(leaky_relu, 0) == relu);
  STATIC_CHECK(activation_function(elu, 1) == elu);
  STATIC_CHECK(activation_function(activation::clamp, -1, 1) == activation::clamp);
  STATIC_CHECK(activation_function(activation::clamp, 0, 6) == relu6);
  STATIC_CHECK(activation_function(activation::clamp, 0, infinity) == relu);
  STATIC_CHECK(activation_function(activation::clamp, -infinity, infinity) == identity);
  STATIC_CHECK(activation_function(leaky_relu, 0.2) != leaky_relu);
  STATIC_CHECK(activation_function(leaky_relu, 0.2).slope() == 0.2);
  STATIC_CHECK(activation_function(leaky_relu).slope() == 0.01);
  STATIC_CHECK(activation_function(elu, 0.5).factor() == 0.5);
  STATIC_CHECK(activation_function(activation::clamp, 0, 20).low() == 0);
  STATIC_CHECK(activation_function(activation::clamp, 0, 20).high() == 20);
}

TEST_CASE("keys of a table say the numbers") {
  const auto key = [](const activation_function& f) {
    return kernel{.core =
                      make_network("act", {1, 4, 4, 8}, [&](auto& net, tensor x) { net.activate(x, f); }).layers()[0]}
        .signature();
  };
  CHECK(key(leaky_relu) == "activate 4x4x8>4x4x8 leaky_relu");
  CHECK(key({leaky_relu, 0.2}) == "activate 4x4x8>4x4x8 leaky_relu 0.2");
  CHECK(key({activation::clamp, -0.5, 20}) == "activate 4x4x8>4x4x8 clamp -0.5..20");
}

// torch.nn.PReLU(16) has 16 parameters.
TEST_CASE("a PReLU has one parameter for each channel, and no multiply-adds") {
  const network graph = make_network("prelu", {1, 4, 4, 16}, [](auto& net, tensor x) { net.prelu(x); });
  const layer& l = graph.layers()[0];
  CHECK(params(l) == 16);
  CHECK(macs(l) == 0);
  CHECK(traffic(l, false, data_type::f32, 2) == 4 * (2 * 2 * 256 + 16));
  CHECK(group_of(l) == kernel_group::activation);
}
