// SPDX-License-Identifier: Apache-2.0
// Networks that the accuracy tests build from the library's own blocks.
#pragma once

#include <array>
#include <cmath>

#include "nascent/accuracy/features.hpp"
#include "nascent/block/block.hpp"
#include "nascent/network/network.hpp"

/// One stage of an EfficientNet: layers of one MBConv, or fused MBConv.
struct test_stage {
  int expand = 6;
  int kernel = 3;
  int stride = 1;
  int filters = 0;
  int layers = 1;
  double se = 0.25;
  bool fused = false;
  nascent::activation act = nascent::swish;
};

/// A plan with the sizes that scale it.
struct test_plan {
  std::array<test_stage, 7> stages{};
  double width = 1;
  double depth = 1;
  int resolution = 224;
  nascent::residual sum = nascent::residual::identity;
};

inline constexpr std::array<test_stage, 7> efficientnet_stages{{{1, 3, 1, 16, 1},
                                                                {6, 3, 2, 24, 2},
                                                                {6, 5, 2, 40, 2},
                                                                {6, 3, 2, 80, 3},
                                                                {6, 5, 1, 112, 3},
                                                                {6, 5, 2, 192, 4},
                                                                {6, 3, 1, 320, 1}}};

/// Filters times a factor, to a multiple of 8, never below 90 %.
inline int scaled_filters(int filters, double width) {
  const double x = filters * width;
  const int n = std::max(8, static_cast<int>(x + 4) / 8 * 8);
  return n >= 0.9 * x ? n : n + 8;
}

/// Gives the layers of a plan to an interpreter.
void build_plan(const test_plan& p, auto& sink) {
  using namespace nascent;
  net builder(sink);
  auto x = builder.input(p.resolution, p.resolution, 3);
  x = builder.conv(x, {.filters = scaled_filters(32, p.width), .kernel = 3, .stride = 2, .act = swish});
  for (const test_stage& s : p.stages) {
    const int filters = scaled_filters(s.filters, p.width);
    const int layers = static_cast<int>(std::ceil(s.layers * p.depth));
    for (int i = 0; i < layers; ++i) {
      const int stride = i == 0 ? s.stride : 1;
      if (s.fused) {
        x = place(builder,
                  fused_mbconv{.filters = filters,
                               .kernel = s.kernel,
                               .expand = s.expand,
                               .se = s.se,
                               .act = s.act,
                               .residual = p.sum},
                  x, stride);
      } else {
        x = place(builder,
                  mbconv{.filters = filters,
                         .kernel = s.kernel,
                         .expand = s.expand,
                         .se = s.se,
                         .act = s.act,
                         .residual = p.sum},
                  x, stride);
      }
    }
  }
  x = builder.conv(x, {.filters = scaled_filters(1280, p.width), .act = swish});
  x = builder.global_pool(x);
  builder.dense(x, {.units = 1000});
}

inline nascent::accuracy_features features_of(const test_plan& p) {
  nascent::accuracy_collector collector;
  build_plan(p, collector);
  return collector.finish();
}

inline test_plan efficientnet(double width, double depth, int resolution) {
  return {.stages = efficientnet_stages, .width = width, .depth = depth, .resolution = resolution};
}

/// EfficientNet-X-B0 scaled (EfficientNet-X paper; channels of the expansion are relative to the filters, not to the
/// input).
void build_efficientnet_x(double width, double depth, int resolution, auto& sink) {
  using namespace nascent;
  net builder(sink);
  auto x = builder.input(resolution, resolution, 3);
  const auto block = [&](auto in, int expanded, int kernel, int stride, int filters, int hidden, bool fused) {
    const auto act = fused ? swish : relu;
    builder.begin_block({.name = "efficientnet_x_block"});
    auto y = in;
    if (!fused && expanded != in.channels) y = builder.conv(y, {.filters = expanded, .act = act});
    y = fused ? builder.conv(y, {.filters = expanded, .kernel = kernel, .stride = stride, .act = act})
              : builder.depthwise_conv(y, {.kernel = kernel, .stride = stride, .act = act});
    y = squeeze_excite(builder, y, hidden, act);
    y = builder.conv(y, {.filters = filters});
    if (y.same_shape(in)) y = builder.add(y, in);
    builder.end_block();
    return y;
  };
  const int stem = scaled_filters(32, width);
  x = builder.conv(x, {.filters = stem, .kernel = 3, .stride = 2, .act = relu});
  x = place(builder, space_to_depth{.factor = 2, .act = relu}, x);
  int input = scaled_filters(16, width);
  for (int i = 0; i < static_cast<int>(std::ceil(depth)); ++i) x = block(x, x.channels, 2, 1, 4 * input, stem, false);
  for (std::size_t s = 1; s < efficientnet_stages.size(); ++s) {
    const test_stage& plan = efficientnet_stages[s];
    const int filters = scaled_filters(plan.filters, width);
    const int layers = static_cast<int>(std::ceil(plan.layers * depth));
    for (int i = 0; i < layers; ++i) {
      x = block(x, 6 * input, plan.kernel, i == 0 && s > 1 ? plan.stride : 1, filters, input, s <= 2);
      input = filters;
    }
  }
  x = builder.conv(x, {.filters = scaled_filters(1280, width), .act = relu});
  x = builder.global_pool(x);
  builder.dense(x, {.units = 1000});
}
