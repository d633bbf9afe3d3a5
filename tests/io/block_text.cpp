// SPDX-License-Identifier: Apache-2.0
#include "nascent/io/block_text.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace nascent;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("a text makes the same layers as the block it names") {
  const network read =
      parse_block("mbconv filters=40 kernel=5 expand=6 se=0.25 act=swish stride=2 layers=2", {1, 28, 28, 24});
  const mbconv block{.filters = 40, .kernel = 5, .expand = 6., .se = .25, .act = swish};
  const network built = make_network("built", {1, 28, 28, 24}, [&](auto& net, auto x) {
    x = block(net, x, 2);
    x = block(net, x, 1);
  });
  CHECK(read.layers() == built.layers());
}

TEST_CASE("what a text leaves out keeps the block's own default, and filters the input's channels") {
  CHECK(parse_block("conv", {1, 8, 8, 12}).layers() ==
        make_network("x", {1, 8, 8, 12}, [](auto& net, auto x) { conv{.filters = 12}(net, x, 1); }).layers());
}

TEST_CASE("a wrong text says what was found and what is allowed") {
  const shape s{1, 8, 8, 8};
  CHECK_THROWS_WITH(parse_block("mbcon", s),
                    ContainsSubstring("found block 'mbcon'") && ContainsSubstring("fused_mbconv"));
  CHECK_THROWS_WITH(parse_block("mbconv filter=3", s),
                    ContainsSubstring("found field 'filter'") && ContainsSubstring("filters, kernel, expand"));
  CHECK_THROWS_WITH(parse_block("mbconv act=swosh", s), ContainsSubstring("field act") && ContainsSubstring("'swosh'"));
  CHECK_THROWS_WITH(parse_block("mbconv kernel=3.5", s), ContainsSubstring("field kernel"));
  CHECK_THROWS_WITH(parse_block("mbconv stride=0", s), ContainsSubstring("stride") && ContainsSubstring("1 or more"));
  CHECK_THROWS_WITH(parse_block("mbconv kernel", s), ContainsSubstring("field=value"));
  CHECK_THROWS_AS(parse_block("conv stride=9", s), network_error);
  CHECK_THROWS_WITH(parse_shape("3x3"), ContainsSubstring("'3x3'") && ContainsSubstring("56x56x24"));
  CHECK_THROWS_WITH(parse_data_type("f64"), ContainsSubstring("'f64'") && ContainsSubstring("f32, bf16"));
}

TEST_CASE("numbers that no block can compute with are refused, whatever they multiply") {
  const auto fault = [](const std::string& text, shape input = {1, 56, 56, 24}) -> std::string {
    try {
      static_cast<void>(parse_block(text, input));
    } catch (const block_text_error& e) {
      return e.what();
    }
    return "";
  };
  CHECK(fault("conv filters=65536").empty());
  CHECK(fault("conv filters=65537") == "nascent: block conv, field filters: found '65537'; allowed: up to 65536");
  CHECK(fault("mbconv expand=1e30") == "nascent: block mbconv, field expand: found '1e30'; allowed: up to 128");
  CHECK(fault("mbconv expand=nan") == "nascent: block mbconv, field expand: found 'nan'; allowed: up to 128");
  CHECK(fault("mbconv se=-1e300") == "nascent: block mbconv, field se: found '-1e300'; allowed: up to 128");
  CHECK(fault("max_pool stride=2147483647") ==
        "nascent: block max_pool, field stride: found '2147483647'; allowed: up to 128");
  CHECK(fault("conv layers=1001") == "nascent: block conv, field layers: found '1001'; allowed: up to 1000");
  CHECK(fault("space_to_depth factor=100", {1, 200, 200, 16}) ==
        "nascent: block 'space_to_depth factor=100': found 160000 channels after layer 1; allowed: up to 65536");
  CHECK_THROWS_AS(parse_shape("65537x1x1"), block_text_error);
  CHECK(parse_shape("65536x1x1").height == 65536);
}
