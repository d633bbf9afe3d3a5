// SPDX-License-Identifier: Apache-2.0
/// \file
/// The words of a net that normalise maps, and those of attention.
#pragma once

#include <cstdint>

#include "nascent/network/interpreter.hpp"
#include "nascent/network/layer.hpp"
#include "nascent/network/layer_options.hpp"
#include "nascent/network/network_fault.hpp"

namespace nascent::detail {

/// A part of `Net`.
template <class Net>
class token_words {
 public:
  /// Batch normalisation by itself, as networks have it before a convolution; behind one it is part of that.
  constexpr tensor batch_norm(const tensor& x, activation_function f = {}) {
    return self().emit(
        layer{
            .kind = layer_kind::scale, .act = f.act, .batch_norm = true, .first_channel_or_numbers = f.numbers.bits()},
        x, x.shape());
  }

  /// Each channel times a trained factor (Touvron et al., 2021, "Going deeper with Image Transformers") and, with
  /// `bias`, plus a trained summand.
  constexpr tensor layer_scale(const tensor& x, bool bias = false) {
    return self().emit(layer{.kind = layer_kind::scale, .bias = bias}, x, x.shape());
  }

  constexpr tensor layer_norm(const tensor& x, const layer_norm_options& o = {}) {
    return normalized(layer{.kind = layer_kind::layer_norm, .bias = o.bias}, o.act, x, o.epsilon_digits);
  }

  constexpr tensor group_norm(const tensor& x, const group_norm_options& o = {}) {
    self().check(o.groups >= 1 && x.channels % Net::positive(o.groups) == 0, network_fault::groups, o.groups,
                 x.channels);
    return normalized(layer{.kind = layer_kind::group_norm, .bias = o.bias, .groups = Net::positive(o.groups)}, o.act,
                      x, o.epsilon_digits);
  }

  constexpr tensor rms_norm(const tensor& x, const rms_norm_options& o = {}) {
    return normalized(layer{.kind = layer_kind::rms_norm}, o.act, x, o.epsilon_digits);
  }

  /// A map as one row of positions for each pixel: height * width x 1 x channels. A copy at most.
  constexpr tensor tokens(const tensor& x) {
    const int positions =
        self().bounded(std::int64_t{x.height} * x.width, network_limits::size, network_fault::filters);
    return reshape(x, positions, 1, x.channels);
  }

  /// The same numbers in the same order as a map of another height, width and depth.
  constexpr tensor reshape(const tensor& x, int height, int width, int channels) {
    return reshape(x, {x.batch, height, width, channels});
  }
  /// The same as maps of another shape, as many as that takes.
  constexpr tensor reshape(const tensor& x, const shape& to) {
    const shape wanted{self().bounded(to.batch, network_limits::channels, network_fault::filters),
                       self().bounded(to.height, network_limits::size, network_fault::filters),
                       self().bounded(to.width, network_limits::size, network_fault::filters),
                       self().bounded(to.channels, network_limits::channels, network_fault::filters)};
    self().check(wanted.elements() == x.shape().elements(), network_fault::reshape, wanted.elements(),
                 x.shape().elements());
    return self().emit(layer{.kind = layer_kind::reshape}, x, wanted);
  }

  /// The map cut into windows of n x n pixels, row by row: each becomes a map of its own, as window attention needs it
  /// (Liu et al., 2021, "Swin Transformer"). Two copies at most.
  constexpr tensor windows(const tensor& x, int n) {
    const tensor blocks = self().space_to_depth(x, n);
    if (self().failed()) return x;
    const int maps = self().bounded(std::int64_t{x.batch} * blocks.height * blocks.width, network_limits::channels,
                                    network_fault::filters);
    return self().emit(layer{.kind = layer_kind::reshape}, blocks, {maps, n, n, x.channels});
  }
  /// The inverse: windows put together to maps of height x width.
  constexpr tensor join_windows(const tensor& x, int height, int width) {
    const int n = x.height;
    const bool fits = x.width == n && height >= n && width >= n && height % n == 0 && width % n == 0;
    self().check(fits, network_fault::not_divisible, n, height % n == 0 ? width : height);
    const std::int64_t each = fits ? std::int64_t{height / n} * (width / n) : 1;
    self().check(x.batch % each == 0, network_fault::not_divisible, each, x.batch);
    if (self().failed()) return x;
    const int depth =
        self().bounded(std::int64_t{n} * n * x.channels, network_limits::channels, network_fault::filters);
    const tensor blocks = self().emit(layer{.kind = layer_kind::reshape}, x,
                                      {static_cast<int>(x.batch / each), height / n, width / n, depth});
    return self().depth_to_space(blocks, n);
  }

  /// Channels become positions, positions channels: what mixes channels then mixes positions.
  constexpr tensor transpose(const tensor& x) {
    const int positions =
        self().bounded(std::int64_t{x.height} * x.width, network_limits::channels, network_fault::filters);
    self().check(x.channels <= network_limits::size, network_fault::filters, x.channels, network_limits::size);
    return self().emit(layer{.kind = layer_kind::transpose}, x, {x.batch, x.channels, 1, positions});
  }

  /// Softmax over the channels of each of `parts` equal parts, at each position.
  constexpr tensor channel_softmax(const tensor& x, int parts = 1) {
    self().check(parts >= 1 && x.channels % Net::positive(parts) == 0, network_fault::channels, parts, x.channels);
    return self().emit(layer{.kind = layer_kind::channel_softmax, .groups = Net::positive(parts)}, x, x.shape());
  }

  /// How much each position of `queries` has to do with each of `keys`: the products of their channels, head by head,
  /// over sqrt(channels of a head). Each position gets heads * positions of `keys` channels (Vaswani et al., 2017).
  constexpr tensor scores(const tensor& queries, const tensor& keys, int heads = 1) {
    check_heads(queries.channels, keys.channels, heads);
    self().check(queries.channels == keys.channels && queries.batch == keys.batch, network_fault::shape_mismatch,
                 keys.channels, queries.channels);
    const int channels = self().bounded(std::int64_t{Net::positive(heads)} * keys.height * keys.width,
                                        network_limits::channels, network_fault::filters);
    return multiplied(layer_kind::scores, queries, keys, channels, heads);
  }

  /// The matrix product of two maps, head by head: at each position of `shares`, the sum over the positions of
  /// `values` by these shares. `shares` has heads * positions of `values` channels.
  constexpr tensor matmul(const tensor& shares, const tensor& values, int heads = 1) {
    check_heads(shares.channels, values.channels, heads);
    const std::int64_t positions = std::int64_t{values.height} * values.width;
    self().check(shares.channels == positions * Net::positive(heads) && shares.batch == values.batch,
                 network_fault::shape_mismatch, shares.channels, positions * Net::positive(heads));
    return multiplied(layer_kind::matmul, shares, values, values.channels, heads);
  }

  /// A trained position before all others, which have to lie in one column (`tokens`).
  constexpr tensor class_token(const tensor& x) {
    self().check(x.width == 1, network_fault::shape_mismatch, x.width, 1);
    const int positions = self().bounded(std::int64_t{x.height} + 1, network_limits::size, network_fault::filters);
    return self().emit(layer{.kind = layer_kind::class_token}, x, {x.batch, positions, 1, x.channels});
  }

  /// A trained number is added to each of the map; the same for all maps of a batch.
  constexpr tensor position_embedding(const tensor& x) {
    return self().emit(layer{.kind = layer_kind::position_embedding}, x, x.shape());
  }

 private:
  friend Net;
  constexpr token_words() = default;  // of a `Net` alone

  constexpr Net& self() { return static_cast<Net&>(*this); }

  constexpr void check_heads(int a, int b, int heads) {
    self().check(heads >= 1 && a % Net::positive(heads) == 0 && b % Net::positive(heads) == 0, network_fault::groups,
                 heads, a % Net::positive(heads) == 0 ? b : a);
  }

  constexpr tensor multiplied(layer_kind kind, const tensor& a, const tensor& b, int channels, int heads) {
    layer l{.kind = kind, .operand_count = 2, .groups = Net::positive(heads)};
    l.input = a.shape();
    l.output = {a.batch, a.height, a.width, channels};
    l.operands[1] = b.id;
    if (!self().countable(l.output)) l.output = {1, 1, 1, 1};
    if constexpr (!Net::only_counts) {
      const double work =
          static_cast<double>(l.output.elements()) * static_cast<double>(a.channels) / Net::positive(heads);
      if (!(work < 0x1p42)) self().check(false, network_fault::work, bits_of(work), network_limits::work_bits);
    }
    return self().emit(l, a, l.output);
  }

  constexpr tensor normalized(layer l, const activation_function& f, const tensor& x, int epsilon_digits) {
    l.set_function(f);
    self().check(epsilon_digits >= 1 && epsilon_digits <= 12, network_fault::epsilon, epsilon_digits,
                 epsilon_digits < 1 ? 1 : 12);
    l.epsilon_digits = static_cast<std::uint8_t>(epsilon_digits);
    return self().emit(l, x, x.shape());
  }
};

}  // namespace nascent::detail
