// SPDX-License-Identifier: Apache-2.0
/// \file
/// Transposed convolutions as plain loops, for those few that oneDNN refuses: oneDNN 2.6 some dilated ones in groups.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "nascent/executor/detail/onednn/row_moves.hpp"
#include "nascent/executor/weights.hpp"

namespace nascent::onednn::detail {

/// A number of a map as f32.
inline float widened(float x) { return x; }
inline float widened(std::uint16_t bf16) { return std::bit_cast<float>(std::uint32_t{bf16} << 16); }

/// The nearest number of the map's type, halves to even.
template <class Number>
Number narrowed(float x) {
  if constexpr (std::is_same_v<Number, float>) return x;
  else {
    const auto bits = std::bit_cast<std::uint32_t>(x);
    return static_cast<std::uint16_t>((bits + 0x7fffU + (bits >> 16 & 1U)) >> 16);
  }
}

/// Each row of the result looks for the rows that reach it.
template <class Number>
kernel_function transposed_loops(const layer& l, const layer_weights& w, int batch) {
  return [=, maps = batch * l.input.batch](const void* in, const void*, void* out, int part, int parts) {
    const int depth = l.input.channels / l.groups;
    const int filters = l.output.channels / l.groups;
    const auto source = [&](int o, int tap, int stride, int size) {  // -1 for none
      const int place = o - tap * l.dilation;
      return place < 0 || place % stride != 0 || place / stride >= size ? -1 : place / stride;
    };
    std::vector<float> sums(static_cast<std::size_t>(l.output.channels));
    for_rows(maps, l.output.height, part, parts, [&](std::size_t map, int oy) {
      const Number* image =
          static_cast<const Number*>(in) +
          map * static_cast<std::size_t>(l.input.height * l.input.width) * static_cast<std::size_t>(l.input.channels);
      Number* to = static_cast<Number*>(out) +
                   (map * static_cast<std::size_t>(l.output.height) + static_cast<std::size_t>(oy)) *
                       static_cast<std::size_t>(l.output.width) * static_cast<std::size_t>(l.output.channels);
      for (int ox = 0; ox < l.output.width; ++ox) {
        sums = w.bias;
        for (int ky = 0; ky < l.kernel_height; ++ky)
          for (int kx = 0; kx < l.kernel_width; ++kx) {
            const int y = source(oy + l.top, ky, l.stride_height, l.input.height);
            const int x = source(ox + l.left, kx, l.stride_width, l.input.width);
            if (y < 0 || x < 0) continue;
            const Number* pixel = image + (std::ptrdiff_t{y} * l.input.width + x) * l.input.channels;
            for (int o = 0; o < l.output.channels; ++o) {
              const Number* from = pixel + o / filters * depth;
              const float* kernel =
                  w.kernel.data() + ((std::ptrdiff_t{o} * l.kernel_height + ky) * l.kernel_width + kx) * depth;
              float sum = 0;
              for (int c = 0; c < depth; ++c) sum += widened(from[c]) * kernel[c];
              sums[static_cast<std::size_t>(o)] += sum;
            }
          }
        for (const float sum : sums) *to++ = narrowed<Number>(sum);
      }
    });
  };
}
inline kernel_function transposed_loops(const layer& l, const layer_weights& w, int batch, data_type type) {
  return size_of(type) == 4 ? transposed_loops<float>(l, w, batch) : transposed_loops<std::uint16_t>(l, w, batch);
}

}  // namespace nascent::onednn::detail
