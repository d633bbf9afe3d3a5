// SPDX-License-Identifier: Apache-2.0
/// \file
/// A space with all that weights are shared over, small enough for 8 x 8 pixels, two channels, four classes.
#pragma once

#include "nascent/block/block.hpp"
#include "nascent/space/space.hpp"

namespace test {

/// A block of the user's own: a depthwise convolution between two maps of `filters`, perhaps with squeeze-and-excite.
template <class Filters = int, class Gate = bool>
struct own_block {
  Filters filters;
  Gate gate{false};

  struct roles {
    nascent::role::width filters;
  };

  constexpr auto operator()(auto& net, auto input, const nascent::strides& stride) const {
    auto x = net.conv(input, {.filters = filters, .stride = stride, .act = nascent::relu});
    x = net.depthwise_conv(x, {.kernel = 3, .act = nascent::hswish});
    if (gate) x = nascent::squeeze_excite(net, x, 4, nascent::relu);
    return net.conv(x, {.filters = filters});
  }
};

inline constexpr auto supernet_space = nascent::define([] {
  using namespace nascent;
  return search_space("shared")
      .input(2, 8)
      .stage("stem", conv{.filters = one_of(8, 12), .act = relu})
      .stage("1",
             either(mbconv{.filters = shared(one_of(8, 12)), .kernel = one_of(3, 5), .expand = one_of(2, 3)}, skip{}))
      .stride(2)
      .layers(independent(3))
      .stage("2", own_block{.filters = one_of(12, 16), .gate = one_of(false, true)})
      .layers(range(1, 2))
      .head(global_pool{}, dense{4});
});

}  // namespace test
