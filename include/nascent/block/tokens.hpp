// SPDX-License-Identifier: Apache-2.0
/// \file
/// What vision transformers and ConvNeXt have around their layers: patches, tokens, normalisation before a classifier.
#pragma once

#include "nascent/block/roles.hpp"
#include "nascent/network/layer_options.hpp"

namespace nascent {

/// Each patch x patch pixels become one of `filters` channels: a convolution with a bias that steps as far as it sees,
/// without padding (Dosovitskiy et al., 2021), and layer normalisation where `norm` (ConvNeXt). H x W x C becomes
/// H/patch x W/patch x filters, whatever the stage's stride.
template <class Filters = int, class Patch = int, class Norm = bool>
struct patch_embedding {
  Filters filters;
  Patch patch{4};
  Norm norm{false};

  using roles = role::by_field<role::width, role::factor>;

  constexpr auto operator()(auto& net, auto input, const strides& /*stride*/) const {
    auto x =
        net.conv(input, {.filters = filters, .kernel = patch, .stride = patch, .bias = true, .pad = padding::valid});
    return norm ? net.layer_norm(x, {.epsilon_digits = 6}) : x;
  }
};

/// The pixels of a map in one column, a class token before them, and an embedding of their positions: H x W x C becomes
/// (H * W + 1) x 1 x C.
struct token_embedding {
  struct roles {};
  static constexpr bool grows_with_map = true;

  constexpr auto operator()(auto& net, auto input, const strides& /*stride*/) const {
    return net.position_embedding(net.class_token(net.tokens(input)));
  }
};

/// The first of a column of tokens, which classifiers look at: N x 1 x C becomes 1 x 1 x C.
struct first_token {
  struct roles {};

  constexpr auto operator()(auto& net, auto input, const strides& /*stride*/) const {
    // Numbers lie token after token.
    return net.slice(net.reshape(input, 1, 1, net.product(net.product(input.height, input.width), input.channels)), 0,
                     input.channels);
  }
};

/// Layer normalisation over the channels at each position; the variance plus 10^-epsilon_digits.
template <class EpsilonDigits = int>
struct layer_norm {
  EpsilonDigits epsilon_digits{6};

  using roles = role::by_field<role::count>;
  static constexpr bool grows_with_map = true;

  constexpr auto operator()(auto& net, auto input, const strides& /*stride*/) const {
    return net.layer_norm(input, {.epsilon_digits = epsilon_digits});
  }
};

}  // namespace nascent
