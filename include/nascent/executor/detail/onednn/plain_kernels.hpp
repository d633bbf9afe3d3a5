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
  void run(const T* in, T* out, std::size_t part, std::size_t parts) const {
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

/// Calls `loops.run(in, out, part, parts)` with pointers of the maps' type.
template <class Loops>
compiled_kernel plain_kernel_of(Loops loops, data_type type) {
  return compiled_kernel([loops = std::move(loops), type](const void* in, const void*, void* out, int part, int parts) {
    const auto run = [&]<class T>(const T* from) {
      loops.run(from, static_cast<T*>(out), static_cast<std::size_t>(part), static_cast<std::size_t>(parts));
    };
    if (type == data_type::f32) run(static_cast<const float*>(in));
    else run(static_cast<const nascent::detail::own::bfloat16*>(in));
  });
}

/// A layer of a kind that oneDNN does not compute, its activation left out.
inline compiled_kernel plain_kernel(const layer& l, const layer_weights& w, int batch, data_type type) {
  const auto size = [](int n) { return static_cast<std::size_t>(n); };
  return plain_kernel_of(plain_normalization{.pixels = size(l.input.height) * size(l.input.width),
                                             .depth = size(l.input.channels),
                                             .groups = size(l.groups),
                                             .maps = size(batch) * size(l.input.batch),
                                             .whole_maps = l.kind == layer_kind::group_norm,
                                             .centred = l.kind != layer_kind::rms_norm,
                                             .epsilon = epsilon_of(l),
                                             .kernel = w.kernel,
                                             .bias = w.bias},
                         type);
}

}  // namespace nascent::onednn::detail
