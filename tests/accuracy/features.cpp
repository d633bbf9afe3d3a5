// SPDX-License-Identifier: Apache-2.0
#include "nascent/accuracy/features.hpp"

#include <array>
#include <cmath>
#include <string_view>
#include <tuple>

#include "../../examples/family_space.hpp"
#include "networks.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>

#include "nascent/base/random.hpp"
#include "nascent/space/space.hpp"

using namespace nascent;
using Catch::Matchers::WithinRel;

namespace {

struct parameter_count {
  std::int64_t total = 0;
  void operator()(const layer& l) { total += params(l); }
};

accuracy_features features_of_x(double width, double depth, int resolution) {
  accuracy_collector collector;
  build_efficientnet_x(width, depth, resolution, collector);
  return collector.finish();
}

}  // namespace

TEST_CASE("the test networks are the published ones") {
  parameter_count b0;
  build_plan(efficientnet(1, 1, 224), b0);
  CHECK(b0.total == 5'288'548);
  parameter_count b4;
  build_plan(efficientnet(1.4, 1.8, 380), b4);
  CHECK(b4.total == 19'341'616);
  parameter_count x_b0;
  build_efficientnet_x(1, 1, 224, x_b0);
  CHECK(x_b0.total == 7'584'104);
}

TEST_CASE("the blocks of EfficientNet-B0 are found with their levels and widths") {
  const accuracy_features f = features_of(efficientnet(1, 1, 224));
  CHECK(f.blocks == std::array{1, 2, 2, 6, 5});
  CHECK(f.narrowest == std::array{16.0, 24.0, 40.0, 80.0, 192.0});
  CHECK(f.widest == std::array{16.0, 24.0, 40.0, 112.0, 320.0});
  CHECK(f.stem == 32);
  CHECK(f.head == 1280);
  CHECK(f.classes == 1000);
  CHECK(f.height == 224);
  CHECK(f.width == 224);
  CHECK(f.missing_sums == 0);
  CHECK(f.fused_early + f.fused_late + f.rectified + f.other_activation + f.kernel_7 + f.small_se == 0);
  CHECK(f.outside == nullptr);
}

TEST_CASE("levels do not depend on resolutions that strides do not divide") {
  for (int resolution = 106; resolution <= 600; ++resolution)
    REQUIRE(features_of(efficientnet(1, 1, resolution)).blocks == std::array{1, 2, 2, 6, 5});
}

TEST_CASE("fused blocks, activations, kernels and small squeeze-and-excite are counted") {
  test_plan p = efficientnet(1, 1, 224);
  p.stages[1].fused = p.stages[2].fused = p.stages[5].fused = true;
  p.stages[3].act = relu;
  p.stages[4].act = hswish;
  p.stages[5].kernel = 7;
  p.stages[6].se = 0.125;
  const accuracy_features f = features_of(p);
  CHECK(f.blocks == std::array{1, 2, 2, 6, 5});
  CHECK(f.fused_early == 4);
  CHECK(f.fused_late == 4);
  CHECK(f.rectified == 3);
  CHECK(f.other_activation == 3);
  CHECK(f.kernel_7 == 4);
  CHECK(f.small_se == 1);
  CHECK(f.missing_sums == 0);
  CHECK(f.outside == nullptr);
}

TEST_CASE("fused and depthwise blocks of equal hyper-parameters have equal capacity") {
  test_plan p = efficientnet(1, 1, 224);
  const accuracy_features depthwise = features_of(p);
  for (test_stage& s : p.stages) s.fused = true;
  const accuracy_features fused = features_of(p);
  for (std::size_t i = 0; i < accuracy_features::levels; ++i)
    CHECK_THAT(fused.capacity[i], WithinRel(depthwise.capacity[i]));
}

TEST_CASE("space-to-depth blocks are read as what they stand for") {
  const accuracy_features b0 = features_of(efficientnet(1, 1, 224));
  const accuracy_features x = features_of_x(1, 1, 224);
  CHECK(x.space_to_depth);
  CHECK(x.blocks == b0.blocks);
  CHECK(x.narrowest == b0.narrowest);
  CHECK(x.widest == b0.widest);
  for (std::size_t i = 0; i < accuracy_features::levels; ++i) CHECK_THAT(x.capacity[i], WithinRel(b0.capacity[i]));
  CHECK(x.fused_early == 4);
  CHECK(x.rectified == 12);
  CHECK(x.outside == nullptr);
  const accuracy_features x4 = features_of_x(1.4, 1.8, 380);
  CHECK(x4.blocks == features_of(efficientnet(1.4, 1.8, 380)).blocks);
  CHECK(x4.outside == nullptr);
}

// The networks of latency-aware scaling are EfficientNet's, scaled: a wider stem next to a stage 1 that rounding keeps
// narrow, as in X-GPU-B4, does not end the fold.
TEST_CASE("a fold lasts over stage 1 whatever rounding makes of stem and stage") {
  for (const auto& [width, depth, resolution] :
       {std::tuple{1.63, 2.40, 282}, std::tuple{2.16, 2.60, 528}, std::tuple{1.13, 1.24, 237}}) {
    const accuracy_features x = features_of_x(width, depth, resolution);
    const accuracy_features plain = features_of(efficientnet(width, depth, resolution));
    INFO("width " << width);
    CHECK(x.blocks == plain.blocks);
    CHECK(x.narrowest == plain.narrowest);
    CHECK(x.widest == plain.widest);
  }
}

TEST_CASE("a fold ends where the map is narrowed, also to 24 x 1.25 filters") {
  // The main job's space around its space-to-depth: kernels of 7 at most, and at most one fold.
  constexpr const auto& space = examples::family_space;
  random_engine rng(1);
  for (int i = 0; i < 2000; ++i) {
    const auto c = space.sample(rng);
    accuracy_collector collector;
    net builder(collector);
    build(c, builder);
    const accuracy_features f = collector.finish();
    INFO("rank " << to_decimal(space.rank(c)).c_str());
    REQUIRE(std::string_view(f.outside ? f.outside : "").empty());
    const bool reshapes = c.digits[space.find("reshape.layers")] == 1;
    REQUIRE(f.space_to_depth == reshapes);
    // Stage 1, folded or not, is the one block of 16 filters at half the size of the input.
    REQUIRE(f.blocks[0] == 1);
    REQUIRE(f.widest[0] == 16);
    REQUIRE(f.narrowest[1] >= 16);  // 24 x 0.75, rounded
    REQUIRE(f.widest[1] <= 32);
  }
}

TEST_CASE("a block is what was built as one, not what its layers look like") {
  const auto features = [](auto middle) {
    accuracy_collector collector;
    net builder(collector);
    auto x = place(builder, conv{.filters = 32, .act = swish}, builder.input(224, 224, 3), 2);
    x = middle(builder, x);
    place(builder, dense{1000}, place(builder, global_pool{}, x));
    return collector.finish();
  };
  // A 3x3 convolution and a linear 1x1 after it: a fused block if they are one.
  const accuracy_features two = features([](auto& n, auto x) {
    return place(n, conv{.filters = 24, .kernel = 1, .act = identity}, place(n, conv{.filters = 96}, x, 2));
  });
  CHECK(two.outside != nullptr);
  const accuracy_features one = features([](auto& n, auto x) {
    n.begin_block({.name = "own"});
    x = n.conv(n.conv(x, {.filters = 96, .kernel = 3, .stride = 2, .act = swish}), {.filters = 24});
    n.end_block();
    return x;
  });
  CHECK(one.outside == nullptr);
  CHECK(one.fused_early == 1);
  // Blocks inside a block are blocks; squeeze-and-excite is a part of one.
  const accuracy_features nested = features([](auto& n, auto x) {
    n.begin_block({.name = "pair"});
    x = place(n, mbconv{.filters = 24, .se = .25, .act = swish}, x, 2);
    x = place(n, mbconv{.filters = 24, .se = .25, .act = swish}, x);
    n.end_block();
    return x;
  });
  CHECK(nested.outside == nullptr);
  CHECK(nested.blocks == std::array{0, 2, 0, 0, 0});
  CHECK(nested.missing_sums == 0);
}

TEST_CASE("a block's capacity is its width's power times its gains, and the ends of a level count more") {
  namespace fit = detail::accuracy_fit;
  const auto unit = [](std::size_t level, double channels, double kernel, double se) {
    return std::pow(channels / fit::reference_width[level], fit::exponent[level]) *
           (1 + fit::kernel_gain[level] * kernel) * (1 + fit::se_gain[level] * se);
  };
  test_plan p = efficientnet(1, 1, 224);
  p.stages[3] = {.expand = 6, .kernel = 3, .stride = 2, .filters = 80, .layers = 1, .se = 0};
  p.stages[4] = {.expand = 4, .kernel = 5, .stride = 1, .filters = 112, .layers = 2, .se = .25};
  const double first = unit(3, 6 * 80, 0, 0);
  const double second = unit(3, 4 * 112, 1, 1);
  const accuracy_features f = features_of(p);
  CHECK_THAT(f.capacity[3], WithinRel(first + second + second + fit::ends[3] * (first + second), 1e-12));
  // One block is both ends. A kernel of 7 has a quarter more than the gain of one of 5; squeeze-and-excite by an eighth
  // has 0.76 of what a quarter has (docs/accuracy.md).
  p.stages[6] = {.expand = 6, .kernel = 7, .stride = 1, .filters = 320, .layers = 1, .se = .125};
  p.stages[5].layers = 0;
  p.stages[6].stride = 2;
  const double only = unit(4, 6 * 320, 1.25, std::pow(.5, .4));
  CHECK_THAT(features_of(p).capacity[4], WithinRel((1 + 2 * fit::ends[4]) * only, 1e-12));
  CHECK_THAT(std::pow(.5, .4), WithinRel(.76, .005));
}

TEST_CASE("residual sums are looked for where shapes match") {
  test_plan p = efficientnet(1, 1, 224);
  p.sum = residual::none;
  CHECK(features_of(p).missing_sums == 9);
  p.sum = residual::project;
  CHECK(features_of(p).missing_sums == 0);
  CHECK(features_of(p).blocks == std::array{1, 2, 2, 6, 5});
}

TEST_CASE("blocks of other kinds are named") {
  const auto outside = [](auto middle) {
    accuracy_collector collector;
    net builder(collector);
    auto x = builder.conv(builder.input(224, 224, 3), {.filters = 32, .kernel = 3, .stride = 2, .act = swish});
    x = middle(builder, x);
    builder.dense(builder.global_pool(x), {.units = 1000});
    const char* why = collector.finish().outside;
    return std::string_view(why ? why : "");
  };
  const std::string_view other = "a block that is neither MBConv nor fused MBConv";
  CHECK(outside([](auto& n, auto x) { return place(n, mbconv{.filters = 24, .act = swish}, x, 2); }).empty());
  CHECK(outside([](auto& n, auto x) { return place(n, fused_mbconv{.filters = 24, .act = swish}, x, 2); }).empty());
  CHECK(outside([](auto& n, auto x) { return place(n, bottleneck{.filters = 64}, x, 2); }) == other);
  CHECK(outside([](auto& n, auto x) { return place(n, conv{.filters = 64}, x, 2); }) == other);
  CHECK(outside([](auto& n, auto x) { return place(n, conv{.filters = 64, .groups = 4}, x, 1); }) == other);
  CHECK(outside([](auto& n, auto x) { return place(n, mbconv{.filters = 24, .expand = 8}, x, 2); }) ==
        "an expansion outside 1 to 6");
  CHECK(outside([](auto& n, auto x) { return place(n, mbconv{.filters = 24, .kernel = 9}, x, 2); }) ==
        "a kernel larger than 7x7");
  CHECK(outside([](auto& n, auto x) { return n.max_pool(x, {}); }) == other);
  // Blocks that are MBConv or fused MBConv but for one thing.
  const auto own = [&](auto block) {
    return outside([&](auto& n, auto x) {
      n.begin_block({.name = "own"});
      x = block(n, x);
      n.end_block();
      return x;
    });
  };
  // Depthwise after an expansion of so many times.
  const auto depthwise = [&](int expand, const depthwise_options& o) {
    return own([&](auto& n, auto x) {
      if (expand > 1) x = n.conv(x, {.filters = expand * x.channels, .act = swish});
      return n.conv(n.depthwise_conv(x, o), {.filters = 24});
    });
  };
  CHECK(depthwise(4, {.stride = 2, .act = swish}).empty());
  CHECK(depthwise(4, {.kernel = {3, 5}, .stride = 2, .act = swish}) == other);
  CHECK(depthwise(4, {.stride = 2, .dilation = 2, .act = swish}) == other);
  for (const int expand : {1, 6}) CHECK(depthwise(expand, {.stride = 2, .act = swish}).empty());
  CHECK(depthwise(7, {.stride = 2, .act = swish}) == "an expansion outside 1 to 6");
  CHECK(depthwise(4, {.kernel = 7, .stride = 2, .act = swish}).empty());
  // A full convolution: alone, in groups, after an expansion, and activated where MBConv's projection is linear.
  const auto full = [&](bool expanded, int groups, activation projection) {
    return own([&](auto& n, auto x) {
      if (expanded) x = n.conv(x, {.filters = 64, .act = swish});
      x = n.conv(x, {.filters = 96, .kernel = 3, .stride = 2, .groups = groups, .act = swish});
      return n.conv(x, {.filters = 24, .act = projection});
    });
  };
  CHECK(full(false, 1, identity).empty());
  CHECK(full(false, 2, identity) == other);
  CHECK(full(true, 1, identity) == other);
  CHECK(full(false, 1, swish) == other);
  for (const kernel_size flat : {kernel_size{1, 5}, kernel_size{5, 1}})
    CHECK(own([&](auto& n, auto x) {
            return n.conv(n.conv(x, {.filters = 96, .kernel = flat, .act = swish}), {.filters = 24});
          }) == other);
  CHECK(own([](auto& n, auto x) {  // no projection at all
          return n.depthwise_conv(x, {.stride = 2, .act = swish});
        }) == other);
  CHECK(own([](auto& n, auto x) { return n.conv(x, {.filters = 24, .kernel = 3, .stride = 2, .act = swish}); }) ==
        other);
  CHECK(outside([](auto& n, auto x) { return n.space_to_depth(n.space_to_depth(x, 2), 2); }) ==
        "more than one space-to-depth");
  CHECK(outside([](auto& n, auto x) {
          return place(n, mbconv{.filters = 24, .act = swish}, n.space_to_depth(x, 2));
        }) != "more than one space-to-depth");
  CHECK(outside([](auto& n, auto x) { return n.conv(n.dense(n.global_pool(x), {.units = 10}), {.filters = 8}); }) ==
        "more than one dense layer");
  // The first convolution: not in groups, and with a stride, or blocks lie at the resolution of the input.
  const auto stem = [](const conv_options& o) {
    accuracy_collector collector;
    net builder(collector);
    auto x = builder.conv(builder.input(64, 64, 4), o);
    x = place(builder, mbconv{.filters = 16, .act = swish}, x);
    builder.dense(builder.global_pool(x), {.units = 1000});
    const char* why = collector.finish().outside;
    return std::string_view(why ? why : "");
  };
  CHECK(stem({.filters = 32, .kernel = 3, .stride = 2, .act = swish}).empty());
  CHECK(stem({.filters = 32, .kernel = 3, .stride = 2, .groups = 2, .act = swish}) == other);
  CHECK(stem({.filters = 32, .kernel = 3, .act = swish}) == "a block at the resolution of the input");
}
