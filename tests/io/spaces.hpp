// SPDX-License-Identifier: Apache-2.0
/// \file
/// Spaces that the tests of this room share.
#pragma once

#include "nascent/block/block.hpp"
#include "nascent/space/constraint.hpp"
#include "nascent/space/space.hpp"

namespace test {

using namespace nascent;

// clang-format off

/// Table 1 of the GPUNet paper.
inline constexpr auto gpunet = define([] {
  constexpr auto acts = one_of(relu, swish);
  constexpr auto kernels = one_of(3, 5);
  constexpr auto expansions = range(2, 6);
  constexpr auto ratios = one_of(0, .25);
  return search_space("GPUNet")
      .input(3, range(224, 512, 32))
      .stage("stem", conv{.filters = one_of(24, 32), .kernel = kernels, .act = acts}).stride(2)
      .stage("1", conv{.filters = tied_to("stem.filters"), .kernel = kernels, .act = acts}).layers(range(1, 4))
      .stage("2", fused_mbconv{.filters = range(32, 80, 16), .kernel = kernels, .expand = expansions, .se = ratios, .act = acts}).stride(2).layers(range(1, 8))
      .stage("3", fused_mbconv{.filters = range(48, 112, 16), .kernel = kernels, .expand = expansions, .se = ratios, .act = acts}).stride(2).layers(range(1, 10))
      .stage("4", mbconv{.filters = range(96, 192, 16), .kernel = kernels, .expand = expansions, .se = ratios, .act = acts}).stride(2).layers(range(1, 10))
      .stage("5", mbconv{.filters = range(112, 224, 16), .kernel = kernels, .expand = expansions, .se = ratios, .act = acts}).layers(range(0, 10))
      .stage("6", mbconv{.filters = range(128, 416, 32), .kernel = kernels, .expand = expansions, .se = ratios, .act = acts}).stride(2).layers(range(1, 15))
      .stage("7", mbconv{.filters = range(256, 832, 64), .kernel = kernels, .expand = expansions, .se = ratios, .act = acts}).layers(range(0, 15))
      .head(conv{.filters = 1792, .kernel = 1}, global_pool{}, dense{1000});
});

/// Everything at once: alternatives, layers that choose on their own, ties, a searched stride, skip connections, constraints.
inline constexpr auto mixed = define([] {
  return search_space("Mixed <space> & more")
      .input(3, one_of(192, 224, 256))
      .choose("width", 16 * one_of(.5, 1., 1.5, 2.))
      .choose("ratio", one_of(3, 4, 6))
      .stage("stem", conv{.filters = tied_to("width"), .act = hswish}).stride(2)
      .stage("a", either(mbconv{.filters = one_of(24, 32, 40), .kernel = one_of(3, 5, 7), .expand = tied_to("ratio"), .se = one_of(0, .25), .act = swish},
                         fused_mbconv{.filters = one_of(24, 32), .kernel = 3, .expand = range(1, 6)}, skip{}))
          .stride(one_of(1, 2)).layers(independent(range(2, 4)))
      .stage("b", bottleneck{.filters = 48 * one_of(.5, .625, .75, 1., 1.25, 1.5, 2.), .groups = one_of(1, 2, 4)}).stride(2).layers(2)
      .stage("c", mbconv{.filters = range(64, 128, 8), .kernel = one_of(3, 5), .expand = tied_to("ratio")}).layers(range(0, 3)).skip(one_of("none", "stem", "b"))
      .stage("narrow", mbconv{.filters = 24, .expand = tied_to("ratio")})
      .stage("own", conv{.filters = shared(one_of(16, 24)), .kernel = one_of(3, 5)}).layers(independent(range(1, 3)))
      .stage("d", conv{.filters = range(8, 512, 8)}).layers(2).skip("b")
      .head(conv{.filters = 1280, .kernel = 1}, global_pool{}, dense{1000})
      .require("b.filters", "d.filters", [](int b, int d) { return b <= d; })
      .require("b.filters", "b.groups", "c.layers", [](int filters, int groups, int layers) { return filters % (8 * groups) == 0 || layers == 0; });
});

/// Two values that read alike, and long lists of them.
inline constexpr auto odd = define([] {
  return search_space("Odd")
      .input(3, 64)
      .stage("a", mbconv{.filters = 16, .se = one_of(.1001, .1002, .25)})
      .stage("b", conv{.filters = range(1, 500)}).layers(range(1, 40))
      .stage("c", conv{.filters = range(1, 500)}).layers(independent(range(1, 5)))
      .head(global_pool{}, dense{10});
});

/// Small: quick to compile where much is made of it.
inline constexpr auto small = define([] {
  return search_space("Small")
      .input(3, range(224, 512, 32))
      .stage("1", conv{.filters = one_of(24, 32), .kernel = one_of(3, 5)}).stride(2)
      .stage("2", mbconv{.filters = range(32, 80, 16), .se = one_of(0, .25)}).stride(2).layers(range(1, 8))
      .head(global_pool{}, dense{1000});
});

/// A named network.
inline constexpr auto efficientnet_b0 = define([] {
  return search_space("EfficientNet-B0")
      .input(3, 224)
      .stage("stem", conv{.filters = 32, .act = swish}).stride(2)
      .stage("1", mbconv{.filters = 16, .expand = 1, .se = .25, .act = swish})
      .stage("2", mbconv{.filters = 24, .se = .25, .act = swish}).stride(2).layers(2)
      .stage("3", mbconv{.filters = 40, .kernel = 5, .se = .25, .act = swish}).stride(2).layers(2)
      .stage("4", mbconv{.filters = 80, .se = .25, .act = swish}).stride(2).layers(3)
      .stage("5", mbconv{.filters = 112, .kernel = 5, .se = .25, .act = swish}).layers(3)
      .stage("6", mbconv{.filters = 192, .kernel = 5, .se = .25, .act = swish}).stride(2).layers(4)
      .stage("7", mbconv{.filters = 320, .se = .25, .act = swish})
      .head(conv{.filters = 1280, .kernel = 1, .act = swish}, global_pool{}, dense{1000});
});

/// ResNet-50: projections, and residual sums with an activation.
inline constexpr auto resnet50 = define([] {
  return search_space("ResNet-50")
      .input(3, 224)
      .stage("stem", conv{.filters = 64, .kernel = 7}).stride(2)
      .stage("pool", max_pool{3}).stride(2)
      .stage("1", bottleneck{.filters = 256}).layers(3)
      .stage("2", bottleneck{.filters = 512}).stride(2).layers(4)
      .stage("3", bottleneck{.filters = 1024}).stride(2).layers(6)
      .stage("4", bottleneck{.filters = 2048}).stride(2).layers(3)
      .head(global_pool{}, dense{1000});
});

// clang-format on

}  // namespace test
