// SPDX-License-Identifier: Apache-2.0
/// \file
/// AlphaNet-A0 to A6 (Wang et al., 2021, "AlphaNet: Improved Training of Supernets with Alpha-Divergence"): seven
/// networks of AttentiveNAS's space. Configurations: facebookresearch/AlphaNet, configs/eval_alphanet_models.yml;
/// layers: facebookresearch/AttentiveNAS.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "nascent/block/block.hpp"
#include "nascent/zoo/model.hpp"

namespace nascent::zoo {

namespace detail {

/// An inverted bottleneck in which something always passes by: the input, average-pooled where the stride is 2, through
/// a 1x1 convolution without normalisation where the filters differ.
struct alphanet_layer {
  int filters;
  int kernel;
  int expand;
  bool se;

  /// The bottleneck alone. Not inside a template: clang 19 loses fields of other types than the defaults there.
  constexpr auto bottleneck() const {
    return mbconv{.filters = filters,
                  .kernel = kernel,
                  .expand = expand,
                  .se = se ? .25 : 0.,
                  .act = swish,
                  .residual = residual::none,
                  .se_from = se_reference::expanded_rounded,
                  .pad = padding::symmetric};
  }

  constexpr tensor operator()(auto& net, const tensor& input, int stride) const {
    tensor by = input;
    if (stride > 1) by = net.average_pool(by, {.kernel = stride, .stride = stride, .pad = padding::valid});
    if (by.channels != filters) by = net.conv(by, {.filters = filters, .batch_norm = false});
    return net.add(place(net, bottleneck(), input, stride), by);
  }
};

}  // namespace detail

/// A candidate of AttentiveNAS's space: per stage its filters, kernel, expansion and layers. What all candidates share
/// is in `operator()`.
struct alphanet_network {
  int stem = 16;
  std::array<int, 7> filters;
  std::array<int, 7> kernels;
  std::array<int, 7> expansions;
  std::array<int, 7> layers;
  int head = 1984;
  int classes = 1000;

  constexpr tensor operator()(auto& net, tensor x) const {
    constexpr std::string_view names[] = {"1", "2", "3", "4", "5", "6", "7"};
    constexpr int strides[] = {1, 2, 2, 2, 1, 2, 1};
    constexpr bool se[] = {false, false, true, false, true, true, true};
    net.stage("stem");
    x = net.conv(x, {.filters = stem, .kernel = 3, .stride = 2, .act = swish, .pad = padding::symmetric});
    for (std::size_t i = 0; i < 7; ++i)
      x = add_stage(net, x, names[i], detail::alphanet_layer{filters[i], kernels[i], expansions[i], se[i]}, layers[i],
                    strides[i]);
    net.stage("head");
    x = net.global_pool(net.conv(x, {.filters = 6 * x.channels, .act = swish}));
    x = net.conv(x, {.filters = head, .act = swish, .batch_norm = false});
    net.stage("classifier");
    return net.dense(x, {.units = classes});
  }
};

inline constexpr std::string_view alphanet_source = "AlphaNet's README";

inline constexpr model alphanet_a0{"AlphaNet-A0",
                                   192,
                                   alphanet_network{.filters = {16, 24, 32, 64, 112, 192, 216},
                                                    .kernels = {3, 3, 3, 3, 3, 3, 3},
                                                    .expansions = {1, 4, 4, 4, 4, 6, 6},
                                                    .layers = {1, 3, 3, 3, 3, 3, 1},
                                                    .head = 1792},
                                   {0, .203, alphanet_source}};
inline constexpr model alphanet_a1{"AlphaNet-A1",
                                   224,
                                   alphanet_network{.filters = {16, 24, 32, 64, 112, 192, 216},
                                                    .kernels = {3, 3, 3, 5, 3, 5, 3},
                                                    .expansions = {1, 4, 4, 4, 4, 6, 6},
                                                    .layers = {1, 3, 3, 3, 3, 3, 1}},
                                   {0, .279, alphanet_source}};
inline constexpr model alphanet_a2{"AlphaNet-A2",
                                   224,
                                   alphanet_network{.filters = {16, 24, 32, 64, 112, 200, 224},
                                                    .kernels = {3, 3, 3, 3, 3, 5, 3},
                                                    .expansions = {1, 4, 5, 4, 4, 6, 6},
                                                    .layers = {1, 3, 3, 3, 3, 4, 1}},
                                   {0, .317, alphanet_source}};
inline constexpr model alphanet_a3{"AlphaNet-A3",
                                   224,
                                   alphanet_network{.filters = {16, 24, 32, 64, 112, 208, 224},
                                                    .kernels = {3, 3, 3, 5, 3, 3, 3},
                                                    .expansions = {1, 4, 4, 4, 4, 6, 6},
                                                    .layers = {2, 3, 3, 4, 3, 5, 1}},
                                   {0, .357, alphanet_source}};
inline constexpr model alphanet_a4{"AlphaNet-A4",
                                   256,
                                   alphanet_network{.filters = {16, 24, 32, 64, 112, 192, 216},
                                                    .kernels = {3, 3, 3, 5, 3, 5, 3},
                                                    .expansions = {1, 4, 4, 5, 4, 6, 6},
                                                    .layers = {1, 3, 3, 4, 3, 5, 1}},
                                   {0, .444, alphanet_source}};
inline constexpr model alphanet_a5{"AlphaNet-A5",
                                   256,
                                   alphanet_network{.filters = {16, 24, 32, 64, 112, 208, 216},
                                                    .kernels = {3, 3, 3, 3, 3, 5, 3},
                                                    .expansions = {1, 4, 4, 5, 4, 6, 6},
                                                    .layers = {1, 3, 3, 4, 4, 5, 1}},
                                   {0, .491, alphanet_source}};
inline constexpr model alphanet_a6{"AlphaNet-A6",
                                   288,
                                   alphanet_network{.filters = {16, 24, 32, 64, 112, 216, 224},
                                                    .kernels = {3, 3, 3, 3, 3, 5, 3},
                                                    .expansions = {1, 4, 6, 5, 4, 6, 6},
                                                    .layers = {1, 3, 3, 4, 4, 6, 1}},
                                   {0, .709, alphanet_source}};

}  // namespace nascent::zoo
