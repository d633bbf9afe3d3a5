// SPDX-License-Identifier: Apache-2.0
/// \file
/// The words of a net that resize, pad, cut, join and combine maps.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

#include "nascent/network/interpreter.hpp"
#include "nascent/network/layer.hpp"
#include "nascent/network/layer_options.hpp"
#include "nascent/network/network_fault.hpp"

namespace nascent::detail {

/// A layer with its shapes, and the first thing that is wrong with it; then shapes are those of the input.
struct inferred_layer {
  layer what{};
  network_fault fault = network_fault::none;
  std::int64_t found = 0;
  std::int64_t allowed = 0;

  constexpr void check(bool ok, network_fault which, std::int64_t is, std::int64_t should) {
    if (ok || fault != network_fault::none) return;
    fault = which;
    found = is;
    allowed = should;
  }
  /// `n` from `least` to `most`, or a fault.
  constexpr void bound(std::int64_t n, std::int64_t least, std::int64_t most, network_fault which) {
    check(n >= least && n <= most, which, n, n < least ? least : most);
  }
  /// Takes a size that is checked.
  constexpr void take(std::int64_t height, std::int64_t width, network_fault which) {
    bound(height, 1, network_limits::size, which);
    bound(width, 1, network_limits::size, which);
    if (fault != network_fault::none) return;
    what.output.height = static_cast<int>(height);
    what.output.width = static_cast<int>(width);
  }
  /// Takes a place before which something lies.
  constexpr void offset(std::int64_t top, std::int64_t left, network_fault which) {
    bound(top, 0, network_limits::size - 1, which);
    bound(left, 0, network_limits::size - 1, which);
    if (fault != network_fault::none) return;
    what.top = static_cast<std::uint16_t>(top);
    what.left = static_cast<std::uint16_t>(left);
  }
};

constexpr inferred_layer inferred(layer_kind kind, const shape& x) {
  return {.what = {.kind = kind, .input = x, .output = x}};
}

/// The sum of a scale and a size in whole numbers; 0 where it is none.
constexpr std::int64_t scaled_size(int size, double scale) {
  const double exact = size * scale;
  if (!(exact >= 1 && exact <= network_limits::size)) return 0;
  const auto whole = static_cast<std::int64_t>(exact + 0.5);
  const double off = exact - static_cast<double>(whole);
  return off > -1e-6 && off < 1e-6 ? whole : 0;
}

constexpr inferred_layer resized(const shape& x, const resize_options& o) {
  inferred_layer r =
      inferred(o.how == interpolation::nearest ? layer_kind::resize_nearest : layer_kind::resize_bilinear, x);
  if (o.scale == 0) {
    r.take(o.height, o.width, network_fault::size);
    return r;
  }
  const std::int64_t height = scaled_size(x.height, o.scale);
  const std::int64_t width = scaled_size(x.width, o.scale);
  r.check(o.height == 0 && o.width == 0, network_fault::scale, o.height == 0 ? o.width : o.height, 0);
  r.check(height >= 1 && width >= 1, network_fault::scale, 0, 1);
  r.take(height, width, network_fault::size);
  return r;
}

constexpr inferred_layer padded_map(const shape& x, const pad_options& o) {
  inferred_layer r = inferred(layer_kind::pad, x);
  for (const int n : {o.top, o.bottom, o.left, o.right}) r.bound(n, 0, network_limits::size - 1, network_fault::margin);
  r.offset(o.top, o.left, network_fault::margin);
  r.take(std::int64_t{x.height} + o.top + o.bottom, std::int64_t{x.width} + o.left + o.right, network_fault::size);
  return r;
}

constexpr inferred_layer sliced(const shape& x, const slice_options& o) {
  inferred_layer r = inferred(layer_kind::slice, x);
  const auto rest = [](int n, int first, int size) { return n == 0 ? std::int64_t{size} - first : std::int64_t{n}; };
  const std::int64_t channels = rest(o.channels, o.first_channel, x.channels);
  const std::int64_t height = rest(o.height, o.top, x.height);
  const std::int64_t width = rest(o.width, o.left, x.width);
  r.check(o.first_channel >= 0 && channels >= 1 && o.first_channel + channels <= x.channels, network_fault::channels,
          o.first_channel + channels, x.channels);
  r.check(o.top >= 0 && height >= 1 && o.top + height <= x.height, network_fault::part, o.top + height, x.height);
  r.check(o.left >= 0 && width >= 1 && o.left + width <= x.width, network_fault::part, o.left + width, x.width);
  if (r.fault != network_fault::none) return r;
  r.offset(o.top, o.left, network_fault::part);
  r.take(height, width, network_fault::part);
  r.what.first_channel_or_numbers = static_cast<std::uint32_t>(o.first_channel);
  r.what.output.channels = static_cast<int>(channels);
  return r;
}

/// Kernel, stride, dilation, filters and groups are checked already.
constexpr inferred_layer transposed(const shape& x, const transposed_conv_options& o) {
  inferred_layer r = inferred(layer_kind::transposed_convolution, x);
  r.what.set_function(o.act);
  r.what.bias = o.bias;
  r.what.batch_norm = o.batch_norm.value_or(!o.bias);
  r.what.kernel_height = o.kernel.height;
  r.what.kernel_width = o.kernel.width;
  r.what.stride_height = static_cast<std::uint16_t>(o.stride.height);
  r.what.stride_width = static_cast<std::uint16_t>(o.stride.width);
  r.what.dilation = o.dilation;
  r.what.groups = o.groups;
  r.what.output.channels = o.filters;
  r.offset(o.padding.height, o.padding.width, network_fault::margin);
  const auto most = [&](int stride) { return (stride > o.dilation ? stride : o.dilation) - 1; };
  r.bound(o.output_padding.height, 0, most(o.stride.height), network_fault::output_padding);
  r.bound(o.output_padding.width, 0, most(o.stride.width), network_fault::output_padding);
  const auto size = [&](int in, int stride, int kernel, int padding, int more) {
    return (std::int64_t{in} - 1) * stride - 2 * std::int64_t{padding} + std::int64_t{o.dilation} * (kernel - 1) +
           more + 1;
  };
  const std::int64_t height =
      size(x.height, o.stride.height, o.kernel.height, o.padding.height, o.output_padding.height);
  const std::int64_t width = size(x.width, o.stride.width, o.kernel.width, o.padding.width, o.output_padding.width);
  r.check(height >= 1, network_fault::map_vanishes, height, 1);
  r.check(width >= 1, network_fault::map_vanishes, width, 1);
  r.take(height, width, network_fault::size);
  return r;
}

/// A sum or a product of a map with one that may have to be repeated.
constexpr inferred_layer combined(layer_kind kind, const shape& x, const shape& y, activation_function f) {
  inferred_layer r = inferred(kind, x);
  r.what.set_function(f);
  r.what.operand_count = 2;
  const bool one_pixel = y.height == 1 && y.width == 1;
  const bool all_pixels = y.height == x.height && y.width == x.width;
  const auto mismatch = kind == layer_kind::multiply ? network_fault::gate : network_fault::shape_mismatch;
  r.check(y.batch == x.batch, mismatch, y.batch, x.batch);
  r.check(all_pixels || one_pixel, mismatch, y.height == x.height ? y.width : y.height,
          y.height == x.height ? x.width : x.height);
  r.check(y.channels == x.channels || y.channels == 1, mismatch, y.channels, x.channels);
  const bool all_channels = y.channels == x.channels;
  // A gate is one for a map of one pixel, too: its product has one description. A sum of equal maps is a plain one.
  if (kind == layer_kind::multiply && one_pixel) r.what.over = all_channels ? broadcast::positions : broadcast::all;
  else if (all_pixels) r.what.over = all_channels ? broadcast::nothing : broadcast::channels;
  else r.what.over = all_channels ? broadcast::positions : broadcast::all;
  return r;
}

/// The words themselves, for a net to have. They are apart from it only to keep both short.
template <class Net>
class map_words {
 public:
  /// x + y, then `act`, where y is repeated to be as large as x: over the positions (it is 1x1), over the channels (it
  /// has one), or both. `add` demands equal shapes.
  constexpr tensor broadcast_add(const tensor& x, const tensor& y, activation_function f = {}) {
    return combine(layer_kind::add, x, y, f);
  }

  /// Joins maps of equal height and width along the channels.
  template <std::same_as<tensor>... Tensors>
  constexpr tensor concatenate(const tensor& first, const Tensors&... rest) {
    const std::array<tensor, 1 + sizeof...(rest)> all{first, rest...};
    return concatenate(std::span<const tensor>(all));
  }
  /// The same of a list. Of more than 8, which is what a layer takes, neighbours are joined first.
  constexpr tensor concatenate(std::span<const tensor> maps) {
    net_of().check(!maps.empty(), network_fault::operands, 0, 1);
    if (maps.empty()) return {};
    if (maps.size() <= layer::max_operands) return join(maps);
    std::array<tensor, layer::max_operands> parts;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const std::size_t begin = maps.size() * i / parts.size();
      const auto some = maps.subspan(begin, maps.size() * (i + 1) / parts.size() - begin);
      parts[i] = some.size() == 1 ? some.front() : concatenate(some);
    }
    return join(parts);
  }

  /// `channels` channels of x, from channel `first` on.
  constexpr tensor slice(const tensor& x, int first, int channels) {
    net_of().check(first >= 0 && channels >= 1 && first <= x.channels - channels, network_fault::channels,
                   std::int64_t{first} + channels, x.channels);
    return net_of().emit(
        layer{.kind = layer_kind::slice, .first_channel_or_numbers = static_cast<std::uint32_t>(first)}, x,
        {x.batch, x.height, x.width, channels});
  }
  /// A part of the rows, the columns and the channels.
  constexpr tensor slice(const tensor& x, const slice_options& o) { return add_layer(sliced(x.shape(), o), x); }

  /// The channels in parts of these sizes: `auto [a, b] = net.split(x, 58, 58)`. Together they are all.
  template <std::same_as<int>... Sizes>
  constexpr std::array<tensor, sizeof...(Sizes)> split(const tensor& x, Sizes... channels) {
    const std::int64_t all = (std::int64_t{channels} + ...);
    net_of().check(all == x.channels, network_fault::channels, all, x.channels);
    int first = 0;
    const auto next = [&](int n) {
      first += n;
      return slice(x, first - n, n);
    };
    return {next(channels)...};
  }

  /// Rows and columns of zeros around x.
  constexpr tensor pad(const tensor& x, const pad_options& o) { return add_layer(padded_map(x.shape(), o), x); }

  /// x at another size; a scale of 2 doubles height and width.
  constexpr tensor resize(const tensor& x, const resize_options& o) { return add_layer(resized(x.shape(), o), x); }

  /// The convolution whose input and output have changed places: it makes maps larger.
  constexpr tensor transposed_conv(const tensor& x, const transposed_conv_options& o) {
    net_of().check_width(o.filters);
    net_of().check_kernel(o.kernel);
    net_of().check_bounds(o.dilation, network_limits::size, network_fault::dilation);
    net_of().check_bounds(o.stride.height, network_limits::stride, network_fault::stride);
    net_of().check_bounds(o.stride.width, network_limits::stride, network_fault::stride);
    net_of().check(
        o.groups >= 1 && x.channels % Net::positive(o.groups) == 0 && o.filters % Net::positive(o.groups) == 0,
        network_fault::groups, o.groups, x.channels);
    if (net_of().failed()) return net_of().emit(layer{.kind = layer_kind::transposed_convolution}, x, {1, 1, 1, 1});
    return add_layer(transposed(x.shape(), o), x);
  }

  /// Channels in `groups` equal groups take turns: the first of each, then the second of each (Zhang et al., 2018,
  /// "ShuffleNet").
  constexpr tensor channel_shuffle(const tensor& x, int groups) {
    net_of().check(groups >= 1 && x.channels % Net::positive(groups) == 0, network_fault::channels, groups, x.channels);
    return net_of().emit(layer{.kind = layer_kind::channel_shuffle, .groups = Net::positive(groups)}, x, x.shape());
  }

 private:
  friend Net;
  constexpr map_words() = default;  // of a `Net` alone

  constexpr tensor combine(layer_kind kind, const tensor& x, const tensor& y, activation_function f) {
    inferred_layer l = combined(kind, x.shape(), y.shape(), f);
    l.what.operands[1] = y.id;
    return add_layer(l, x);
  }

  constexpr tensor join(std::span<const tensor> maps) {
    const tensor& first = maps.front();
    layer l{.kind = layer_kind::concatenate, .operand_count = static_cast<std::uint8_t>(maps.size())};
    std::int64_t channels = 0;
    for (std::size_t i = 0; i < maps.size(); ++i) {
      net_of().check(maps[i].height == first.height && maps[i].width == first.width && maps[i].batch == first.batch,
                     network_fault::shape_mismatch, maps[i].height, first.height);
      l.operands[i] = maps[i].id;
      channels += maps[i].channels;
    }
    tensor joined = first;
    joined.channels = net_of().bounded(channels, network_limits::channels, network_fault::filters);
    if (!net_of().countable(joined.shape())) joined = {1, 1, 1, 1, first.id};
    return net_of().emit(l, joined, joined.shape());
  }

  /// A layer whose shapes are known. What it makes must be countable.
  constexpr tensor add_layer(inferred_layer l, const tensor& x) {
    net_of().check(l.fault == network_fault::none, l.fault, l.found, l.allowed);
    if (l.fault != network_fault::none || !net_of().countable(l.what.output)) l.what.output = {1, 1, 1, 1};
    return net_of().emit_weighted(l.what, x, l.what.output);
  }

  constexpr Net& net_of() { return static_cast<Net&>(*this); }
};

}  // namespace nascent::detail
