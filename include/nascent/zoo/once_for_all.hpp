// SPDX-License-Identifier: Apache-2.0
/// \file
/// Once-for-All's MobileNetV3 space (Cai et al., 2020): five stages of 2 to 4 layers, each layer with its own kernel
/// and expansion. Squeeze-and-excite as in its public code: ReLU inside, a hard sigmoid as the gate.
#pragma once

#include "nascent/block/block.hpp"
#include "nascent/space/space.hpp"

namespace nascent::zoo {

namespace detail {
constexpr auto once_for_all_layer(int filters, double se, activation act) {
  return mbconv{.filters = filters,
                .kernel = one_of(3, 5, 7),
                .expand = one_of(3, 4, 6),
                .se = se,
                .act = act,
                .se_from = se_reference::expanded_rounded,
                .se_act = se_activation::always_relu,
                .se_gate = hsigmoid};
}
}  // namespace detail

/// At width 1 and 224 px; width scaling takes the hidden layer of the head along, as the published networks of
/// width 1.2 do: 1152, 1536. Size (9^2 + 9^3 + 9^4)^5 = 7371^5, more than 2^64.
inline constexpr auto once_for_all = define([] {
  constexpr auto layers = independent(range(2, 4));
  return search_space("Once-for-All MobileNetV3")
      .input(3, 224)
      .stage("stem", conv{.filters = 16, .act = hswish})
      .stride(2)
      .stage("first", mbconv{.filters = 16, .expand = 1})
      .stage("1", detail::once_for_all_layer(24, 0, relu))
      .stride(2)
      .layers(layers)
      .stage("2", detail::once_for_all_layer(40, .25, relu))
      .stride(2)
      .layers(layers)
      .stage("3", detail::once_for_all_layer(80, 0, hswish))
      .stride(2)
      .layers(layers)
      .stage("4", detail::once_for_all_layer(112, .25, hswish))
      .layers(layers)
      .stage("5", detail::once_for_all_layer(160, .25, hswish))
      .stride(2)
      .layers(layers)
      .head(conv{.filters = 960, .kernel = 1, .act = hswish}, global_pool{},
            dense{.units = scaled(1280), .act = hswish}, dense{1000});
});
static_assert(once_for_all.size() == checked_power({7371}, 5).value);

}  // namespace nascent::zoo
