// SPDX-License-Identifier: Apache-2.0
/// \file
/// Loops for what oneDNN has no primitive for. Sums are made in f32, sixteen at a time, which any compiler turns into
/// vector instructions.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "nascent/executor/detail/onednn/plain_transposed.hpp"
#include "nascent/executor/detail/onednn/row_moves.hpp"
#include "nascent/executor/detail/vector/memory.hpp"
#include "nascent/executor/kernel_library.hpp"
#include "nascent/network/layer.hpp"

namespace nascent::onednn::detail {

inline constexpr const char* plain_implementation = "nascent_plain:any";

/// An element of a map as f32, and back.
inline float wide(float x) { return x; }
inline float wide(nascent::detail::own::bfloat16 x) { return std::bit_cast<float>(std::uint32_t{x.bits} << 16); }

/// The sum of f(x[0]), f(x[1]) ... of `count` numbers.
template <class T, class F>
float sum_of(const T* x, std::size_t count, F&& f) {
  constexpr std::size_t lanes = 16;
  std::array<float, lanes> sums{};
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes)
    for (std::size_t j = 0; j < lanes; ++j) sums[j] += f(wide(x[i + j]));
  for (; i < count; ++i) sums[i % lanes] += f(wide(x[i]));
  float sum = 0;
  for (const float s : sums) sum += s;
  return sum;
}

/// Layer, RMS or group normalisation: rows of `width` numbers, `rows` of them together, a factor and a summand for each
/// channel.
struct plain_normalization {
  std::size_t pixels;  ///< of a map
  std::size_t depth;   ///< channels
  std::size_t groups;
  std::size_t maps;
  bool whole_maps;  ///< group normalisation: all pixels of a map together
  bool centred;     ///< the mean is taken away
  float epsilon;
  std::vector<float> kernel;
  std::vector<float> bias;

  template <class T>
  void run(const T* in, const T*, T* out, std::size_t part, std::size_t parts) const {
    const std::size_t rows = whole_maps ? pixels : 1;
    const std::size_t width = depth / groups;
    const std::size_t pieces = maps * pixels / rows * groups;
    for (std::size_t piece = pieces * part / parts; piece < pieces * (part + 1) / parts; ++piece) {
      const std::size_t channel = piece % groups * width;
      const std::size_t first = piece / groups * rows * depth + channel;
      normalize(in + first, out + first, rows, width, channel);
    }
  }

 private:
  template <class T>
  void normalize(const T* in, T* out, std::size_t rows, std::size_t width, std::size_t channel) const {
    const auto sum = [&](auto&& f) {
      double all = 0;
      for (std::size_t r = 0; r < rows; ++r) all += static_cast<double>(sum_of(in + r * depth, width, f));
      return all / static_cast<double>(rows * width);
    };
    const float mean = centred ? static_cast<float>(sum([](float x) { return x; })) : 0.0F;
    const auto variance = static_cast<float>(sum([mean](float x) { return (x - mean) * (x - mean); }));
    const float factor = 1 / std::sqrt(variance + epsilon);
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t c = 0; c < width; ++c) {
        const float x = (wide(in[r * depth + c]) - mean) * factor;
        out[r * depth + c] = nascent::detail::own::nearest<T>(x * kernel[channel + c] + bias[channel + c]);
      }
  }
};

/// Scores, or a product of maps: rows of `a` by heads, against all positions of `b`.
struct plain_product {
  bool scores;
  std::size_t maps;
  std::size_t rows;    ///< positions of a map of `a`
  std::size_t others;  ///< and of `b`
  std::size_t heads;
  std::size_t depth;  ///< channels of a head of `b`

  template <class T>
  void run(const T* a, const T* b, T* out, std::size_t part, std::size_t parts) const {
    const std::size_t count = maps * rows * heads;
    const std::size_t inner = scores ? depth : others;
    const std::size_t columns = scores ? others : depth;
    const float factor = scores ? 1 / std::sqrt(static_cast<float>(depth)) : 1.0F;
    std::vector<float> left(inner);
    std::vector<float> sums(columns);
    for (std::size_t n = count * part / parts; n < count * (part + 1) / parts; ++n) {
      const T* row = a + n * inner;
      for (std::size_t k = 0; k < inner; ++k) left[k] = wide(row[k]) * factor;
      const T* other = b + (n / heads / rows * others * heads + n % heads) * depth;
      if (scores) {
        for (std::size_t j = 0; j < others; ++j) sums[j] = product_of(left.data(), other + j * heads * depth);
      } else {
        std::ranges::fill(sums, 0.0F);
        for (std::size_t j = 0; j < others; ++j)
          for (std::size_t c = 0; c < depth; ++c) sums[c] += left[j] * wide(other[j * heads * depth + c]);
      }
      for (std::size_t c = 0; c < columns; ++c) out[n * columns + c] = nascent::detail::own::nearest<T>(sums[c]);
    }
  }

 private:
  template <class T>
  float product_of(const float* x, const T* y) const {
    std::size_t i = 0;
    return sum_of(y, depth, [&](float v) { return x[i++] * v; });
  }
};

/// A class token before the others, or an embedding added to each map.
struct plain_embedding {
  bool token;
  std::size_t maps;
  std::size_t map;  ///< elements of an input's map
  std::vector<float> kernel;

  template <class T>
  void run(const T* in, const T*, T* out, std::size_t part, std::size_t parts) const {
    using nascent::detail::own::nearest;
    for (std::size_t m = maps * part / parts; m < maps * (part + 1) / parts; ++m) {
      const T* from = in + m * map;
      if (token) {
        T* to =
            std::ranges::transform(kernel, out + m * (map + kernel.size()), [](float x) { return nearest<T>(x); }).out;
        std::copy(from, from + map, to);
      } else {
        for (std::size_t i = 0; i < map; ++i) out[m * map + i] = nearest<T>(wide(from[i]) + kernel[i]);
      }
    }
  }
};

/// Calls `loops.run(in, other, out, part, parts)` with pointers of the maps' type.
template <class Loops>
compiled_kernel plain_kernel_of(Loops loops, data_type type) {
  return compiled_kernel(
      [loops = std::move(loops), type](const void* in, const void* other, void* out, int part, int parts) {
        const auto run = [&]<class T>(const T* from) {
          loops.run(from, static_cast<const T*>(other), static_cast<T*>(out), static_cast<std::size_t>(part),
                    static_cast<std::size_t>(parts));
        };
        if (type == data_type::f32) run(static_cast<const float*>(in));
        else run(static_cast<const nascent::detail::own::bfloat16*>(in));
      });
}

/// A layer of a kind that oneDNN does not compute, its activation left out.
inline compiled_kernel plain_kernel(const layer& l, const layer_weights& w, int batch, data_type type) {
  if (l.kind == layer_kind::resize_nearest) return nearest_resize(l, batch, type);
  if (l.kind == layer_kind::pad) return zero_frame(l, batch, type);
  if (l.kind == layer_kind::channel_shuffle) return channel_shuffle(l, batch, type);
  if (l.kind == layer_kind::transposed_convolution) return transposed_loops(l, w, batch, type);
  const auto size = [](std::int64_t n) { return static_cast<std::size_t>(n); };
  const std::size_t maps = size(batch) * size(l.input.batch);
  if (l.is_product()) {
    const bool scores = l.kind == layer_kind::scores;
    return plain_kernel_of(plain_product{.scores = scores,
                                         .maps = maps,
                                         .rows = size(l.input.height) * size(l.input.width),
                                         .others = size((scores ? l.output : l.input).channels / l.groups),
                                         .heads = size(l.groups),
                                         .depth = size((scores ? l.input : l.output).channels / l.groups)},
                           type);
  }
  if (l.embeds())
    return plain_kernel_of(plain_embedding{.token = l.kind == layer_kind::class_token,
                                           .maps = maps,
                                           .map = size(l.input.elements() / l.input.batch),
                                           .kernel = w.kernel},
                           type);
  return plain_kernel_of(plain_normalization{.pixels = size(l.input.height) * size(l.input.width),
                                             .depth = size(l.input.channels),
                                             .groups = size(l.groups),
                                             .maps = maps,
                                             .whole_maps = l.kind == layer_kind::group_norm,
                                             .centred = l.kind != layer_kind::rms_norm,
                                             .epsilon = epsilon_of(l),
                                             .kernel = w.kernel,
                                             .bias = w.bias},
                         type);
}

}  // namespace nascent::onednn::detail
