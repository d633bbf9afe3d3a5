// SPDX-License-Identifier: Apache-2.0
/// \file
/// The universal inverted bottleneck (Qin et al., 2024, "MobileNetV4: Universal Models for the Mobile Ecosystem").
#pragma once

#include "nascent/block/roles.hpp"
#include "nascent/block/squeeze_excite.hpp"

namespace nascent {

/// A depthwise convolution of `start_kernel` without activation, 1x1 expansion, a depthwise convolution of `kernel`,
/// linear 1x1 projection, the sum where shapes match. A kernel of 0 is none: with both it is their "ExtraDW", without
/// the first an inverted bottleneck, without the second their "ConvNeXt", without either a feed-forward network. The
/// last depthwise convolution takes the stride. The expansion is rounded to a multiple of 8.
template <class Filters = int, class Kernel = int, class StartKernel = int, class Expand = int, class Act = activation,
          class Residual = residual, class Pad = padding>
struct universal_inverted_bottleneck {
  Filters filters;
  Kernel kernel{3};
  StartKernel start_kernel{0};
  Expand expand{4};
  Act act{activation::relu};
  Residual residual{nascent::residual::identity};
  Pad pad{padding::same};

  using roles = role::by_field<role::width, role::count_or_none, role::count_or_none, role::expansion, role::costless>;
  static constexpr bool grows_with_map = true;

  constexpr auto operator()(auto& net, auto input, const strides& stride) const {
    auto x = input;
    if (start_kernel > 0)
      x = net.depthwise_conv(x, {.kernel = start_kernel, .stride = kernel > 0 ? strides{1} : stride, .pad = pad});
    x = net.conv(x, {.filters = make_divisible(static_cast<double>(input.channels) * expand), .act = act});
    if (kernel > 0) x = net.depthwise_conv(x, {.kernel = kernel, .stride = stride, .act = act, .pad = pad});
    x = net.conv(x, {.filters = filters});
    return add_residual(net, x, input, residual, stride);
  }
};

}  // namespace nascent
