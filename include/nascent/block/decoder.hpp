// SPDX-License-Identifier: Apache-2.0
/// \file
/// Blocks of decoders: what makes maps larger again, and a feature pyramid over the maps of a backbone.
#pragma once

#include <cstddef>
#include <span>

#include "nascent/block/roles.hpp"
#include "nascent/block/squeeze_excite.hpp"
#include "nascent/network/layer_options.hpp"

namespace nascent {

/// Rows and columns times `scale`, each pixel repeated, or bilinear between them where `smooth`: H x W x C becomes
/// H*scale x W*scale x C, without weights.
template <class Scale = int, class Smooth = bool>
struct resize {
  Scale scale{2};
  Smooth smooth{false};

  using roles = role::by_field<role::factor, role::costless>;
  static constexpr bool grows_with_map = true;

  constexpr auto operator()(auto& net, auto input, const strides& /*stride*/) const {
    return net.resize(
        input, {.scale = static_cast<double>(scale), .how = smooth ? interpolation::bilinear : interpolation::nearest});
  }
};

/// Transposed convolution with batch normalisation and an activation: H x W x C becomes H*scale x W*scale x filters.
/// Its kernel is scale x scale, each pixel becoming a square of its own (U-Net), or with `overlap` twice as large, half
/// of `scale` cut off on each side; then `scale` is even.
template <class Filters = int, class Scale = int, class Overlap = bool, class Act = activation>
struct transposed_conv {
  Filters filters;
  Scale scale{2};
  Overlap overlap{false};
  Act act{activation::relu};

  using roles = role::by_field<role::width, role::factor, role::none, role::costless>;
  static constexpr bool grows_with_map = true;

  constexpr auto operator()(auto& net, auto input, const strides& /*stride*/) const {
    return net.transposed_conv(input, {.filters = filters,
                                       .kernel = overlap ? net.product(scale, 2) : scale,
                                       .stride = scale,
                                       .padding = overlap ? scale / 2 : 0,
                                       .act = act});
  }
};

/// A feature pyramid (Lin et al., 2017, "Feature Pyramid Networks for Object Detection"), as torchvision has it: each
/// of `maps`, largest first, by a 1x1 convolution to `filters` channels, the sum with the next smaller one resized to
/// its size, and a 3x3 convolution of that. Convolutions have biases and no normalisation. `maps` become the pyramid's.
template <class Tensor>
constexpr void feature_pyramid(auto& net, std::span<Tensor> maps, int filters) {
  Tensor above{};
  for (std::size_t i = maps.size(); i-- > 0;) {
    Tensor x = net.conv(maps[i], {.filters = filters, .bias = true});
    if (i + 1 < maps.size()) x = net.add(net.resize(above, {.height = x.height, .width = x.width}), x);
    above = x;
    maps[i] = net.conv(x, {.filters = filters, .kernel = 3, .bias = true});
  }
}

}  // namespace nascent
