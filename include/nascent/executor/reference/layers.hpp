// SPDX-License-Identifier: Apache-2.0
/// \file
/// What each kind of layer computes, in its plainest form. All maps are NHWC, `maps` counts them over the whole batch.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include <Eigen/Core>

#include "nascent/executor/reference/map_layers.hpp"
#include "nascent/executor/weights.hpp"
#include "nascent/network/activation_value.hpp"
#include "nascent/network/layer.hpp"

namespace nascent::reference {

inline double apply(const activation_function& f, double x) { return activation_value(f, x); }

/// Calls visit(ky, kx, y, x) for each tap of a window at output (oy, ox) that lies inside the map.
template <class Visit>
void for_each_tap(const layer& l, int oy, int ox, Visit&& visit) {
  const int top =
      oy * l.stride_height - padding_before(l.input.height, l.kernel_height, l.stride_height, l.dilation, l.pad);
  const int left =
      ox * l.stride_width - padding_before(l.input.width, l.kernel_width, l.stride_width, l.dilation, l.pad);
  for (int ky = 0; ky < l.kernel_height; ++ky)
    for (int kx = 0; kx < l.kernel_width; ++kx) {
      const int y = top + ky * l.dilation;
      const int x = left + kx * l.dilation;
      if (y >= 0 && y < l.input.height && x >= 0 && x < l.input.width) visit(ky, kx, y, x);
    }
}

/// One group: the windows of a map become the rows of a matrix, and one product does the rest. `T` is what the results
/// are rounded to.
template <class T>
void convolve_dense(const layer& l, const layer_weights& w, int maps, std::span<const float> in, std::span<T> out) {
  using matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using stored = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const int depth = l.input.channels;
  const Eigen::Index taps = Eigen::Index{l.kernel_height} * l.kernel_width * depth;
  const matrix kernel = Eigen::Map<const stored>(w.kernel.data(), l.output.channels, taps).cast<double>();
  const Eigen::RowVectorXd bias = Eigen::Map<const Eigen::RowVectorXf>(w.bias.data(), l.output.channels).cast<double>();
  const position at = position_in(l.input);
  const Eigen::Index pixels = Eigen::Index{l.output.height} * l.output.width;
  for (int map = 0; map < maps; ++map) {
    matrix windows = matrix::Zero(pixels, taps);
    for (int oy = 0; oy < l.output.height; ++oy)
      for (int ox = 0; ox < l.output.width; ++ox)
        for_each_tap(l, oy, ox, [&](int ky, int kx, int y, int x) {
          const Eigen::Index column = (Eigen::Index{ky} * l.kernel_width + kx) * depth;
          for (int c = 0; c < depth; ++c)
            windows(Eigen::Index{oy} * l.output.width + ox, column + c) = static_cast<double>(in[at(map, y, x, c)]);
        });
    const matrix result = (windows * kernel.transpose()).rowwise() + bias;
    Eigen::Map<Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(
        out.data() + map * pixels * l.output.channels, pixels, l.output.channels) = result.template cast<T>();
  }
}

/// Any number of groups, depthwise among them.
template <class T>
void convolve_grouped(const layer& l, const layer_weights& w, int maps, std::span<const float> in, std::span<T> out) {
  const int depth = l.input.channels / l.groups;
  const int filters = l.output.channels / l.groups;
  const position at = position_in(l.input);
  const position to = position_in(l.output);
  const position weight{l.kernel_height, l.kernel_width, depth};
  for (int map = 0; map < maps; ++map)
    for (int oy = 0; oy < l.output.height; ++oy)
      for (int ox = 0; ox < l.output.width; ++ox)
        for (int o = 0; o < l.output.channels; ++o) {
          const int first = o / filters * depth;
          double sum = static_cast<double>(w.bias[static_cast<std::size_t>(o)]);
          for_each_tap(l, oy, ox, [&](int ky, int kx, int y, int x) {
            for (int c = 0; c < depth; ++c)
              sum += static_cast<double>(in[at(map, y, x, first + c)]) *
                     static_cast<double>(w.kernel[weight(o, ky, kx, c)]);
          });
          out[to(map, oy, ox, o)] = static_cast<T>(sum);
        }
}

template <class T>
void convolve(const layer& l, const layer_weights& w, int maps, std::span<const float> in, std::span<T> out) {
  if (l.groups == 1) convolve_dense(l, w, maps, in, out);
  else convolve_grouped(l, w, maps, in, out);
}

/// Padding never wins, and counts where the layer says so.
inline void pool(const layer& l, int maps, std::span<const float> in, std::span<float> out) {
  const position at = position_in(l.input);
  const position to = position_in(l.output);
  for (int map = 0; map < maps; ++map)
    for (int oy = 0; oy < l.output.height; ++oy)
      for (int ox = 0; ox < l.output.width; ++ox)
        for (int c = 0; c < l.output.channels; ++c) {
          double largest = -std::numeric_limits<double>::infinity();
          double sum = 0;
          int count = 0;
          for_each_tap(l, oy, ox, [&](int, int, int y, int x) {
            const auto value = static_cast<double>(in[at(map, y, x, c)]);
            largest = std::max(largest, value);
            sum += value;
            ++count;
          });
          if (l.count_padding) count = l.kernel_height * l.kernel_width;
          out[to(map, oy, ox, c)] = static_cast<float>(l.kind == layer_kind::max_pool ? largest : sum / count);
        }
}

inline void global_pool(const layer& l, int maps, std::span<const float> in, std::span<float> out) {
  const position at = position_in(l.input);
  const position to = position_in(l.output);
  for (int map = 0; map < maps; ++map)
    for (int c = 0; c < l.output.channels; ++c) {
      double sum = 0;
      for (int y = 0; y < l.input.height; ++y)
        for (int x = 0; x < l.input.width; ++x) sum += static_cast<double>(in[at(map, y, x, c)]);
      out[to(map, 0, 0, c)] = static_cast<float>(sum / (double{1} * l.input.height * l.input.width));
    }
}

/// The layers that only move pixels. n is the stride, C the channels of the input.
///
/// space_to_depth: pixel (dy, dx) of a block becomes channels (dy * n + dx) * C + c of the block's one pixel.
/// depth_to_space is the inverse.
/// space_to_batch: pixel (dy, dx) of every block becomes map number b * n * n + dy * n + dx, where b is the input's
/// map. So the maps of one image stay next to each other, image after image. batch_to_space is the inverse.
inline void move_blocks(const layer& l, int maps, std::span<const float> in, std::span<float> out) {
  const int n = l.stride_height;
  const position at = position_in(l.input);
  const position to = position_in(l.output);
  for (int map = 0; map < maps; ++map)
    for (int y = 0; y < l.input.height; ++y)
      for (int x = 0; x < l.input.width; ++x)
        for (int c = 0; c < l.input.channels; ++c) {
          const float value = in[at(map, y, x, c)];
          const int cell = y % n * n + x % n;
          if (l.kind == layer_kind::space_to_depth) out[to(map, y / n, x / n, cell * l.input.channels + c)] = value;
          else if (l.kind == layer_kind::depth_to_space) {
            const int depth = l.output.channels;
            out[to(map, y * n + c / depth / n, x * n + c / depth % n, c % depth)] = value;
          } else if (l.kind == layer_kind::space_to_batch) out[to(map * n * n + cell, y / n, x / n, c)] = value;
          else out[to(map / (n * n), y * n + map % (n * n) / n, x * n + map % n, c)] = value;
        }
}

inline void slice(const layer& l, int maps, std::span<const float> in, std::span<float> out) {
  const position at = position_in(l.input);
  const position to = position_in(l.output);
  for (int map = 0; map < maps; ++map)
    for (int y = 0; y < l.output.height; ++y)
      for (int x = 0; x < l.output.width; ++x)
        for (int c = 0; c < l.output.channels; ++c)
          out[to(map, y, x, c)] = in[at(map, y + l.top, x + l.left, l.first_channel() + c)];
}

/// Over the parts of a 1x1 map's channels.
inline void softmax(const layer& l, int maps, std::span<const float> in, std::span<float> out) {
  const position at = position_in(l.input);
  const int part = l.input.channels / l.groups;
  for (int map = 0; map < maps; ++map)
    for (int c = 0; c < part; ++c) {
      double largest = -std::numeric_limits<double>::infinity();
      for (int p = 0; p < l.groups; ++p)
        largest = std::max(largest, static_cast<double>(in[at(map, 0, 0, p * part + c)]));
      double sum = 0;
      for (int p = 0; p < l.groups; ++p)
        sum += std::exp(static_cast<double>(in[at(map, 0, 0, p * part + c)]) - largest);
      for (int p = 0; p < l.groups; ++p) {
        const std::size_t i = at(map, 0, 0, p * part + c);
        out[i] = static_cast<float>(std::exp(static_cast<double>(in[i]) - largest) / sum);
      }
    }
}

/// A factor and a summand for each channel.
inline void scale(const layer_weights& w, std::span<float> values) {
  const std::size_t depth = w.kernel.size();
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(static_cast<double>(values[i]) * static_cast<double>(w.kernel[i % depth]) +
                                   static_cast<double>(w.bias[i % depth]));
}

/// Numbers that are normalised together: `rows` pieces of `width`, `stride` apart.
inline void normalize(const layer& l, std::span<float> values, std::size_t rows, std::size_t width,
                      std::size_t stride) {
  const auto count = static_cast<double>(rows * width);
  const auto each = [&](auto&& visit) {
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t c = 0; c < width; ++c) visit(values[r * stride + c]);
  };
  double mean = 0;
  double variance = 0;
  if (l.kind != layer_kind::rms_norm) each([&](float x) { mean += static_cast<double>(x) / count; });
  each([&](float x) { variance += (static_cast<double>(x) - mean) * (static_cast<double>(x) - mean) / count; });
  const double root = std::sqrt(variance + std::pow(10.0, -l.epsilon_digits));
  each([&](float& x) { x = static_cast<float>((static_cast<double>(x) - mean) / root); });
}

/// Layer, RMS and group normalisation.
inline void normalize(const layer& l, const layer_weights& w, int maps, std::span<const float> in,
                      std::span<float> out) {
  std::ranges::copy(in, out.begin());
  const auto depth = static_cast<std::size_t>(l.output.channels);
  const std::size_t pixels = static_cast<std::size_t>(l.output.height) * static_cast<std::size_t>(l.output.width);
  const std::size_t width = depth / static_cast<std::size_t>(l.groups);
  const std::size_t rows = l.kind == layer_kind::group_norm ? pixels : 1;  // that are normalised together
  for (std::size_t p = 0; p < static_cast<std::size_t>(maps) * pixels; p += rows)
    for (std::size_t c = 0; c < depth; c += width) normalize(l, out.subspan(p * depth + c), rows, width, depth);
  scale(w, out);
}

/// Over the channels of each part, at each position.
inline void channel_softmax(const layer& l, std::span<const float> in, std::span<float> out) {
  const std::size_t width = static_cast<std::size_t>(l.input.channels / l.groups);
  for (std::size_t first = 0; first < in.size(); first += width) {
    const auto part = in.subspan(first, width);
    const auto largest = static_cast<double>(*std::ranges::max_element(part));
    double sum = 0;
    for (const float x : part) sum += std::exp(static_cast<double>(x) - largest);
    for (std::size_t c = 0; c < width; ++c)
      out[first + c] = static_cast<float>(std::exp(static_cast<double>(part[c]) - largest) / sum);
  }
}

/// Scores and products: head h of position i of `a` with head h of every position j of `b`. Channels of a head lie side
/// by side; among the scores those are the positions j.
inline void multiply_maps(const layer& l, int maps, std::span<const float> a, std::span<const float> b,
                          std::span<float> out) {
  const bool scores = l.kind == layer_kind::scores;
  const auto size = [](std::int64_t n) { return static_cast<std::size_t>(n); };
  const std::size_t heads = size(l.groups);
  const std::size_t rows = size(l.output.height) * size(l.output.width);
  const std::size_t others = size((scores ? l.output : l.input).channels) / heads;  // positions of b
  const std::size_t depth = size((scores ? l.input : l.output).channels) / heads;   // channels of a head of b
  const double factor = scores ? 1 / std::sqrt(static_cast<double>(depth)) : 1;
  const std::size_t inner = scores ? depth : others;
  const std::size_t columns = scores ? others : depth;
  for (std::size_t m = 0; m < size(maps); ++m)
    for (std::size_t i = m * rows; i < (m + 1) * rows; ++i)
      for (std::size_t h = 0; h < heads; ++h)
        for (std::size_t c = 0; c < columns; ++c) {
          double sum = 0;
          for (std::size_t k = 0; k < inner; ++k) {
            const std::size_t j = m * others + (scores ? c : k);
            sum += static_cast<double>(a[(i * heads + h) * inner + k]) *
                   static_cast<double>(b[(j * heads + h) * depth + (scores ? k : c)]);
          }
          out[(i * heads + h) * columns + c] = static_cast<float>(sum * factor);
        }
}

inline void transpose(const layer& l, int maps, std::span<const float> in, std::span<float> out) {
  const auto channels = static_cast<std::size_t>(l.input.channels);
  const auto pixels = static_cast<std::size_t>(l.output.channels);
  for (std::size_t m = 0; m < static_cast<std::size_t>(maps); ++m)
    for (std::size_t p = 0; p < pixels; ++p)
      for (std::size_t c = 0; c < channels; ++c)
        out[(m * channels + c) * pixels + p] = in[(m * pixels + p) * channels + c];
}

/// A class token, or an embedding of positions; the same for every map.
inline void embed(const layer& l, const layer_weights& w, int maps, std::span<const float> in, std::span<float> out) {
  const std::size_t in_map = in.size() / static_cast<std::size_t>(maps);
  const std::size_t out_map = out.size() / static_cast<std::size_t>(maps);
  for (std::size_t m = 0; m < static_cast<std::size_t>(maps); ++m) {
    const auto from = in.subspan(m * in_map, in_map);
    const auto to = out.subspan(m * out_map, out_map);
    if (l.kind == layer_kind::class_token) {
      std::ranges::copy(from, std::ranges::copy(w.kernel, to.begin()).out);
    } else {
      for (std::size_t i = 0; i < in_map; ++i) to[i] = from[i] + w.kernel[i];
    }
  }
}

/// Below 0 times the slope of the channel.
inline void sloped(const layer_weights& w, std::span<const float> in, std::span<float> out) {
  const std::size_t channels = w.kernel.size();
  for (std::size_t i = 0; i < in.size(); ++i) out[i] = in[i] < 0 ? in[i] * w.kernel[i % channels] : in[i];
}

/// Runs one layer on `batch` images, its activation included. `channels` are those of the operands.
inline void compute(const layer& l, const layer_weights& w, int batch, std::span<const std::span<const float>> inputs,
                    std::span<const int> channels, std::span<float> out) {
  const int maps = batch * l.input.batch;
  const std::span<const float> in = inputs.front();
  switch (l.kind) {
    case layer_kind::convolution:
    case layer_kind::dense: convolve(l, w, maps, in, out); break;
    case layer_kind::max_pool:
    case layer_kind::average_pool: pool(l, maps, in, out); break;
    case layer_kind::global_average_pool: global_pool(l, maps, in, out); break;
    case layer_kind::add: combine(l, maps, in, inputs[1], out, [](float a, float b) { return a + b; }); break;
    case layer_kind::multiply: combine(l, maps, in, inputs[1], out, [](float a, float b) { return a * b; }); break;
    case layer_kind::transposed_convolution: convolve_transposed(l, w, maps, in, out); break;
    case layer_kind::resize_nearest: resize_nearest(l, maps, in, out); break;
    case layer_kind::resize_bilinear: resize_bilinear(l, maps, in, out); break;
    case layer_kind::pad: pad(l, maps, in, out); break;
    case layer_kind::channel_shuffle: shuffle_channels(l, in, out); break;
    case layer_kind::concatenate: {
      const std::size_t pixels = out.size() / static_cast<std::size_t>(l.output.channels);
      auto to = out.begin();
      for (std::size_t p = 0; p < pixels; ++p)
        for (std::size_t o = 0; o < inputs.size(); ++o) {
          const auto depth = static_cast<std::size_t>(channels[o]);
          to = std::ranges::copy(inputs[o].subspan(p * depth, depth), to).out;
        }
      break;
    }
    case layer_kind::slice: slice(l, maps, in, out); break;
    case layer_kind::softmax: softmax(l, maps, in, out); break;
    case layer_kind::activate: std::ranges::copy(in, out.begin()); break;
    case layer_kind::prelu: sloped(w, in, out); break;
    case layer_kind::space_to_depth:
    case layer_kind::space_to_batch:
    case layer_kind::depth_to_space:
    case layer_kind::batch_to_space: move_blocks(l, maps, in, out); break;
    case layer_kind::scale:
      std::ranges::copy(in, out.begin());
      scale(w, out);
      break;
    case layer_kind::layer_norm:
    case layer_kind::group_norm:
    case layer_kind::rms_norm: normalize(l, w, maps, in, out); break;
    case layer_kind::reshape: std::ranges::copy(in, out.begin()); break;
    case layer_kind::transpose: transpose(l, maps, in, out); break;
    case layer_kind::channel_softmax: channel_softmax(l, in, out); break;
    case layer_kind::scores:
    case layer_kind::matmul: multiply_maps(l, maps, in, inputs[1], out); break;
    case layer_kind::class_token:
    case layer_kind::position_embedding: embed(l, w, maps, in, out); break;
  }
  if (l.act != activation::identity)
    for (float& value : out) value = static_cast<float>(apply(l.function(), static_cast<double>(value)));
}

}  // namespace nascent::reference
