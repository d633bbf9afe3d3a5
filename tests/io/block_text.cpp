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

TEST_CASE("a text may have a stride for rows and one for columns") {
  const network read = parse_block("bottleneck filters=40 stride=2x1 layers=2", {1, 28, 20, 24});
  CHECK(read.output() == shape{1, 14, 20, 40});
  CHECK(parse_block("conv stride=2x2", {1, 8, 8, 12}).layers() == parse_block("conv stride=2", {1, 8, 8, 12}).layers());
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
  CHECK_THROWS_WITH(parse_block("mbconv stride=0", s), ContainsSubstring("stride") && ContainsSubstring("1, 2 or 4"));
  CHECK_THROWS_WITH(parse_block("mbconv kernel", s), ContainsSubstring("field=value"));
  CHECK_THROWS_AS(parse_block("conv kernel=9 pad=valid", s), network_error);
  CHECK_THROWS_WITH(parse_shape("3x3"), ContainsSubstring("'3x3'") && ContainsSubstring("56x56x24"));
  CHECK_THROWS_WITH(parse_data_type("f64"), ContainsSubstring("'f64'") && ContainsSubstring("f32, bf16"));
}

namespace {

std::string fault_of(const std::string& text, shape input = {1, 56, 56, 24}) {
  try {
    static_cast<void>(parse_block(text, input));
  } catch (const error& e) {
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a field in a text may hold what it may hold in code, and what that is is said") {
  const auto refused = [](const std::string& block, const std::string& field, const std::string& value,
                          const std::string& allowed) {
    CHECK(fault_of(block + " " + field + "=" + value) ==
          "nascent: block " + block + ", field " + field + ": found '" + value + "'; allowed: " + allowed);
  };
  for (const char* value : {"7", "-1", "nan", "inf", "1e300", "x"}) refused("mbconv", "se", value, "0 to 1");
  for (const char* value : {"nan", "0", "-1", "inf"}) refused("mbconv", "expand", value, "above 0");
  for (const char* value : {"3", "0", "-2", "2147483647", "4294967297", "2.0", "2x3", "2x", "x1", "2x1x1", "0x1"})
    refused("conv", "stride", value, "1, 2 or 4, or two as 2x1");
  for (const char* value : {"0", "-8", "8.5", "4294967304", "nan"})
    refused("conv", "filters", value, "whole numbers, 1 or more");
  refused("conv", "layers", "1001", "whole numbers, 1 to 1000");
  refused("conv", "layers", "0", "whole numbers, 1 to 1000");
  refused("split_attention", "radix", "1000000000", "whole numbers, 1 to 64");
  refused("space_to_depth", "factor", "1", "whole numbers, 2 or more");
  refused("conv", "act", "relu7",
          "identity, relu, relu6, swish, hswish, sigmoid, zero, hsigmoid, leaky_relu, elu, mish, tanh, softplus, gelu, "
          "gelu_tanh, clamp");
  refused("conv", "pad", "full", "same, symmetric, valid, narrow");
  refused("mbconv", "residual", "some", "none, identity, project, strided");
  refused("mbconv", "always_expand", "maybe", "true, false");
  CHECK(fault_of("conv filters=8 filters=16") ==
        "nascent: block conv, field filters: found it twice; allowed: each field once");
  CHECK(fault_of("conv stride=2 stride=2") ==
        "nascent: block conv, field stride: found it twice; allowed: each field once");
  CHECK(fault_of("dense", {1, 1, 1, 8}) ==
        "nascent: block dense, field units: found nothing; allowed: whole numbers, 1 or more");
  CHECK(fault_of("dense units=10", {1, 1, 1, 8}).empty());
  CHECK(fault_of("global_pool").empty());
  CHECK(fault_of("bottleneck ratio=0.5 filters=64").empty());
  CHECK(fault_of("conv act=\xff") == "nascent: block: found bytes that are no UTF-8; allowed: UTF-8");
}

TEST_CASE("a block that is too large to be counted is refused by name, whatever its numbers multiply") {
  CHECK(fault_of("conv filters=1048576").empty());
  for (const char* text :
       {"conv filters=1048577", "mbconv filters=8 expand=1e30", "mbconv filters=8 expand=2147483647",
        "space_to_depth factor=2147483647", "conv kernel=2147483647", "split_attention filters=2147483647 radix=64",
        "bottleneck filters=64 ratio=1e300", "conv filters=1048576 kernel=1024", "max_pool kernel=2147483647",
        "depthwise_conv kernel=1025", "space_to_batch factor=2147483647", "batch_to_space factor=65536",
        "mbconv filters=64 groups=2"}) {
    CAPTURE(text);
    const std::string fault = fault_of(text);
    CHECK(!fault.empty());
    CHECK(fault.size() < 300);
  }
  CHECK_THAT(fault_of("conv filters=1048577"), ContainsSubstring("found 1048577 against 1048576"));
  CHECK_THAT(fault_of("conv filters=1048576 kernel=1024", {1, 1024, 1024, 24}), ContainsSubstring("that 42 bits hold"));
  CHECK_THROWS_AS(parse_shape("65537x1x1"), block_text_error);
  CHECK(parse_shape("65536x1x1") == shape{1, 65536, 1, 1});
  for (const char* text : {"", "3", "3x", "3x3", "3x3x", "3x3x3x", "3x3x3x3", "-3x3x3", "3 x3x3", "3x3x3 ", "3.5x3x3",
                           "0x3x3", "4294967297x1x1"})
    CHECK_THROWS_AS(parse_shape(text), block_text_error);
}

TEST_CASE("every block of the library has its text") {
  int blocks = 0;
  for_each_block([&](const auto& block) {
    using type = std::remove_cvref_t<decltype(block)>;
    ++blocks;
    const std::string text = std::string(block_name<type>) + (block_name<type> == "dense"           ? " units=10"
                                                              : block_name<type> == "adaptive_pool" ? " size=4"
                                                                                                    : "");
    CAPTURE(text);
    const shape input = block_name<type> == "dense" ? shape{1, 1, 1, 16} : shape{1, 8, 8, 16};
    CHECK(fault_of(text, input) == (block_name<type> == "batch_to_space" ? fault_of("batch_to_space", input) : ""));
  });
  CHECK(blocks == 33);
}
