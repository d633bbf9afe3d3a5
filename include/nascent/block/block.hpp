// SPDX-License-Identifier: Apache-2.0
/// \file
/// The block types. A block is an aggregate of hyper-parameters, each a value or a choice, and says how it is built out
/// of primitive layers: `constexpr auto operator()(auto& net, auto input, strides stride) const`. A block of your own
/// has the same form, or takes `int stride` where it moves by as many rows as columns; in a network by hand,
/// `place(net, block, input, stride)` builds one that the network remembers.
///
/// All maps are NHWC, with SAME padding where a block has no `pad`; `stride` comes from the stage and is 1 for every
/// layer but its first.
#pragma once

#include "nascent/block/place.hpp"
#include "nascent/block/roles.hpp"
#include "nascent/block/squeeze_excite.hpp"
#include "nascent/network/activation.hpp"

namespace nascent {

/// kernel x kernel convolution + batch normalisation + activation.
template <class Filters = int, class Kernel = int, class Act = activation, class Groups = int,
          class Residual = residual, class Pad = padding>
struct conv {
  Filters filters;
  Kernel kernel{3};
  Act act{activation::relu};
  Groups groups{1};
  Residual residual{nascent::residual::none};
  Pad pad{padding::same};

  using roles = role::by_field<role::width, role::window, role::costless, role::count>;
  static constexpr bool grows_with_map = true;

  constexpr auto operator()(auto& net, auto input, const strides& stride) const {
    auto x = net.conv(
        input, {.filters = filters, .kernel = kernel, .stride = stride, .groups = groups, .act = act, .pad = pad});
    return add_residual(net, x, input, residual, stride);
  }
};

/// One kernel x kernel filter per channel + batch normalisation + activation.
template <class Kernel = int, class Act = activation, class Residual = residual>
struct depthwise_conv {
  Kernel kernel{3};
  Act act{activation::relu};
  Residual residual{nascent::residual::none};

  using roles = role::by_field<role::window, role::costless>;
  static constexpr bool grows_with_map = true;

  constexpr auto operator()(auto& net, auto input, const strides& stride) const {
    auto x = net.depthwise_conv(input, {.kernel = kernel, .stride = stride, .act = act});
    return add_residual(net, x, input, residual, stride);
  }
};

/// Inverted bottleneck (MobileNetV2): 1x1 expansion, depthwise, squeeze-and-excite where `se` > 0, linear 1x1
/// projection. Without a 1x1 expansion at `expand` 1, unless `always_expand` (GPUNet keeps it). MobileNetV3's
/// squeeze-and-excite is `.se_act = se_activation::always_relu, .se_gate = hsigmoid`.
template <class Filters = int, class Kernel = int, class Expand = int, class Se = double, class Act = activation,
          class Residual = residual, class SeReference = se_reference, class AlwaysExpand = bool, class Pad = padding,
          class SeActivation = se_activation, class SeGate = activation>
struct mbconv {
  Filters filters;
  Kernel kernel{3};
  Expand expand{6};
  Se se{0};
  Act act{activation::relu};
  Residual residual{nascent::residual::identity};
  SeReference se_from{se_reference::block_input};
  AlwaysExpand always_expand{false};
  Pad pad{padding::same};
  SeActivation se_act{se_activation::of_block};
  SeGate se_gate{activation::sigmoid};

  using roles = role::by_field<role::width, role::window, role::expansion, role::share, role::costless, role::none,
                               role::none, role::none, role::none, role::costless, role::costless>;
  static constexpr bool grows_with_map = true;

  constexpr auto operator()(auto& net, auto input, const strides& stride) const {
    const int expanded = expanded_channels(net, input.channels, expand);
    auto x = input;
    if (expanded != input.channels || always_expand) x = net.conv(x, {.filters = expanded, .act = act});
    x = net.depthwise_conv(x, {.kernel = kernel, .stride = stride, .act = act, .pad = pad});
    if (se > 0)
      x = squeeze_excite(net, x, se_hidden(se, se_from, input.channels, expanded), inner_activation(se_act, act),
                         se_gate);
    x = net.conv(x, {.filters = filters});
    return add_residual(net, x, input, residual, stride);
  }
};

/// Fused inverted bottleneck (EfficientNet-X, section 3.2): one full convolution expands, squeeze-and-excite where `se`
/// > 0, linear 1x1 projection.
template <class Filters = int, class Kernel = int, class Expand = int, class Se = double, class Act = activation,
          class Residual = residual, class SeReference = se_reference, class Pad = padding>
struct fused_mbconv {
  Filters filters;
  Kernel kernel{3};
  Expand expand{6};
  Se se{0};
  Act act{activation::relu};
  Residual residual{nascent::residual::identity};
  SeReference se_from{se_reference::block_input};
  Pad pad{padding::same};

  using roles = role::by_field<role::width, role::window, role::expansion, role::share, role::costless>;
  static constexpr bool grows_with_map = true;

  constexpr auto operator()(auto& net, auto input, const strides& stride) const {
    const int expanded = expanded_channels(net, input.channels, expand);
    auto x = net.conv(input, {.filters = expanded, .kernel = kernel, .stride = stride, .act = act, .pad = pad});
    if (se > 0) x = squeeze_excite(net, x, se_hidden(se, se_from, input.channels, expanded), act);
    x = net.conv(x, {.filters = filters});
    return add_residual(net, x, input, residual, stride);
  }
};

/// Residual bottleneck (ResNet; `groups` > 1 makes ResNeXt, ratio 1 with groups makes RegNet): 1x1 to filters * ratio,
/// kernel x kernel with the stride, squeeze-and-excite where `se` > 0, linear 1x1 to `filters`, sum, activation. The
/// squeeze-and-excite stands before the last convolution, its ratio of the block's input (RegNetY); with `se_last`
/// after it, its ratio of `filters` (SE-ResNet).
template <class Filters = int, class Kernel = int, class Ratio = double, class Groups = int, class Se = double,
          class Act = activation, class Residual = residual, class SeLast = bool, class Pad = padding>
struct bottleneck {
  Filters filters;
  Kernel kernel{3};
  Ratio ratio{0.25};
  Groups groups{1};
  Se se{0};
  Act act{activation::relu};
  Residual residual{nascent::residual::strided};
  SeLast se_last{false};
  Pad pad{padding::same};

  using roles = role::by_field<role::width, role::window, role::ratio, role::count, role::share, role::costless>;
  static constexpr bool grows_with_map = true;

  constexpr auto operator()(auto& net, auto input, const strides& stride) const {
    const int width = expanded_channels(net, filters, ratio);
    auto x = net.conv(input, {.filters = width, .act = act});
    x = net.conv(x, {.filters = width, .kernel = kernel, .stride = stride, .groups = groups, .act = act, .pad = pad});
    if (se > 0 && !se_last)
      x = squeeze_excite(net, x, se_hidden(se, se_reference::block_input, input.channels, width), act);
    x = net.conv(x, {.filters = filters});
    if (se > 0 && se_last) x = squeeze_excite(net, x, se_hidden(se, se_reference::block_input, filters, filters), act);
    return add_residual(net, x, input, residual, stride, act);
  }
};

/// n x n convolution with stride n (EfficientNet-X, section 3.1): H x W x C becomes H/n x W/n x C*n*n by trainable
/// weights.
template <class Factor = int, class Act = activation>
struct space_to_depth {
  Factor factor{2};
  Act act{activation::relu};

  using roles = role::by_field<role::factor, role::costless>;
  static constexpr bool grows_with_map = true;

  constexpr auto operator()(auto& net, auto input, const strides& /*stride*/) const {
    return net.conv(input, {.filters = net.product(input.channels, net.product(factor, factor)),
                            .kernel = factor,
                            .stride = factor,
                            .act = act});
  }
};

/// The same re-arrangement as a pure copy; `factor` must divide height and width.
template <class Factor = int>
struct space_to_depth_copy {
  Factor factor{2};

  using roles = role::by_field<role::factor>;

  constexpr auto operator()(auto& net, auto input, const strides& /*stride*/) const {
    return net.space_to_depth(input, factor);
  }
};

/// Splits a map into factor * factor interleaved maps that the following layers see as a batch; `factor` must divide
/// height and width.
template <class Factor = int>
struct space_to_batch {
  Factor factor{2};

  using roles = role::by_field<role::factor>;

  constexpr auto operator()(auto& net, auto input, const strides& /*stride*/) const {
    return net.space_to_batch(input, factor);
  }
};

/// Undoes space_to_batch.
template <class Factor = int>
struct batch_to_space {
  Factor factor{2};

  using roles = role::by_field<role::factor>;

  constexpr auto operator()(auto& net, auto input, const strides& /*stride*/) const {
    return net.batch_to_space(input, factor);
  }
};

/// The largest number of each window; of a last one that ends outside the map, too, where `ceil`.
template <class Kernel = int, class Pad = padding, class Ceil = bool>
struct max_pool {
  Kernel kernel{3};
  Pad pad{padding::same};
  Ceil ceil{false};

  using roles = role::by_field<role::window>;
  static constexpr bool grows_with_map = true;

  constexpr auto operator()(auto& net, auto input, const strides& stride) const {
    return net.max_pool(input, {.kernel = kernel, .stride = stride, .pad = pad, .ceil = ceil});
  }
};

/// The mean of each window; padded positions are left out of it, or zeros where `count_padding`.
template <class Kernel = int, class Pad = padding, class Ceil = bool, class CountPadding = bool>
struct average_pool {
  Kernel kernel{3};
  Pad pad{padding::same};
  Ceil ceil{false};
  CountPadding count_padding{false};

  using roles = role::by_field<role::window>;
  static constexpr bool grows_with_map = true;

  constexpr auto operator()(auto& net, auto input, const strides& stride) const {
    return net.average_pool(
        input, {.kernel = kernel, .stride = stride, .pad = pad, .ceil = ceil, .count_padding = count_padding});
  }
};

/// The largest number of each channel: a window over the whole map.
struct global_max_pool {
  struct roles {};

  constexpr auto operator()(auto& net, auto input, const strides& /*stride*/) const {
    return net.max_pool(input, {.kernel = {input.height, input.width}, .stride = 1, .pad = padding::valid});
  }
};

/// Means over size x size equal windows that cover the map; `size` must divide its height and width.
template <class Size = int>
struct adaptive_pool {
  Size size;

  using roles = role::by_field<role::count>;

  constexpr auto operator()(auto& net, auto input, const strides& /*stride*/) const {
    if (size == 1) return net.global_pool(input);
    const int rows = input.height / size;
    const int columns = input.width / size;
    if (rows * size != input.height || columns * size != input.width)
      return net.space_to_depth(input, size);  // the fault of a size that does not divide
    return net.average_pool(input, {.kernel = {rows, columns}, .stride = {rows, columns}, .pad = padding::valid});
  }
};

/// Mean over height and width.
struct global_pool {
  struct roles {};
  static constexpr bool grows_with_map = true;

  constexpr auto operator()(auto& net, auto input, const strides& /*stride*/) const { return net.global_pool(input); }
};

/// Matrix product with bias: the classifier.
template <class Units = int, class Act = activation>
struct dense {
  Units units;
  Act act{activation::identity};

  using roles = role::by_field<role::units, role::costless>;
  static constexpr bool grows_with_map = true;

  constexpr auto operator()(auto& net, auto input, const strides& /*stride*/) const {
    return net.dense(input, {.units = units, .act = act});
  }
};

}  // namespace nascent
