// SPDX-License-Identifier: Apache-2.0
/// \file
/// Split attention (Zhang et al., 2020, "ResNeSt: Split-Attention Networks"), as a block for spaces and models.
#pragma once

#include "nascent/block/roles.hpp"
#include "nascent/block/squeeze_excite.hpp"

namespace nascent {

/// Part `i` of `parts` equal parts of a map's channels.
constexpr auto part_of(auto& net, auto x, int i, int parts) {
  const int channels = x.channels / (parts < 1 ? 1 : parts);
  return net.slice(x, i * channels, channels);
}

/// Weighs the `radix` parts of x against each other, channel by channel, and adds them up: their sum is pooled, 1x1 to
/// `hidden` with a bias, batch normalisation (which cancels the bias; the public code has both) and `act`, 1x1 with
/// bias to a weight for each channel of each part, softmax over the parts; sigmoid where there is one part.
constexpr auto attend(auto& net, auto x, int radix, int hidden, activation act) {
  auto sum = radix > 1 ? part_of(net, x, 0, radix) : x;
  for (int i = 1; i < radix; ++i) sum = net.add(part_of(net, x, i, radix), sum);
  auto gate = net.conv(net.global_pool(sum), {.filters = hidden, .act = act, .bias = true, .batch_norm = true});
  gate = net.conv(gate,
                  {.filters = x.channels, .act = radix > 1 ? activation::identity : activation::sigmoid, .bias = true});
  if (radix <= 1) return net.multiply(x, gate);
  gate = net.softmax(gate, radix);
  auto out = x;
  for (int i = 0; i < radix; ++i) {
    const auto part = part_of(net, x, i, radix);
    const auto weighed = net.multiply(part, part_of(net, gate, i, radix));
    out = i == 0 ? weighed : net.add(weighed, out);
  }
  return out;
}

/// Hidden channels of a split attention: a quarter of all parts' channels, at least 32.
constexpr int attention_hidden(int channels) { return channels < 128 ? 32 : channels / 4; }

/// Residual bottleneck with split attention (ResNeSt with one cardinal group): 1x1 to filters * ratio, a kernel x
/// kernel convolution into `radix` parts, each from its own group of channels, attention over the parts, 3x3 average
/// pool with the stride where that is above 1, in which padded positions count, linear 1x1 to `filters`, sum,
/// activation. `pad` is that of the convolution and of the pool. `radix` must divide filters * ratio.
template <class Filters = int, class Kernel = int, class Ratio = double, class Radix = int, class Act = activation,
          class Residual = residual, class Pad = padding>
struct split_attention {
  Filters filters;
  Kernel kernel{3};
  Ratio ratio{0.25};
  Radix radix{2};
  Act act{activation::relu};
  Residual residual{nascent::residual::project};
  Pad pad{padding::same};

  struct roles {
    role::width filters;
    role::window kernel;
    role::ratio ratio;
    role::parts radix;
    role::costless act;
  };
  static constexpr bool grows_with_map = true;

  constexpr auto operator()(auto& net, auto input, const strides& stride) const {
    const int width = expanded_channels(net, filters, ratio);
    auto x = net.conv(input, {.filters = width, .act = act});
    const int all = net.product(width, radix);
    x = net.conv(x, {.filters = all, .kernel = kernel, .groups = radix, .act = act, .pad = pad});
    x = attend(net, x, radix, attention_hidden(all), act);
    if (stride != 1) x = net.average_pool(x, {.kernel = 3, .stride = stride, .pad = pad, .count_padding = true});
    x = net.conv(x, {.filters = filters});
    return add_residual(net, x, input, residual, stride, act);
  }
};

}  // namespace nascent
