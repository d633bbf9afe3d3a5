// SPDX-License-Identifier: Apache-2.0
#include "nascent/cost/network_profile.hpp"

#include <limits>
#include <string>
#include <vector>

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include "nascent/block/block.hpp"
#include "nascent/space/to_network.hpp"
#include "nascent/zoo/efficientnet.hpp"
#include "nascent/zoo/efficientnet_family.hpp"
#include "nascent/zoo/efficientnet_x_family.hpp"
#include "nascent/zoo/mobile.hpp"
#include "nascent/zoo/resnet.hpp"

using namespace nascent;
using Catch::Approx;

namespace {

const stage_profile& stage(const network_profile& p, const std::string& name) {
  for (const stage_profile& s : p.stages)
    if (s.stage == name) return s;
  FAIL("no stage " << name);
  return p.stages.front();
}

/// A block of a user's own, whose name says nothing.
struct surprise {
  int filters;
  bool full = false;

  constexpr auto operator()(auto& net, auto input, int stride) const {
    auto x = full ? net.conv(input, {.filters = 4 * input.channels, .kernel = 3, .stride = stride, .act = hswish})
                  : net.depthwise_conv(input, {.kernel = 3, .stride = stride, .act = hswish});
    return net.conv(x, {.filters = filters});
  }
};

}  // namespace

TEST_CASE("EfficientNet-B0 as its paper prints it: 16 blocks, none fused, all gated and with swish") {
  const network_profile p = profile_of(to_network(zoo::efficientnet_b0.only()));
  CHECK(p.count() == block_counts{.blocks = 16, .fused = 0, .gated = 16, .rectified = 0, .swish = 16});
  CHECK(p.count(2, 8) == block_counts{.blocks = 5, .gated = 5, .swish = 5});  // 1 at 112, 2 at 56, 2 at 28
  CHECK(p.count(2, 2).blocks == 1);
  CHECK(p.count(16, 16).blocks == 6);
  CHECK(p.count(32, 32).blocks == 5);
  CHECK(p.count(64, 64).blocks == 0);
  CHECK(p.count().fused_share() == 0);
  CHECK_FALSE(p.space_to_depth);

  const int layers[] = {1, 2, 2, 3, 3, 4, 1};
  const int channels[] = {16, 24, 40, 80, 112, 192, 320};
  const int kernels[] = {3, 3, 5, 3, 5, 5, 3};
  for (int i = 0; i < 7; ++i) {
    const std::string name = std::to_string(i + 1);
    const stage_profile& s = stage(p, name);
    REQUIRE(s.blocks.size() == static_cast<std::size_t>(layers[i]));
    for (const bottleneck_profile& b : s.blocks) {
      CHECK(b.channels == channels[i]);
      CHECK(b.kernel == kernels[i]);
      CHECK(b.expansion == (i == 0 ? 1 : 6));
      CHECK(b.squeeze == .25);
    }
  }
  // Stage 1 by hand, on 112 x 112: depthwise 9 x 32, gate 32 x 8 twice, projection 32 x 16.
  CHECK(stage(p, "1").macs == 112 * 112 * (9 * 32 + 32 * 16) + 2 * 32 * 8);
  CHECK(stage(p, "1").params == 9 * 32 + 2 * 32 + (32 * 8 + 8) + (8 * 32 + 32) + 32 * 16 + 2 * 16);
}

TEST_CASE("EfficientNet-X-B0: fused blocks with swish in stages 2 and 3, relu elsewhere, behind a space-to-depth") {
  const network_profile p = profile_of(to_network(zoo::efficientnet_x_family[0]));
  CHECK(p.space_to_depth);
  CHECK(p.count() == block_counts{.blocks = 16, .fused = 4, .gated = 16, .rectified = 12, .swish = 4});
  CHECK(p.count(2, 8).fused == 4);
  CHECK(p.count(2, 8).fused_share() == Approx(4. / 5));
  CHECK(p.count(2, 2).blocks == 0);  // space-to-depth halves stage 1's map
  CHECK(p.count(16).fused == 0);
  CHECK(stage(p, "2").blocks[1].fused);
  CHECK(stage(p, "2").blocks[1].expansion == 6);
  CHECK(stage(p, "2").blocks[1].squeeze == 1);
  CHECK(stage(p, "2").blocks[0].expansion == 1.5);  // 6 of the channels before space-to-depth
  CHECK(stage(p, "3").blocks[0].kernel == 5);
}

TEST_CASE("stages add up to the network, at every size of a family") {
  for (const auto& model : zoo::efficientnet_family) {
    const network graph = to_network(model);
    const network_profile p = profile_of(graph);
    std::int64_t macs = 0;
    std::int64_t params = 0;
    for (const stage_profile& s : p.stages) {
      macs += s.macs;
      params += s.params;
    }
    CHECK(macs == cost(graph).macs);
    CHECK(params == cost(graph).params);
    CHECK(p.cost == cost(graph));
    // Every block is early or late, whatever the resolution and its rounding.
    CHECK(p.count(2, 8).blocks + p.count(12, 40).blocks == p.count().blocks);
  }
}

TEST_CASE("what is no inverted bottleneck is not counted") {
  CHECK(profile_of(to_network(zoo::resnet_50)).count().blocks == 0);
  CHECK(profile_of(to_network(zoo::mobilenet_v2)).count() ==
        block_counts{.blocks = 17, .rectified = 17});  // Sandler et al., 2018, Table 2: relu6, no gates
}

TEST_CASE("a block counts by its layers, not by its name") {
  const network graph = make_network("own", {.height = 32, .width = 32, .channels = 3}, [](auto& net, auto x) {
    net.stage("a");
    x = place(net, conv{.filters = 8}, x, 2);
    net.stage("b");
    x = place(net, surprise{.filters = 16, .full = true}, x, 2);
    x = place(net, surprise{.filters = 16}, x, 1);
    net.stage("a");
    place(net, surprise{.filters = 16}, x, 2);
  });
  const network_profile p = profile_of(graph);
  CHECK(p.count() == block_counts{.blocks = 3, .fused = 1});
  REQUIRE(p.stages.size() == 2);  // stages of one name are one
  CHECK(stage(p, "a").blocks.size() == 1);
  CHECK(stage(p, "b").blocks.front() ==
        bottleneck_profile{.fused = true, .kernel = 3, .channels = 16, .expansion = 4, .reduction = 4, .act = hswish});
  CHECK_FALSE(p.space_to_depth);
}

TEST_CASE("a space-to-depth counts where it stands behind a convolution, trained or copied") {
  const auto network_with = [](auto block, bool stem) {
    return make_network("s2d", {.height = 32, .width = 32, .channels = 3}, [&](auto& net, auto x) {
      if (stem) x = place(net, conv{.filters = 8}, x, 2);
      x = place(net, block, x, 1);
      place(net, conv{.filters = 8}, x, 1);
    });
  };
  CHECK(profile_of(network_with(space_to_depth{.factor = 2}, true)).space_to_depth);
  CHECK(profile_of(network_with(space_to_depth_copy{.factor = 2}, true)).space_to_depth);
  CHECK_FALSE(profile_of(network_with(space_to_depth{.factor = 2}, false)).space_to_depth);  // part of the stem
  CHECK_FALSE(profile_of(network_with(conv{.filters = 8, .kernel = 2}, true)).space_to_depth);
}

TEST_CASE("a network without stages is one, without a name") {
  network graph("bare", {.height = 8, .width = 8, .channels = 4});
  const network made = make_network("x", {.height = 8, .width = 8, .channels = 4},
                                    [](auto& net, auto x) { place(net, mbconv{.filters = 4}, x, 1); });
  for (const layer& l : made.layers()) graph(l);
  const network_profile p = profile_of(graph);
  REQUIRE(p.stages.size() == 1);
  CHECK(p.stages.front().stage.empty());
  CHECK(p.count().blocks == 0);  // layers without their block are layers
  CHECK(p.cost.macs == p.stages.front().macs);
}

TEST_CASE("the price of a MAC of a network") {
  CHECK(mac_price(4e8, 8) == Approx(20));
  CHECK_THROWS_AS(mac_price(0, 8), nascent::error);
  CHECK_THROWS_AS(mac_price(4e8, std::numeric_limits<double>::quiet_NaN()), nascent::error);
}
