// SPDX-License-Identifier: Apache-2.0
/// \file
/// The block of ConvNeXt (Liu et al., 2022, "A ConvNet for the 2020s").
#pragma once

#include "nascent/block/roles.hpp"
#include "nascent/block/squeeze_excite.hpp"

namespace nascent {

/// Depthwise convolution, layer normalisation, 1x1 to `expand` times the width with the activation, 1x1 back, a factor
/// for each channel where `layer_scale`, the sum. Convolutions have biases; the epsilon is 1e-6. Where the stride is
/// above 1 or the width changes, layer normalisation and a stride x stride convolution come first.
template <class Filters = int, class Kernel = int, class Expand = int, class Act = activation, class LayerScale = bool>
struct convnext_block {
  Filters filters;
  Kernel kernel{7};
  Expand expand{4};
  Act act{activation::gelu};
  LayerScale layer_scale{true};

  using roles = role::by_field<role::width, role::window, role::expansion, role::costless>;
  static constexpr bool grows_with_map = true;

  constexpr auto operator()(auto& net, auto input, const strides& stride) const {
    if (!(stride == 1) || input.channels != filters) {
      input = net.layer_norm(input, {.epsilon_digits = 6});
      input = net.conv(
          input,
          {.filters = filters, .kernel = kernel_size(stride), .stride = stride, .bias = true, .pad = padding::valid});
    }
    auto x = net.depthwise_conv(input, {.kernel = kernel, .bias = true});
    x = net.layer_norm(x, {.epsilon_digits = 6});
    x = net.conv(x, {.filters = expanded_channels(net, filters, expand), .act = act, .bias = true});
    x = net.conv(x, {.filters = filters, .bias = true});
    if (layer_scale) x = net.layer_scale(x);
    return net.add(x, input);
  }
};

}  // namespace nascent
