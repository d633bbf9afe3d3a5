// SPDX-License-Identifier: Apache-2.0
/// \file
/// Blocks that are cheap because not every channel is computed from every other: the unit of ShuffleNetV2, GhostNet's
/// module, MixNet's convolution.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "nascent/block/roles.hpp"
#include "nascent/block/squeeze_excite.hpp"

namespace nascent {

/// The unit of ShuffleNetV2 (Ma et al., 2018, Figure 3 c and d), as torchvision has it: one half of the channels goes
/// by, the other through 1x1, depthwise and 1x1 convolutions, and the halves take turns. Where the stride is above 1 or
/// the width changes, both halves are made of all channels, the first by a depthwise and a 1x1 convolution. `filters`
/// is even: that of both halves together.
template <class Filters = int, class Kernel = int, class Act = activation, class Pad = padding>
struct shuffle_unit {
  Filters filters;
  Kernel kernel{3};
  Act act{activation::relu};
  Pad pad{padding::same};

  using roles = role::by_field<role::width, role::window, role::costless>;
  static constexpr bool grows_with_map = true;

  constexpr auto operator()(auto& net, auto input, const strides& stride) const {
    const int half = filters / 2;
    auto by = input;
    auto x = input;
    if (stride == 1 && input.channels == filters && 2 * half == filters) {
      by = net.slice(input, 0, half);
      x = net.slice(input, half, half);
    } else {
      by = net.depthwise_conv(by, {.kernel = kernel, .stride = stride, .pad = pad});
      by = net.conv(by, {.filters = filters - half, .act = act});
    }
    x = net.conv(x, {.filters = half, .act = act});
    x = net.depthwise_conv(x, {.kernel = kernel, .stride = stride, .pad = pad});
    x = net.conv(x, {.filters = half, .act = act});
    return net.channel_shuffle(net.concatenate(by, x), 2);
  }
};

/// A ghost module (Han et al., 2020, "GhostNet", Figure 1): a kernel x kernel convolution makes a `ratio`-th of the
/// filters, and depthwise convolutions of `cheap_kernel` the rest of it. `ratio` divides `filters`.
template <class Filters = int, class Kernel = int, class Ratio = int, class CheapKernel = int, class Act = activation,
          class Pad = padding>
struct ghost {
  Filters filters;
  Kernel kernel{1};
  Ratio ratio{2};
  CheapKernel cheap_kernel{3};
  Act act{activation::relu};
  Pad pad{padding::same};

  using roles = role::by_field<role::width, role::window, role::factor, role::window, role::costless>;
  static constexpr bool grows_with_map = true;

  constexpr auto operator()(auto& net, auto input, const strides& stride) const {
    const int own = filters / (ratio < 1 ? 1 : ratio);
    const auto x = net.conv(input, {.filters = own, .kernel = kernel, .stride = stride, .act = act, .pad = pad});
    // As many filters for each channel as there are ghosts of it: a convolution in groups of one channel.
    const auto y =
        net.conv(x, {.filters = filters - own, .kernel = cheap_kernel, .groups = own, .act = act, .pad = pad});
    return net.concatenate(x, y);
  }
};

/// Depthwise convolutions of several kernels side by side (Tan and Le, 2019, "MixConv"): the channels in `parts` equal
/// parts, of which the first takes what does not divide; its kernel is `kernel`, each next one's is 2 larger.
template <class Parts = int, class Kernel = int, class Act = activation, class Pad = padding>
struct mix_conv {
  Parts parts{2};
  Kernel kernel{3};
  Act act{activation::relu};
  Pad pad{padding::same};

  using roles = role::by_field<role::parts, role::window, role::costless>;
  static constexpr bool grows_with_map = true;

  constexpr auto operator()(auto& net, auto input, const strides& stride) const {
    if (parts <= 1) return net.depthwise_conv(input, {.kernel = kernel, .stride = stride, .act = act, .pad = pad});
    using tensor_type = decltype(input);
    const int share = input.channels / parts;
    std::array<tensor_type, 64> results{};
    const int count = parts < 64 ? parts : 64;
    int first = 0;
    for (int i = 0; i < count; ++i) {
      const int channels = i == 0 ? input.channels - share * (count - 1) : share;
      const auto part = net.slice(input, first, channels);
      first += channels;
      results[static_cast<std::size_t>(i)] =
          net.depthwise_conv(part, {.kernel = net.product(2, i) + kernel, .stride = stride, .act = act, .pad = pad});
    }
    return net.concatenate(std::span<const tensor_type>(results).first(static_cast<std::size_t>(count)));
  }
};

}  // namespace nascent
