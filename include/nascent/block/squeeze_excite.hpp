// SPDX-License-Identifier: Apache-2.0
/// \file
/// Parts that several blocks share: squeeze-and-excite, expansion, the residual sum.
#pragma once

#include "nascent/block/place.hpp"
#include "nascent/choice/rounding.hpp"
#include "nascent/network/activation.hpp"

namespace nascent {

/// Squeeze-and-excite (Hu et al., 2018): pool, 1x1 with bias to `hidden`, `act`, 1x1 with bias back, `gate` (sigmoid,
/// or hsigmoid in MobileNetV3), multiply. A part of other blocks.
struct squeeze_excitation {
  int hidden;
  activation act;
  activation gate = activation::sigmoid;

  constexpr auto operator()(auto& net, auto x, const strides& /*stride*/) const {
    auto weight = net.global_pool(x);
    weight = net.conv(weight, {.filters = hidden, .act = act, .bias = true});
    weight = net.conv(weight, {.filters = x.channels, .act = gate, .bias = true});
    return net.multiply(x, weight);
  }
};

/// The same as a verb.
constexpr auto squeeze_excite(auto& net, auto x, int hidden, activation act, activation gate = activation::sigmoid) {
  return place(net, squeeze_excitation{hidden, act, gate}, x);
}

/// The activation inside a block's squeeze-and-excite.
constexpr activation inner_activation(se_activation inside, activation of_block) {
  return inside == se_activation::always_relu ? activation::relu : of_block;
}

/// Hidden channels of a squeeze-and-excite: `ratio` of the reference's channels, at least 1.
constexpr int se_hidden(double ratio, se_reference reference, int block_input, int expanded) {
  if (reference == se_reference::expanded_rounded) return make_divisible(ratio * expanded);
  const int hidden = whole_width(ratio * (reference == se_reference::expanded ? expanded : block_input));
  return hidden < 1 ? 1 : hidden;
}

/// Channels after an expansion: the nearest whole number to channels * factor.
constexpr int expanded_channels(auto& net, int channels, int factor) { return net.product(channels, factor); }
constexpr int expanded_channels(auto& /*net*/, int channels, double factor) {
  return whole_width(channels * factor + 0.5);
}

/// Adds what `kind` says of `input` to `x`, then `act`. `stride` is that between the two: sizes alone do not tell it (a
/// map of 5 becomes one of 2 by strides of 3 and of 4).
constexpr auto add_residual(auto& net, auto x, auto input, residual kind, const strides& stride,
                            activation act = activation::identity) {
  if (kind == residual::none || (kind == residual::identity && !x.same_shape(input))) return net.activate(x, act);
  if (!x.same_shape(input)) {
    if (kind == residual::project && stride != 1)
      input = net.average_pool(input, {.kernel = kernel_size(stride), .stride = stride});
    if (!x.same_shape(input))
      input = net.conv(input, {.filters = x.channels, .stride = kind == residual::strided ? stride : strides{1}});
  }
  return net.add(x, input, act);
}

}  // namespace nascent
