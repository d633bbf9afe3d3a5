// SPDX-License-Identifier: Apache-2.0
/// \file
/// The block of RepVGG (Ding et al., 2021, "RepVGG: Making VGG-style ConvNets Great Again").
#pragma once

#include "nascent/block/roles.hpp"
#include "nascent/block/squeeze_excite.hpp"

namespace nascent {

/// As it runs, one kernel x kernel convolution with a bias and the activation. As it is trained (`branches`), the sum
/// of a kernel x kernel and a 1x1 convolution and, where shapes match, the input, each with batch normalisation.
/// `fold_branches` (network/fold_branches.hpp) makes the first of the second.
template <class Filters = int, class Kernel = int, class Act = activation, class Branches = bool, class Pad = padding>
struct rep_block {
  Filters filters;
  Kernel kernel{3};
  Act act{activation::relu};
  Branches branches{false};
  Pad pad{padding::symmetric};

  using roles = role::by_field<role::width, role::count, role::costless>;

  constexpr auto operator()(auto& net, auto input, const strides& stride) const {
    if (!branches)
      return net.conv(input,
                      {.filters = filters, .kernel = kernel, .stride = stride, .act = act, .bias = true, .pad = pad});
    auto x = net.conv(input, {.filters = filters, .kernel = kernel, .stride = stride, .pad = pad});
    const auto point = net.conv(input, {.filters = filters, .stride = stride});
    const bool passes = stride == 1 && input.channels == filters;
    x = net.add(point, x, passes ? activation::identity : act);
    return passes ? net.add(net.batch_norm(input), x, act) : x;
  }
};

}  // namespace nascent
