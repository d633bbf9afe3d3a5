// SPDX-License-Identifier: Apache-2.0
/// \file
/// MnasNet's factorised hierarchical space (Tan et al., 2019, "MnasNet: Platform-Aware Neural Architecture Search for
/// Mobile", section 4.1): each block chooses one kind of layer and how often to repeat it.
#pragma once

#include "nascent/block/block.hpp"
#include "nascent/space/space.hpp"

namespace nascent::zoo {

/// kernel x kernel convolution with squeeze-and-excite where `se` > 0, its hidden channels relative to the block's
/// input.
template <class Filters = int, class Kernel = int, class Se = double, class Act = activation, class Residual = residual>
struct excited_conv {
  Filters filters;
  Kernel kernel{3};
  Se se{0};
  Act act{activation::relu};
  Residual residual{nascent::residual::none};

  struct roles {
    role::width filters;
    role::window kernel;
    role::share se;
    role::costless act;
  };
  static constexpr bool grows_with_map = true;

  constexpr auto operator()(auto& net, auto input, int stride) const {
    auto x = net.conv(input, {.filters = filters, .kernel = kernel, .stride = stride, .act = act});
    if (se > 0)
      x = squeeze_excite(net, x, se_hidden(se, se_reference::block_input, input.channels, input.channels), act);
    return add_residual(net, x, input, residual, stride);
  }
};

namespace detail {

/// The layers of a block that has `filters` in MobileNetV2: 144, with a choice of three depths 432. A depthwise
/// convolution is followed by a linear 1x1 convolution to the block's filters, as in MnasNet's first block: an inverted
/// bottleneck of expansion 1.
constexpr auto mnasnet_block(int filters) {
  constexpr auto kernels = one_of(3, 5);
  constexpr auto ratios = one_of(0., .25);
  // Around a layer: nothing, its input, or its input pooled and projected where shapes differ.
  constexpr auto around = one_of(residual::none, residual::identity, residual::project);
  const auto widths = filters * one_of(.75, 1., 1.25);
  return either(
      excited_conv{.filters = widths, .kernel = kernels, .se = ratios, .residual = around},
      mbconv{.filters = widths, .kernel = kernels, .expand = one_of(1, 3, 6), .se = ratios, .residual = around});
}

}  // namespace detail

/// The space around MobileNetV2's five blocks of several layers, those whose depth can be one less; the first and the
/// last block are MnasNet-A1's. 432^5 = 15045919506432. The paper prints S = 432 choices a block, B = 5 blocks of N = 3
/// layers on average, about 10^13 networks. Its list (three convolutions, two kernels, two ratios, three skips, three
/// widths, three depths) makes only S = 324; with the expansions 3 and 6, which both occur in MnasNet-A1, it is 432.
/// Its Figure 4 has seven blocks. MnasNet-A1's 112 filters in block 5 are none of its widths.
inline constexpr auto mnasnet = define([] {
  return search_space("MnasNet")
      .input(3, 224)
      .stage("stem", conv{.filters = 32})
      .stride(2)
      .stage("1", mbconv{.filters = 16, .expand = 1})
      .stage("2", detail::mnasnet_block(24))
      .stride(2)
      .layers(range(1, 3))
      .stage("3", detail::mnasnet_block(32))
      .stride(2)
      .layers(range(2, 4))
      .stage("4", detail::mnasnet_block(64))
      .stride(2)
      .layers(range(3, 5))
      .stage("5", detail::mnasnet_block(96))
      .layers(range(2, 4))
      .stage("6", detail::mnasnet_block(160))
      .stride(2)
      .layers(range(2, 4))
      .stage("7", mbconv{.filters = 320})
      .head(conv{.filters = 1280, .kernel = 1}, global_pool{}, dense{1000});
});
static_assert(mnasnet.size() == checked_power({432}, 5).value);

}  // namespace nascent::zoo
