// SPDX-License-Identifier: Apache-2.0
/// \file
/// Residual blocks of full convolutions: ResNet-18's, and the layer of a DenseNet.
#pragma once

#include "nascent/block/roles.hpp"
#include "nascent/block/squeeze_excite.hpp"

namespace nascent {

/// Two kernel x kernel convolutions to `filters`, the first with the stride, then the sum and the activation (He et
/// al., 2015: ResNet-18 and ResNet-34).
template <class Filters = int, class Kernel = int, class Act = activation, class Residual = residual,
          class Pad = padding>
struct basic_block {
  Filters filters;
  Kernel kernel{3};
  Act act{activation::relu};
  Residual residual{nascent::residual::strided};
  Pad pad{padding::same};

  using roles = role::by_field<role::width, role::window, role::costless>;
  static constexpr bool grows_with_map = true;

  constexpr auto operator()(auto& net, auto input, const strides& stride) const {
    auto x = net.conv(input, {.filters = filters, .kernel = kernel, .stride = stride, .act = act, .pad = pad});
    x = net.conv(x, {.filters = filters, .kernel = kernel, .pad = pad});
    return add_residual(net, x, input, residual, stride, act);
  }
};

/// A layer of a DenseNet (Huang et al., 2017): normalises and activates what is there, 1x1 to `growth` * `expand`,
/// kernel x kernel to `growth` filters, which are put beside what was there. The stride is that of an average pool
/// before it.
template <class Growth = int, class Kernel = int, class Expand = int, class Act = activation>
struct dense_layer {
  Growth growth;
  Kernel kernel{3};
  Expand expand{4};
  Act act{activation::relu};

  using roles = role::by_field<role::width, role::window, role::ratio, role::costless>;
  static constexpr bool grows_with_map = true;

  constexpr auto operator()(auto& net, auto input, const strides& stride) const {
    if (!(stride == 1)) input = net.average_pool(input, {.kernel = kernel_size(stride), .stride = stride});
    auto x = net.batch_norm(input, act);
    x = net.conv(x, {.filters = expanded_channels(net, growth, expand), .act = act});
    x = net.conv(x, {.filters = growth, .kernel = kernel, .batch_norm = false});
    return net.concatenate(input, x);
  }
};

}  // namespace nascent
