// SPDX-License-Identifier: Apache-2.0
#include "nascent/space/image_size.hpp"

#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "nascent/block/block.hpp"
#include "nascent/cost/cost.hpp"
#include "nascent/network/fingerprint.hpp"
#include "nascent/space/describe.hpp"
#include "nascent/space/features.hpp"
#include "nascent/space/migrate.hpp"
#include "nascent/space/to_network.hpp"
#include "nascent/space/view_of.hpp"

using namespace nascent;

namespace {

/// One camera.
constexpr auto camera = define([] {
  return search_space("camera")
      .input(3, {.height = 480, .width = 640})
      .stage("stem", conv{.filters = one_of(8, 16)})
      .stride(2)
      .stage("1", mbconv{.filters = 24, .kernel = one_of(3, 5), .expand = 3})
      .stride(2)
      .layers(range(1, 3))
      .head(global_pool{}, dense{10});
});

/// Mel spectrograms, 128 bands in 384 frames or half of both; the frames are thinned out faster than the bands.
constexpr auto sound = define([] {
  return search_space("sound")
      .input(1, one_of(image_size{128, 384}, image_size{64, 192}))
      .stage("stem", conv{.filters = 8})
      .stride({1, 2})
      .stage("1", bottleneck{.filters = 16, .kernel = one_of(3, 5)})
      .stride(one_of(strides{2, 2}, strides{1, 2}))
      .layers(range(1, 2))
      .stage("2", either(mbconv{.filters = 24}, fused_mbconv{.filters = 24, .residual = residual::project}))
      .stride({2, 1})
      .stage("3", conv{.filters = 24})
      .skip("2")
      .head(global_pool{}, dense{5});
});

constexpr auto wide = define([] {
  return search_space("wide").input(3, with_aspect(range(240, 480, 60), 4, 3)).stage("1", conv{.filters = 8});
});

template <class Space>
std::vector<candidate<Space>> all_of(const Space& s) {
  std::vector<candidate<Space>> all;
  for (uint128 r = 0; r < s.size(); ++r) all.push_back(s.unrank(r));
  return all;
}

}  // namespace

static_assert(camera.size() == 12);
static_assert(sound.size() == 2 * 2 * 2 * 2 * 2);
static_assert(wide.size() == 5);

TEST_CASE("an image has as many rows as its height says and columns as its width") {
  const network graph = to_network(camera, camera.unrank(0));
  CHECK(graph.input() == shape{1, 480, 640, 3});
  CHECK(graph.layers()[0].output == shape{1, 240, 320, 8});
  CHECK(cost(camera.unrank(0)).macs == cost(graph).macs);
  // A 3x3 convolution of 3 to 8 channels with stride 2 on 480 x 640: 27 * 8 * 240 * 320.
  CHECK(macs(graph.layers()[0]) == 16'588'800);
}

TEST_CASE("strides of stages thin out rows and columns each by their own") {
  for (const auto& c : all_of(sound)) {
    const network graph = to_network(sound, c);
    INFO(describe(sound, c));
    const image_size in{graph.input().height, graph.input().width};
    const std::string chosen(sound.value(1, c.digits[1]).text().view());
    CHECK(in.width == 3 * in.height);
    const shape& stem = graph.layers()[0].output;
    CHECK((stem.height == in.height && stem.width == in.width / 2));
    for (const layer& l : graph.layers())
      if (l.has_window() && l.stride_height != l.stride_width) CHECK((l.stride_height == 1 || l.stride_width == 1));
    // Before the head: 2 x 1 after 1 x 2 and 2 x 2 or 1 x 2.
    shape last{};
    for (const layer& l : graph.layers())
      if (l.kind == layer_kind::add) last = l.output;
    CHECK(last.width == in.width / 4);
    CHECK((last.height == in.height / 4 || last.height == in.height / 2));
  }
}

TEST_CASE("counting and building agree where rows and columns differ") {
  for (const auto& c : all_of(sound)) {
    const network graph = to_network(sound, c);
    CHECK(cost(c).macs == cost(graph).macs);
    CHECK(cost(c).params == cost(graph).params);
  }
}

TEST_CASE("heights with an aspect are images, whole numbers on both sides") {
  const auto sizes = with_aspect(range(240, 480, 60), 4, 3);
  REQUIRE(sizes.size() == 5);
  CHECK(sizes[0] == image_size{240, 320});
  CHECK(sizes[4] == image_size{480, 640});
  CHECK(with_aspect(one_of(96, 128), 1, 3)[0] == image_size{96, 32});
  CHECK(with_aspect(one_of(100), 4, 3)[0].width == 0);  // 133.3: refused with the space
  CHECK(with_aspect(one_of(100), 4, 0)[0].width == 0);
}

TEST_CASE("scaling keeps the aspect: the longer side is what it says, the shorter the nearest whole number") {
  CHECK(at_resolution({480, 640}, 320) == image_size{240, 320});
  CHECK(at_resolution({480, 640}, 322) == image_size{242, 322});  // 241.5 rounds up
  CHECK(at_resolution({640, 480}, 321) == image_size{321, 241});  // 240.75
  CHECK(at_resolution({1, 16000}, 8000) == image_size{1, 8000});  // 0.5 rounds up, and no side vanishes
  CHECK(at_resolution({1, 16000}, 100) == image_size{1, 100});
  CHECK(at_resolution({224, 224}, 300) == image_size{300, 300});
  const auto c = camera.unrank(3);
  CHECK(to_network(camera, scaled(c, {.resolution = 800})).input() == shape{1, 600, 800, 3});
  CHECK(to_network(camera, scaled(c, {.width = 1.5})).input() == shape{1, 480, 640, 3});
}

TEST_CASE("values are sizes, in texts and features") {
  CHECK(sound.value(0, 1).text() == "64x192");
  CHECK(wide.value(0, 4).text() == "480x640");
  const space_view view = view_of(sound);
  CHECK(view.stages[0].blocks[0].fields[0].values[0] == typed_value::of_size(128, 384));
  CHECK(view.stages[1].stride.values[0].text() == "1x2");
  const candidate_features encode(sound);
  CHECK(encode.columns()[0].name == "input.resolution.height");
  CHECK(encode.columns()[1].name == "input.resolution.width");
  std::vector<double> row(encode.size());
  encode(sound.unrank(0), row);
  CHECK(row[1] == 3 * row[0]);
  const candidate_features unit(sound, {.numbers = number_encoding::unit});
  for (const auto& c : all_of(sound)) {
    unit(c, row);
    CHECK((row[0] == row[1] && (row[0] == 0 || row[0] == 1)));
    CHECK(row[0] == (c.digits[0] == 0 ? 1 : 0));
  }
}

TEST_CASE("a square image is the same whether it is one number or two") {
  static constexpr auto number =
      define([] { return search_space("s").input(3, one_of(32, 64)).stage("1", conv{.filters = 8}).stride(2); });
  static constexpr auto size = define([] {
    return search_space("s")
        .input(3, one_of(image_size{32, 48}, image_size{64, 64}))
        .stage("1", conv{.filters = 8})
        .stride({2, 2});
  });
  const auto small = number.unrank(0);
  const auto large = number.unrank(1);
  const auto there = migrate(number, large, size);
  REQUIRE(there.what);
  CHECK(fingerprint_of(to_network(*there.what)) == fingerprint_of(to_network(large)));
  CHECK(to_network(*there.what).layers() == to_network(large).layers());
  CHECK_FALSE(migrate(number, small, size).what);
  const auto back = migrate(size, *there.what, number);
  REQUIRE(back.what);
  CHECK(*back.what == large);
}
