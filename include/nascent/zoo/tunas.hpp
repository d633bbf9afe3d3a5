// SPDX-License-Identifier: Apache-2.0
/// \file
/// The three search spaces of TuNAS (Bender et al., 2020). Sizes count distinct decisions: a skipped layer has no
/// kernel and no expansion, so it counts once; the sizes printed with the public code multiply all choices and are
/// larger: `naive_size` gives them.
#pragma once

#include "nascent/block/block.hpp"
#include "nascent/space/space.hpp"

namespace nascent::zoo {

namespace detail {

/// Filters relative to a base, rounded half up to a multiple of 8; equal results are one choice.
constexpr auto tunas_filters(int base) { return shared(base * one_of(.5, .625, .75, 1., 1.25, 1.5, 2.)); }

template <class Filters>
constexpr auto proxyless_layers(Filters filters) {
  return either(mbconv{.filters = filters, .kernel = one_of(3, 5, 7), .expand = one_of(3, 6)}, skip{});
}

template <class Filters>
constexpr auto mobilenet_v3_layers(Filters filters, activation act) {
  return either(mbconv{.filters = filters,
                       .kernel = one_of(3, 5, 7),
                       .expand = range(1, 6),
                       .se = one_of(0, .25),
                       .act = act,
                       .se_from = se_reference::expanded_rounded,
                       .se_act = se_activation::always_relu},  // its public code; the gate is a plain sigmoid
                skip{});
}

}  // namespace detail

/// ProxylessNAS: fixed widths; each layer chooses kernel and expansion, or is skipped unless it is the first of its
/// block.
inline constexpr auto proxylessnas = define([] {
  constexpr auto four = independent(4);
  return search_space("TuNAS ProxylessNAS")
      .input(3, 224)
      .stage("stem", conv{.filters = 32})
      .stride(2)
      .stage("separable", mbconv{.filters = 16, .kernel = one_of(3, 5, 7), .expand = 1})
      .stage("1", detail::proxyless_layers(32))
      .stride(2)
      .layers(four)
      .stage("2", detail::proxyless_layers(40))
      .stride(2)
      .layers(four)
      .stage("3", detail::proxyless_layers(80))
      .stride(2)
      .layers(four)
      .stage("4", detail::proxyless_layers(96))
      .layers(four)
      .stage("5", detail::proxyless_layers(192))
      .stride(2)
      .layers(four)
      .stage("6", mbconv{.filters = 320, .kernel = one_of(3, 5, 7), .expand = one_of(3, 6)})
      .head(conv{.filters = 1280, .kernel = 1}, global_pool{}, dense{1001});
});
static_assert(proxylessnas.size() == 664506689423701824U);

/// ProxylessNAS-Enlarged: filters are searched as well.
inline constexpr auto proxylessnas_enlarged = define([] {
  constexpr auto multipliers = one_of(.5, .625, .75, 1., 1.25, 1.5, 2.);
  constexpr auto four = independent(4);
  return search_space("TuNAS ProxylessNAS-Enlarged")
      .input(3, 224)
      .stage("stem", conv{.filters = 16 * multipliers})
      .stride(2)
      .stage("separable", mbconv{.filters = 16 * multipliers, .kernel = one_of(3, 5, 7), .expand = 1})
      .stage("1", detail::proxyless_layers(detail::tunas_filters(16)))
      .stride(2)
      .layers(four)
      .stage("2", detail::proxyless_layers(detail::tunas_filters(32)))
      .stride(2)
      .layers(four)
      .stage("3", detail::proxyless_layers(detail::tunas_filters(64)))
      .stride(2)
      .layers(four)
      .stage("4", detail::proxyless_layers(detail::tunas_filters(128)))
      .layers(four)
      .stage("5", detail::proxyless_layers(detail::tunas_filters(256)))
      .stride(2)
      .layers(four)
      .stage("6", mbconv{.filters = 512 * multipliers, .kernel = one_of(3, 5, 7), .expand = one_of(3, 6)})
      .head(conv{.filters = 1024 * multipliers, .kernel = 1}, global_pool{}, dense{1001});
});
static_assert(proxylessnas_enlarged.size() == uint128{664506689423701824U} * (4 * 4 * 4 * 6) * 16807);

/// MobileNetV3-Like: filters, squeeze-and-excite and a finer expansion too.
inline constexpr auto mobilenet_v3_like = define([] {
  constexpr auto multipliers = one_of(.5, .625, .75, 1., 1.25, 1.5, 2.);
  constexpr auto four = independent(4);
  return search_space("TuNAS MobileNetV3-Like")
      .input(3, 224)
      .stage("stem", conv{.filters = 16 * multipliers, .kernel = one_of(3, 5), .act = hswish})
      .stride(2)
      .stage("separable", mbconv{.filters = tied_to("stem.filters"), .kernel = one_of(3, 5, 7), .expand = 1})
      .layers(range(0, 1))
      .stage("1", detail::mobilenet_v3_layers(detail::tunas_filters(16), relu))
      .stride(2)
      .layers(four)
      .stage("2", detail::mobilenet_v3_layers(detail::tunas_filters(32), relu))
      .stride(2)
      .layers(four)
      .stage("3", detail::mobilenet_v3_layers(detail::tunas_filters(64), hswish))
      .stride(2)
      .layers(four)
      .stage("4", detail::mobilenet_v3_layers(detail::tunas_filters(128), hswish))
      .layers(four)
      .stage("5", detail::mobilenet_v3_layers(detail::tunas_filters(256), hswish))
      .stride(2)
      .layers(four)
      .head(conv{.filters = 512 * multipliers, .kernel = 1, .act = hswish}, global_pool{},
            dense{.units = scaled(1024 * multipliers), .act = hswish}, dense{1001});
});
static_assert(mobilenet_v3_like.size() == 8 * checked_power({36 * 37 * 37 * 37}, 5).value * (4 * 4 * 6) * 16807);

}  // namespace nascent::zoo
