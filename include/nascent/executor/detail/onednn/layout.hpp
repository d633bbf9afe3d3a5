// SPDX-License-Identifier: Apache-2.0
/// \file
/// How layers look to oneDNN: memory layouts, windows, functions. Maps are NHWC everywhere; the weights' order is
/// oneDNN's own choice.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "nascent/executor/onednn/version.hpp"
#include "nascent/network/layer.hpp"
#include "nascent/network/quantization.hpp"

namespace nascent::onednn::detail {

using element = dnnl::memory::data_type;
using tag = dnnl::memory::format_tag;

constexpr element to_dnnl(data_type type) {
  switch (type) {
    case data_type::f32: return element::f32;
    case data_type::bf16: return element::bf16;
    case data_type::f16: return element::f16;
    case data_type::int8: return element::s8;
  }
  return element::undef;
}

constexpr element to_dnnl(map_type type) { return type == map_type::u8 ? element::u8 : element::s8; }

constexpr const char* to_text(element type) {
  switch (type) {
    case element::u8: return "u8";
    case element::s8: return "s8";
    case element::bf16: return "bf16";
    default: return "f32";
  }
}

/// Not for identity, which no primitive is made for. `second_half` says what follows.
constexpr api::eltwise to_dnnl(const activation_function& f) {
  const auto single = [](double number) { return static_cast<float>(number); };
  switch (f.act) {
    case activation::identity: return {dnnl::algorithm::eltwise_linear, 1, 0};
    case activation::relu: return {dnnl::algorithm::eltwise_relu, 0, 0};
    case activation::relu6: return {dnnl::algorithm::eltwise_clip, 0, 6};
    case activation::swish: return {dnnl::algorithm::eltwise_swish, 1, 0};
    case activation::hswish: return {dnnl::algorithm::eltwise_hardswish, 1.0F / 6, 0.5F};
    case activation::sigmoid: return {dnnl::algorithm::eltwise_logistic, 0, 0};
    case activation::zero: return {dnnl::algorithm::eltwise_linear, 0, 0};
    case activation::hsigmoid: return api::hard_sigmoid;
    case activation::leaky_relu: return {dnnl::algorithm::eltwise_relu, single(f.slope()), 0};
    case activation::elu: return {dnnl::algorithm::eltwise_elu, single(f.factor()), 0};
    case activation::mish: return {dnnl::algorithm::eltwise_mish, 0, 0};
    case activation::tanh: return {dnnl::algorithm::eltwise_tanh, 0, 0};
    case activation::softplus: return {dnnl::algorithm::eltwise_soft_relu, 1, 0};
    case activation::gelu: return {dnnl::algorithm::eltwise_gelu_erf, 0, 0};
    case activation::gelu_tanh: return {dnnl::algorithm::eltwise_gelu_tanh, 0, 0};
    case activation::clamp: return {dnnl::algorithm::eltwise_clip, single(f.low()), single(f.high())};
  }
  return {dnnl::algorithm::undef, 0, 0};
}

/// What follows `to_dnnl(f)`: oneDNN 2.6 has no hard sigmoid.
constexpr std::optional<api::eltwise> second_half(const activation_function& f) {
  if (f.act != activation::hsigmoid || api::has_hard_sigmoid) return std::nullopt;
  return api::eltwise{dnnl::algorithm::eltwise_clip, 0, 1};
}

/// A map of `batch` images. oneDNN names dimensions in the order NCHW, whatever the layout.
inline api::desc nhwc(const shape& s, int batch, element type) {
  return {{std::int64_t{batch} * s.batch, s.channels, s.height, s.width}, type, tag::nhwc};
}

/// A map of 1x1 pixels as a matrix: images x channels.
inline api::desc matrix(const shape& s, int batch, element type) {
  return {{std::int64_t{batch} * s.batch, s.channels}, type, tag::nc};
}

/// Biases are f32 whatever the maps are.
inline api::desc vector_of(int count) { return {{count}, element::f32, tag::a}; }

/// Plain: the order of layer_weights. Any: the primitive chooses.
enum class order : std::uint8_t { plain, any };

/// The kernel of a convolution: [groups], output channels, input channels, height, width.
inline api::desc kernel_layout(const layer& l, element type, order o) {
  const std::int64_t depth = l.input.channels / l.groups;
  const std::int64_t filters = l.output.channels / l.groups;
  if (l.groups == 1)
    return {{filters, depth, l.kernel_height, l.kernel_width}, type, o == order::any ? tag::any : tag::ohwi};
  const api::dims size{l.groups, filters, depth, l.kernel_height, l.kernel_width};
  if (o == order::any) return {size, type, tag::any};
  const std::int64_t row = depth * l.kernel_width;
  const std::int64_t filter = row * l.kernel_height;
  return {size, type, api::dims{filter * filters, filter, 1, row, depth}};
}

/// A layer that scales channels, as the depthwise convolution that it is.
inline layer as_depthwise(const layer& l) {
  layer c = l;
  c.kind = layer_kind::convolution;
  c.groups = l.input.channels;
  return c;
}

/// A map as positions x channels.
inline api::desc rows_of(const shape& s, int batch, element type) {
  return {{s.positions() * batch, s.channels}, type, tag::ab};
}

/// The kernel of a dense layer: units x input channels.
inline api::desc kernel_matrix(const layer& l, element type, order o) {
  return {{l.output.channels, l.input.channels}, type, o == order::any ? tag::any : tag::ab};
}

inline api::window window_of(const layer& l) {
  const window_padding around = padding_of(l);
  return {.stride = {l.stride_height, l.stride_width},
          .dilation = {l.dilation, l.dilation},
          .before = {around.above, around.left},
          .after = {around.below, around.right}};
}

/// Of a transposed convolution: what is left out before and after the result. Below 0 where output padding adds rows.
inline api::window transposed_window_of(const layer& l) {
  const auto after = [&](int in, int out, int stride, int kernel, int before) {
    return std::int64_t{in - 1} * stride + std::int64_t{l.dilation} * (kernel - 1) + 1 - before - out;
  };
  return {.stride = {l.stride_height, l.stride_width},
          .dilation = {l.dilation, l.dilation},
          .before = {l.top, l.left},
          .after = {after(l.input.height, l.output.height, l.stride_height, l.kernel_height, l.top),
                    after(l.input.width, l.output.width, l.stride_width, l.kernel_width, l.left)}};
}

/// Part of a map, as a view of the whole and as a map of its own.
inline std::pair<api::desc, api::desc> slice_views(const layer& l, int batch, element type) {
  const api::desc whole = nhwc(l.input, batch, type);
  const api::desc part = nhwc(l.output, batch, type);
  const std::int64_t maps = std::int64_t{batch} * l.input.batch;
  return {whole.submemory_desc({maps, l.output.channels, l.output.height, l.output.width},
                               {0, l.first_channel(), l.top, l.left}),
          part};
}

/// The channels of 1x1 maps as maps x parts x channels of one part.
inline api::desc parts_of(const layer& l, int batch, element type) {
  return {{std::int64_t{batch} * l.input.batch, l.groups, l.input.channels / l.groups}, type, tag::abc};
}

/// All numbers of a map in their order.
inline api::desc flat(const shape& s, int batch, element type) { return {{s.elements() * batch}, type, tag::a}; }

/// Input and output of a transposition, as two views with the same dimensions: maps, positions, channels.
inline std::pair<api::desc, api::desc> transposed_views(const layer& l, int batch, element type) {
  const std::int64_t channels = l.input.channels;
  const std::int64_t positions = l.output.channels;
  const api::dims size{std::int64_t{batch} * l.input.batch, positions, channels};
  return {{size, type, api::dims{positions * channels, channels, 1}},
          {size, type, api::dims{positions * channels, 1, positions}}};
}

/// Operands and result of a product of maps, as maps x heads x rows x columns.
struct product_views {
  api::desc a;
  api::desc b;
  api::desc result;
};
inline product_views views_of_product(const layer& l, int batch, element type) {
  const bool scores = l.kind == layer_kind::scores;
  const std::int64_t maps = std::int64_t{batch} * l.input.batch;
  const std::int64_t heads = l.groups;
  const std::int64_t rows = std::int64_t{l.output.height} * l.output.width;
  const std::int64_t others = (scores ? l.output : l.input).channels / heads;  // positions of b
  const std::int64_t depth = (scores ? l.input : l.output).channels / heads;   // channels of a head of b
  // Channels of a head lie side by side, heads behind one another, then positions.
  const auto view = [&](std::int64_t positions, std::int64_t width, bool turned) {
    const std::int64_t pixel = heads * width;
    return turned ? api::desc({maps, heads, width, positions}, type, api::dims{positions * pixel, width, 1, pixel})
                  : api::desc({maps, heads, positions, width}, type, api::dims{positions * pixel, width, pixel, 1});
  };
  return {view(rows, scores ? depth : others, false), view(others, depth, scores),
          view(rows, scores ? others : depth, false)};
}

/// Input and output of a layer that only moves pixels, as two views with the same dimensions: maps, rows of blocks,
/// rows in a block, columns of blocks, columns in a block, channels.
inline std::pair<api::desc, api::desc> move_views(const layer& l, int batch, element type) {
  const std::int64_t n = l.stride_height;
  const bool back = l.kind == layer_kind::batch_to_space || l.kind == layer_kind::depth_to_space;
  const shape& whole = back ? l.output : l.input;  // the side where blocks lie in the map
  const std::int64_t depth = whole.channels;
  const std::int64_t rows = whole.height / n;
  const std::int64_t columns = whole.width / n;
  const std::int64_t line = whole.width * depth;
  const std::int64_t map = whole.height * line;
  const api::dims size{std::int64_t{batch} * whole.batch, rows, n, columns, n, depth};
  const api::desc blocks(size, type, api::dims{map, n * line, line, n * depth, depth, 1});
  if (l.kind == layer_kind::space_to_depth || l.kind == layer_kind::depth_to_space) {
    const api::desc deep(size, type, api::dims{map, n * line, n * depth, n * n * depth, depth, 1});
    return back ? std::pair{deep, blocks} : std::pair{blocks, deep};
  }
  const std::int64_t cell = rows * columns * depth;
  const api::desc maps(size, type, api::dims{map, columns * depth, n * cell, depth, cell, 1});
  return back ? std::pair{maps, blocks} : std::pair{blocks, maps};
}

}  // namespace nascent::onednn::detail
