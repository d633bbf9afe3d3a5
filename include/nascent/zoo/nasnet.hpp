// SPDX-License-Identifier: Apache-2.0
/// \file
/// NASNet-A (Zoph et al., 2018, "Learning Transferable Architectures for Scalable Image Recognition"), by its public
/// code (TensorFlow's slim, ported to timm). Every cell reads the two maps made before it.
#pragma once

#include "nascent/zoo/model.hpp"

namespace nascent::zoo {
namespace detail {

/// 1x1 convolution after an activation.
constexpr tensor nasnet_squeeze(auto& net, const tensor& x, int filters) {
  return net.conv(net.activate(x, relu), {.filters = filters});
}

/// Makes `x` fit a map of `height` rows and `filters` channels: a 1x1 convolution or, where x is larger, two with
/// stride 2 side by side, each to half of the filters. The public code lets the second of the two read pixels one
/// further to the right and below; a layer has no such offset, and its cost would not change.
constexpr tensor nasnet_fit(auto& net, const tensor& x, int height, int filters) {
  if (x.height == height) return nasnet_squeeze(net, x, filters);
  const tensor active = net.activate(x, relu);
  const tensor even = net.conv(active, {.filters = filters / 2, .stride = 2});
  const tensor odd = net.conv(active, {.filters = filters / 2, .stride = 2});
  return net.concatenate(even, odd);
}

/// A separable convolution applied twice: depthwise, 1x1 with batch normalisation, activation, and once more. `x` is
/// active already.
constexpr tensor nasnet_separable(auto& net, tensor x, int kernel, int stride, int filters) {
  x = net.depthwise_conv(x, {.kernel = kernel, .stride = stride, .batch_norm = false});
  x = net.conv(x, {.filters = filters, .act = relu});
  x = net.depthwise_conv(x, {.kernel = kernel, .batch_norm = false});
  return net.conv(x, {.filters = filters});
}

/// The normal cell of Figure 4: `here` is what the last cell made, `before` what the one before it made.
constexpr tensor nasnet_normal(auto& net, const tensor& here, const tensor& before, int filters) {
  net.begin_block({.name = "nasnet_normal"});
  const tensor left = nasnet_fit(net, before, here.height, filters);
  const tensor right = nasnet_squeeze(net, here, filters);
  const tensor active_left = net.activate(left, relu);
  const tensor active_right = net.activate(right, relu);
  const pool_options pool{.kernel = 3, .stride = 1};
  const tensor five_right = nasnet_separable(net, active_right, 5, 1, filters);
  const tensor a = net.add(nasnet_separable(net, active_left, 3, 1, filters), five_right);
  const tensor five_left = nasnet_separable(net, active_left, 5, 1, filters);
  const tensor b = net.add(nasnet_separable(net, active_left, 3, 1, filters), five_left);
  const tensor c = net.add(net.average_pool(right, pool), left);
  const tensor pooled = net.average_pool(left, pool);
  const tensor d = net.add(net.average_pool(left, pool), pooled);
  const tensor e = net.add(nasnet_separable(net, active_right, 3, 1, filters), right);
  const tensor made = net.concatenate(left, a, b, c, d, e);
  net.end_block();
  return made;
}

/// The five sums of the reduction cell of Figure 4, over maps that fit; four of them are its output.
constexpr tensor nasnet_reduce(auto& net, const tensor& right, const tensor& left, int filters) {
  net.begin_block({.name = "nasnet_reduction"});
  const tensor active_left = net.activate(left, relu);
  const tensor active_right = net.activate(right, relu);
  const pool_options halve{.kernel = 3, .stride = 2};
  const tensor five = nasnet_separable(net, active_right, 5, 2, filters);
  const tensor a = net.add(nasnet_separable(net, active_left, 7, 2, filters), five);
  const tensor largest = net.max_pool(right, halve);
  const tensor b = net.add(nasnet_separable(net, active_left, 7, 2, filters), largest);
  // As in timm, which pads before it pools: padding counts where the stride is above 1.
  const tensor mean = net.average_pool(right, {.kernel = 3, .stride = 2, .count_padding = true});
  const tensor c = net.add(nasnet_separable(net, active_left, 5, 2, filters), mean);
  const tensor d = net.add(net.average_pool(a, {.kernel = 3, .stride = 1}), b);
  const tensor three = nasnet_separable(net, net.activate(a, relu), 3, 1, filters);
  const tensor e = net.add(three, net.max_pool(right, halve));
  const tensor made = net.concatenate(b, c, d, e);
  net.end_block();
  return made;
}

}  // namespace detail

/// Two reduction cells as a stem, then three times `cells` normal cells with a reduction cell before the second and the
/// third.
struct nasnet_body {
  int stem;           ///< filters of the first convolution
  int cells;          ///< normal cells at one size of map: "N" of the paper
  int filters;        ///< in the first normal cells; each reduction doubles them
  bool skip_reduced;  ///< the normal cell after a reduction reads, beside its output, the reduction's second input;
                      ///< else its first

  constexpr tensor operator()(auto& net, tensor x) const {
    using namespace detail;
    net.stage("stem");
    const tensor first = net.conv(x, {.filters = stem, .kernel = 3, .stride = 2, .pad = padding::valid});
    tensor before = nasnet_reduce(net, nasnet_squeeze(net, first, filters / 4), first, filters / 4);
    const tensor right = nasnet_squeeze(net, before, filters / 2);
    tensor here = nasnet_reduce(net, right, nasnet_fit(net, first, right.height, filters / 2), filters / 2);
    for (int group = 0; group < 3; ++group) {
      const int width = filters << group;
      if (group > 0) {
        net.stage(group == 1 ? "reduction 1" : "reduction 2");
        const tensor fitted = nasnet_fit(net, before, here.height, width);
        const tensor reduced = nasnet_reduce(net, nasnet_squeeze(net, here, width), fitted, width);
        if (!skip_reduced) before = here;
        here = reduced;
      }
      net.stage(group == 0 ? "1" : group == 1 ? "2" : "3");
      for (int i = 0; i < cells; ++i) {
        const tensor made = nasnet_normal(net, here, before, width);
        before = here;
        here = made;
      }
    }
    return classify(net, net.activate(here, relu));
  }
};

/// "NASNet-A (6 @ 4032)": six cells in a row, 4032 channels at the end.
inline constexpr model nasnet_a_large{"NASNet-A Large",
                                      331,
                                      nasnet_body{.stem = 96, .cells = 6, .filters = 168, .skip_reduced = true},
                                      {89, 24, "EfficientNet-X paper, Table 3"}};
/// "NASNet-A (4 @ 1056)".
inline constexpr model nasnet_a_mobile{"NASNet-A Mobile",
                                       224,
                                       nasnet_body{.stem = 32, .cells = 4, .filters = 44, .skip_reduced = false},
                                       {5.3, .564, "NASNet paper, Table 3"}};

}  // namespace nascent::zoo
