// SPDX-License-Identifier: Apache-2.0
/// \file
/// Blocks of a user.
#pragma once

#include "nascent/block/roles.hpp"

namespace own_blocks {

template <class Channels = int>
struct separable {
  Channels channels;

  struct roles {
    nascent::role::width channels;
  };
  constexpr auto operator()(auto& net, auto input, int stride) const {
    return net.conv(net.depthwise_conv(input, {.kernel = 3, .stride = stride}), {.filters = channels});
  }
};

/// Named like one of the library's.
template <class Units = int>
struct dense {
  Units units;

  struct roles {
    nascent::role::width units;
  };
  constexpr auto operator()(auto& net, auto input, int stride) const {
    return net.conv(input, {.filters = units, .stride = stride});
  }
};

}  // namespace own_blocks
