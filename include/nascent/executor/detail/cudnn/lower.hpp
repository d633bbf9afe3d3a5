// SPDX-License-Identifier: Apache-2.0
/// \file
/// How each kernel of a network is said to cuDNN: as an operation graph, or, for the few layers that it has no engines
/// for, as copies or one call of its older interface.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "nascent/executor/detail/cudnn/activations.hpp"
#include "nascent/executor/detail/cudnn/copies.hpp"
#include "nascent/executor/detail/cudnn/graph.hpp"
#include "nascent/network/kernel.hpp"

namespace nascent::cudnn::detail {

/// cudnnSoftmaxForward over the middle dimension of maps x parts x channels.
struct softmax_call {
  int maps = 1;
  int parts = 1;
  int channels = 1;
};

/// All bytes of the output become 0.
struct fill_with_zeros {};

template <class Graph>
using basic_lowered_kernel = std::variant<Graph, std::vector<strided_copy>, softmax_call, fill_with_zeros>;
using lowered_kernel = basic_lowered_kernel<operation_graph>;

/// Says kernels of one type and batch to a builder of graphs: to cuDNN's, or to a test's that computes instead.
template <class Builder>
class basic_lowering {
 public:
  using graph_type = decltype(std::declval<Builder&>().finish());

  basic_lowering(data_type type, int batch, cudnnHandle_t handle = nullptr)
      : type_(type), batch_(batch), handle_(handle), copies_(type, batch) {}

  /// `channels` are those of the operands, which only concatenation needs. \throws library_error where cuDNN does not
  /// take the graph
  basic_lowered_kernel<graph_type> operator()(const kernel& k, std::span<const int> channels) const {
    const layer& l = k.core;
    // 0 whatever the layer computes, and no engine to make it so; nothing to run but a fill.
    if (l.act == activation::zero && !k.residual) return fill_with_zeros{};
    if (refuses(l)) refuse(l);
    switch (l.kind) {
      case layer_kind::convolution:
      case layer_kind::dense: return convolution(k);
      case layer_kind::max_pool:
      case layer_kind::average_pool:
      case layer_kind::global_average_pool: return pool(l);
      case layer_kind::add: return sum(l);
      case layer_kind::multiply: return product(l);
      case layer_kind::activate: return activate(l);
      case layer_kind::softmax: return softmax_call{maps(l.input), l.groups, l.input.channels / l.groups};
      case layer_kind::concatenate: return copies_.concatenate(l, channels);
      case layer_kind::slice: return copies_.slice(l);
      case layer_kind::space_to_depth:
      case layer_kind::space_to_batch:
      case layer_kind::depth_to_space:
      case layer_kind::batch_to_space: return copies_.move_blocks(l);
      case layer_kind::scale: return scale(l);
      case layer_kind::prelu: return prelu(l);
      case layer_kind::layer_norm:
      case layer_kind::group_norm:
      case layer_kind::rms_norm:
      case layer_kind::transposed_convolution:
      case layer_kind::resize_nearest:
      case layer_kind::resize_bilinear:
      case layer_kind::pad:
      case layer_kind::channel_shuffle:
      case layer_kind::transpose:
      case layer_kind::channel_softmax:
      case layer_kind::scores:
      case layer_kind::matmul:
      case layer_kind::class_token:
      case layer_kind::position_embedding: refuse(l);
      case layer_kind::reshape: return copies_.whole(l);
    }
    return fill_with_zeros{};
  }

  /// True for layers that are not said to cuDNN yet.
  static bool refuses(const layer& l) {
    switch (l.kind) {
      case layer_kind::layer_norm:
      case layer_kind::group_norm:
      case layer_kind::rms_norm:
      case layer_kind::transpose:
      case layer_kind::channel_softmax:
      case layer_kind::scores:
      case layer_kind::matmul:
      case layer_kind::class_token:
      case layer_kind::position_embedding:
      case layer_kind::transposed_convolution:
      case layer_kind::resize_nearest:
      case layer_kind::resize_bilinear:
      case layer_kind::pad:
      case layer_kind::channel_shuffle: return true;
      case layer_kind::slice: return l.output.height != l.input.height || l.output.width != l.input.width;
      case layer_kind::convolution:
      case layer_kind::dense:
      case layer_kind::max_pool:
      case layer_kind::average_pool:
      case layer_kind::global_average_pool:
      case layer_kind::add:
      case layer_kind::multiply:
      case layer_kind::activate:
      case layer_kind::softmax:
      case layer_kind::concatenate:
      case layer_kind::space_to_depth:
      case layer_kind::space_to_batch:
      case layer_kind::depth_to_space:
      case layer_kind::batch_to_space:
      case layer_kind::reshape:
      case layer_kind::scale:
      case layer_kind::prelu: return false;
    }
    return false;
  }

  /// True where a kernel is something that a graph cannot say together with its activation.
  static bool must_split(const kernel& k) {
    switch (k.core.kind) {
      case layer_kind::concatenate:
      case layer_kind::reshape:
      case layer_kind::slice:
      case layer_kind::softmax:
      case layer_kind::space_to_depth:
      case layer_kind::space_to_batch:
      case layer_kind::depth_to_space:
      case layer_kind::batch_to_space: return k.core.act != activation::identity;
      case layer_kind::convolution:
      case layer_kind::dense:
      case layer_kind::max_pool:
      case layer_kind::average_pool:
      case layer_kind::global_average_pool:
      case layer_kind::add:
      case layer_kind::multiply:
      case layer_kind::activate:
      case layer_kind::scale:
      case layer_kind::layer_norm:
      case layer_kind::group_norm:
      case layer_kind::rms_norm:
      case layer_kind::transpose:
      case layer_kind::channel_softmax:
      case layer_kind::scores:
      case layer_kind::matmul:
      case layer_kind::class_token:
      case layer_kind::position_embedding:
      case layer_kind::transposed_convolution:
      case layer_kind::resize_nearest:
      case layer_kind::resize_bilinear:
      case layer_kind::pad:
      case layer_kind::channel_shuffle:
      case layer_kind::prelu: return false;
    }
    return false;
  }

 private:
  int maps(const shape& s) const { return batch_ * s.batch; }
  tensor_view map(const shape& s) const { return nhwc(maps(s), s.height, s.width, s.channels); }
  /// Where only elements count. Maps of one channel are one long pixel: engines for element-wise graphs refuse a single
  /// channel.
  tensor_view elements(const shape& s) const {
    return s.channels > 1 ? map(s) : nhwc(1, 1, 1, std::int64_t{maps(s)} * s.height * s.width);
  }

  static graph_window window_of(const layer& l) {
    if (l.kind == layer_kind::global_average_pool)
      return {{l.input.height, l.input.width}, {1, 1}, {1, 1}, {0, 0}, {0, 0}};
    // cuDNN counts what is needed for the last window; the rest of the map is simply not read.
    const window_padding around = padding_of(l);
    return {.size = {l.kernel_height, l.kernel_width},
            .stride = {l.stride_height, l.stride_width},
            .dilation = {l.dilation, l.dilation},
            .before = {around.above, around.left},
            .after = {around.below, around.right}};
  }

  /// The order of the sums matters: cuDNN's tuned engines know convolution, + residual, + bias, activation, with a bias
  /// of the maps' own type. Bias before residual, or a bias in f32, and only engines that are compiled at run time are
  /// left.
  graph_type convolution(const kernel& k) const {
    const layer& l = k.core;
    Builder b(type_, handle_);
    const tensor_view out = map(l.output);
    const std::int64_t x = b.tensor(map(l.input), role::input);
    const std::int64_t w =
        b.tensor(nhwc(l.output.channels, l.kernel_height, l.kernel_width, l.input.channels / l.groups), role::weights);
    const std::int64_t bias = b.tensor(nhwc(1, 1, 1, l.output.channels), role::bias);
    std::int64_t at = b.tensor(out, role::inside);
    b.convolution(x, w, at, window_of(l));
    const bool early =
        k.residual && l.act == activation::identity;  // else the activation comes before the residual sum
    const activation_function last = k.residual ? activation_function(k.residual_act) : l.function();
    const auto step = [&](bool is_last) { return b.tensor(out, is_last ? role::output : role::inside); };
    const auto add = [&](std::int64_t other, bool is_last) {
      const std::int64_t to = step(is_last);
      b.pointwise(CUDNN_POINTWISE_ADD, at, other, to);
      at = to;
    };
    const auto activate = [&](const activation_function& f, bool is_last) {
      const std::int64_t to = step(is_last);
      apply(b, f, at, to, out);
      at = to;
    };
    if (early) add(b.tensor(out, role::second), false);
    add(bias, last.act == activation::identity && (early || !k.residual));
    if (k.residual && !early) {
      activate(l.function(), false);
      add(b.tensor(out, role::second), last.act == activation::identity);
    }
    if (last.act != activation::identity) activate(last, true);
    return b.finish();
  }

  /// y = act(f), where f is made by `make(builder, to)`.
  template <class Make>
  static graph_type activated(Builder& b, const layer& l, const tensor_view& out, Make&& make) {
    const std::int64_t y = b.tensor(out, role::output);
    const bool plain = l.act == activation::identity;
    const std::int64_t to = plain ? y : b.tensor(out, role::inside);
    make(to);
    if (!plain) apply(b, l.function(), to, y, out);
    return b.finish();
  }

  graph_type pool(const layer& l) const {
    Builder b(type_, handle_);
    const std::int64_t x = b.tensor(map(l.input), role::input);
    const bool all = l.kind == layer_kind::global_average_pool || l.count_padding;
    const auto how = l.kind == layer_kind::max_pool ? CUDNN_RESAMPLE_MAXPOOL
                     : all                          ? CUDNN_RESAMPLE_AVGPOOL_INCLUDE_PADDING
                                                    : CUDNN_RESAMPLE_AVGPOOL_EXCLUDE_PADDING;
    return activated(b, l, map(l.output), [&](std::int64_t y) { b.pool(how, x, y, window_of(l)); });
  }

  graph_type sum(const layer& l) const {
    if (l.over != broadcast::nothing) return combined(l, CUDNN_POINTWISE_ADD);
    Builder b(type_, handle_);
    const tensor_view view = elements(l.output);
    const std::int64_t x = b.tensor(view, role::input);
    const std::int64_t z = l.operands[0] == l.operands[1] ? x : b.tensor(view, role::second);
    return activated(b, l, view, [&](std::int64_t y) { b.pointwise(CUDNN_POINTWISE_ADD, x, z, y); });
  }

  graph_type product(const layer& l) const { return combined(l, CUDNN_POINTWISE_MUL); }

  /// As maps x pixels x channels: with height and width apart, engines take a gate for one image but not for many.
  graph_type combined(const layer& l, cudnnPointwiseMode_t how) const {
    Builder b(type_, handle_);
    const std::int64_t n = maps(l.input);
    const std::int64_t pixels = std::int64_t{l.input.height} * l.input.width;
    const std::int64_t c = l.input.channels;
    const tensor_view whole{{n, pixels, c}, {pixels * c, c, 1}};
    const std::int64_t x = b.tensor(whole, role::input);
    const shape s = second_operand(l);
    const std::int64_t places = std::int64_t{s.height} * s.width;
    const std::int64_t depth = s.channels;
    const bool same = l.operands[0] == l.operands[1] && l.over == broadcast::nothing;
    const std::int64_t gate = same ? x : b.tensor({{n, places, depth}, {places * depth, depth, 1}}, role::second);
    return activated(b, l, whole, [&](std::int64_t y) { b.pointwise(how, x, gate, y); });
  }

  /// y = act(x * kernel + bias), channel by channel.
  graph_type scale(const layer& l) const {
    Builder b(type_, handle_);
    const tensor_view view = elements(l.output);
    const tensor_view channels = nhwc(1, 1, 1, l.output.channels);
    const std::int64_t x = b.tensor(view, role::input);
    const std::int64_t product = b.tensor(view, role::inside);
    b.pointwise(CUDNN_POINTWISE_MUL, x, b.tensor(channels, role::weights), product);
    const std::int64_t bias = b.tensor(channels, role::bias);
    return activated(b, l, view, [&](std::int64_t y) { b.pointwise(CUDNN_POINTWISE_ADD, product, bias, y); });
  }

  /// y = max(x, 0) + slope * min(x, 0), channel by channel.
  graph_type prelu(const layer& l) const {
    Builder b(type_, handle_);
    const tensor_view view = elements(l.output);
    const std::int64_t x = b.tensor(view, role::input);
    const std::int64_t slopes = b.tensor(nhwc(1, 1, 1, l.output.channels), role::weights);
    const std::int64_t above = b.tensor(view, role::inside);
    const std::int64_t below = b.tensor(view, role::inside);
    const std::int64_t sloped = b.tensor(view, role::inside);
    b.pointwise(CUDNN_POINTWISE_RELU_FWD, x, 0, above);
    b.pointwise(CUDNN_POINTWISE_MIN, x, b.constant(0), below);
    b.pointwise(CUDNN_POINTWISE_MUL, below, slopes, sloped);
    b.pointwise(CUDNN_POINTWISE_ADD, sloped, above, b.tensor(view, role::output));
    return b.finish();
  }

  /// \throws library_error: a layer that it `refuses`
  [[noreturn]] static void refuse(const layer& l) {
    throw library_error("cudnn, a layer of kind '" + std::string(to_string(l.kind)) + "'",
                        "a kind that this library does not say to cuDNN", CUDNN_STATUS_NOT_SUPPORTED);
  }

  graph_type activate(const layer& l) const {
    Builder b(type_, handle_);
    const tensor_view view = elements(l.output);
    const std::int64_t x = b.tensor(view, role::input);
    apply(b, l.function(), x, b.tensor(view, role::output), view);
    return b.finish();
  }

  data_type type_;
  int batch_;
  cudnnHandle_t handle_;
  copy_maker copies_;
};

using lowering = basic_lowering<graph_builder>;

}  // namespace nascent::cudnn::detail
