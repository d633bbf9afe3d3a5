// SPDX-License-Identifier: Apache-2.0
#include "nascent/space/detail/values.hpp"

#include "spaces.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/zoo/nas_bench_201.hpp"

using namespace nascent;
using namespace test;

namespace {

/// All options of a slot, joined.
template <class Space>
std::string options_of(const Space& space, std::string_view path) {
  const std::size_t k = space.find(path);
  REQUIRE(k < space.slot_count);
  std::string all;
  for (int o = 0; o < space.slot(k).options; ++o)
    all += (o > 0 ? " " : "") + std::string(space.value(k, o).text().view());
  return all;
}

constexpr auto mixed = define([] {
  return search_space("mixed")
      .input(3, range(16, 32, 16))
      .choose("ratio", one_of(0, .125, .25))
      .stage("1", mbconv{.filters = 64 * one_of(.5, 1., 1.5),
                         .se = tied_to("ratio"),
                         .act = one_of(identity, hswish),
                         .residual = one_of(residual::none, residual::project),
                         .se_from = one_of(se_reference::expanded),
                         .always_expand = one_of(false, true)})
      .stride(one_of(2, 1))
      .layers(one_of(4, 0, 2))
      .stage("2", mbconv{.filters = 64, .se = tied_to("ratio")});
});

}  // namespace

TEST_CASE("values of every kind are text") {
  CHECK(options_of(mixed, "input.resolution") == "16 32");
  CHECK(options_of(mixed, "ratio") == "0 0.125 0.25");
  CHECK(options_of(mixed, "1.filters") == "32 64 96");
  CHECK(options_of(mixed, "1.act") == "identity hswish");
  CHECK(options_of(mixed, "1.residual") == "none project");
  CHECK(options_of(mixed, "1.se_from") == "expanded");
  CHECK(options_of(mixed, "1.always_expand") == "false true");
  CHECK(options_of(mixed, "1.stride") == "2 1");
  CHECK(options_of(mixed, "1.layers") == "4 0 2");
}

TEST_CASE("names of blocks and of stages are values") {
  CHECK(options_of(alternating::space, "1.block") == "conv mbconv depthwise_conv");
  CHECK(options_of(connected::space, "3.skip") == "1 none 2");
  CHECK(options_of(zoo::nas_bench_201, "1.edge_13") == "none skip_connect nor_conv_1x1 nor_conv_3x3 avg_pool_3x3");
}

TEST_CASE("values of shared fields, of later layers and of alternatives") {
  CHECK(options_of(skipping::space, "1.filters") == "8 16");
  CHECK(options_of(skipping::space, "1[2].block") == "mbconv skip");
  CHECK(options_of(growing::space, "2[1].depthwise_conv.kernel") == "3 5");
}
