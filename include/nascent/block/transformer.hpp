// SPDX-License-Identifier: Apache-2.0
/// \file
/// Attention, and the blocks that are made of it.
#pragma once

#include "nascent/block/place.hpp"
#include "nascent/block/roles.hpp"
#include "nascent/block/squeeze_excite.hpp"

namespace nascent {

/// Self-attention over all positions of a map (Vaswani et al., 2017): queries, keys and values by 1x1 convolutions with
/// biases, scores, softmax, the weighed sum of the values, and a 1x1 convolution back. `heads` divide heads *
/// `head_width` channels; a head width of 0 shares the map's channels among the heads, which then divide them.
template <class Heads = int, class HeadWidth = int>
struct attention {
  Heads heads{4};
  HeadWidth head_width{0};

  using roles = role::by_field<role::count, role::count_or_none>;
  static constexpr bool grows_with_map = true;

  constexpr auto operator()(auto& net, auto input, const strides& /*stride*/) const {
    const int width = head_width > 0 ? net.product(heads, head_width) : input.channels;
    const auto queries = net.conv(input, {.filters = width, .bias = true});
    const auto keys = net.conv(input, {.filters = width, .bias = true});
    const auto values = net.conv(input, {.filters = width, .bias = true});
    const auto shares = net.channel_softmax(net.scores(queries, keys, heads), heads);
    return net.conv(net.matmul(shares, values, heads), {.filters = input.channels, .bias = true});
  }
};

/// A layer of a transformer as vision transformers have it (Dosovitskiy et al., 2021): attention of the normalised map,
/// the sum, 1x1 to `expand` times the width with the activation and back of the normalised map, the sum.
template <class Heads = int, class Expand = int, class HeadWidth = int, class Act = activation,
          class EpsilonDigits = int>
struct transformer_block {
  Heads heads{4};
  Expand expand{4};
  HeadWidth head_width{0};
  Act act{activation::gelu};
  EpsilonDigits epsilon_digits{6};

  using roles = role::by_field<role::count, role::expansion, role::count_or_none, role::costless>;
  static constexpr bool grows_with_map = true;

  constexpr auto operator()(auto& net, auto input, const strides& /*stride*/) const {
    auto x = net.layer_norm(input, {.epsilon_digits = epsilon_digits});
    x = net.add(place(net, attention<int, int>{heads, head_width}, x), input);
    auto y = net.layer_norm(x, {.epsilon_digits = epsilon_digits});
    y = net.conv(y, {.filters = expanded_channels(net, x.channels, expand), .act = act, .bias = true});
    y = net.conv(y, {.filters = x.channels, .bias = true});
    return net.add(y, x);
  }
};

/// The block of MobileViT (Mehta and Rastegari, 2022): kernel x kernel and 1x1 to `width` channels, `layers`
/// transformer layers over every patch-th pixel in each direction, layer normalisation, 1x1 back, and a kernel x kernel
/// convolution of that beside the block's input. `patch` must divide the map.
template <class Width = int, class Layers = int, class Kernel = int, class Heads = int, class Expand = int,
          class Patch = int, class Act = activation>
struct mobilevit_block {
  Width width{144};
  Layers layers{2};
  Kernel kernel{3};
  Heads heads{4};
  Expand expand{2};
  Patch patch{2};
  Act act{activation::swish};

  using roles = role::by_field<role::width, role::parts, role::count, role::count, role::ratio, role::factor>;

  constexpr auto operator()(auto& net, auto input, const strides& /*stride*/) const {
    auto x = net.conv(input, {.filters = input.channels, .kernel = kernel, .act = act});
    x = net.conv(x, {.filters = width, .batch_norm = false});
    x = net.space_to_batch(x, patch);
    for (int i = 0; i < layers; ++i)
      x = place(net, transformer_block<int, decltype(expand + 0), int, activation, int>{heads, expand, 0, act, 5}, x);
    x = net.batch_to_space(net.layer_norm(x), patch);
    x = net.conv(x, {.filters = input.channels, .act = act});
    return net.conv(net.concatenate(input, x), {.filters = input.channels, .kernel = kernel, .act = act});
  }
};

}  // namespace nascent
