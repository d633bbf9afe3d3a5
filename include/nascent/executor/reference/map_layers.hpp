// SPDX-License-Identifier: Apache-2.0
/// \file
/// What layers compute that make maps larger, cut or rearrange them, or combine two. All maps are NHWC, `maps` counts
/// them over the whole batch.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include "nascent/executor/weights.hpp"
#include "nascent/network/layer.hpp"

namespace nascent::reference {

/// Position of an element of an NHWC tensor.
struct position {
  int height;
  int width;
  int channels;
  std::size_t operator()(int map, int y, int x, int c) const {
    return static_cast<std::size_t>(((std::ptrdiff_t{map} * height + y) * width + x) * channels + c);
  }
};

inline position position_in(const shape& s) { return {s.height, s.width, s.channels}; }

/// Each output looks for the pixels whose kernels reach it.
inline void convolve_transposed(const layer& l, const layer_weights& w, int maps, std::span<const float> in,
                                std::span<float> out) {
  const int depth = l.input.channels / l.groups;
  const int filters = l.output.channels / l.groups;
  const position at = position_in(l.input);
  const position to = position_in(l.output);
  const position weight{l.kernel_height, l.kernel_width, depth};
  const auto source = [&](int o, int tap, int stride, int size) {  // -1 for none
    const int place = o - tap * l.dilation;
    return place < 0 || place % stride != 0 || place / stride >= size ? -1 : place / stride;
  };
  for (int map = 0; map < maps; ++map)
    for (int oy = 0; oy < l.output.height; ++oy)
      for (int ox = 0; ox < l.output.width; ++ox)
        for (int o = 0; o < l.output.channels; ++o) {
          const int first = o / filters * depth;
          double sum = static_cast<double>(w.bias[static_cast<std::size_t>(o)]);
          for (int ky = 0; ky < l.kernel_height; ++ky)
            for (int kx = 0; kx < l.kernel_width; ++kx) {
              const int y = source(oy + l.top, ky, l.stride_height, l.input.height);
              const int x = source(ox + l.left, kx, l.stride_width, l.input.width);
              if (y < 0 || x < 0) continue;
              for (int c = 0; c < depth; ++c)
                sum += static_cast<double>(in[at(map, y, x, first + c)]) *
                       static_cast<double>(w.kernel[weight(o, ky, kx, c)]);
            }
          out[to(map, oy, ox, o)] = static_cast<float>(sum);
        }
}

inline void resize_nearest(const layer& l, int maps, std::span<const float> in, std::span<float> out) {
  const position at = position_in(l.input);
  const position to = position_in(l.output);
  for (int map = 0; map < maps; ++map)
    for (int y = 0; y < l.output.height; ++y)
      for (int x = 0; x < l.output.width; ++x)
        for (int c = 0; c < l.output.channels; ++c)
          out[to(map, y, x, c)] = in[at(map, nearest_source(y, l.input.height, l.output.height),
                                        nearest_source(x, l.input.width, l.output.width), c)];
}

inline void resize_bilinear(const layer& l, int maps, std::span<const float> in, std::span<float> out) {
  const position at = position_in(l.input);
  const position to = position_in(l.output);
  struct between {
    int first;
    int second;
    double share;  // of the second
  };
  const auto source = [](int o, int input, int output) {
    const double exact = std::max(0.0, (o + 0.5) * input / output - 0.5);
    const int first = static_cast<int>(exact);
    return between{first, std::min(first + 1, input - 1), exact - first};
  };
  for (int map = 0; map < maps; ++map)
    for (int oy = 0; oy < l.output.height; ++oy)
      for (int ox = 0; ox < l.output.width; ++ox) {
        const between y = source(oy, l.input.height, l.output.height);
        const between x = source(ox, l.input.width, l.output.width);
        for (int c = 0; c < l.output.channels; ++c) {
          const auto row = [&](int from) {
            return (1 - x.share) * static_cast<double>(in[at(map, from, x.first, c)]) +
                   x.share * static_cast<double>(in[at(map, from, x.second, c)]);
          };
          out[to(map, oy, ox, c)] = static_cast<float>((1 - y.share) * row(y.first) + y.share * row(y.second));
        }
      }
}

inline void pad(const layer& l, int maps, std::span<const float> in, std::span<float> out) {
  const position at = position_in(l.input);
  const position to = position_in(l.output);
  std::ranges::fill(out, 0.0F);
  for (int map = 0; map < maps; ++map)
    for (int y = 0; y < l.input.height; ++y)
      for (int x = 0; x < l.input.width; ++x)
        for (int c = 0; c < l.input.channels; ++c) out[to(map, y + l.top, x + l.left, c)] = in[at(map, y, x, c)];
}

/// Channel j of group i becomes channel j * groups + i.
inline void shuffle_channels(const layer& l, std::span<const float> in, std::span<float> out) {
  const auto channels = static_cast<std::size_t>(l.input.channels);
  const auto groups = static_cast<std::size_t>(l.groups);
  const std::size_t each = channels / groups;
  const std::size_t pixels = in.size() / channels;
  for (std::size_t p = 0; p < pixels; ++p)
    for (std::size_t i = 0; i < groups; ++i)
      for (std::size_t j = 0; j < each; ++j) out[p * channels + j * groups + i] = in[p * channels + i * each + j];
}

/// f of a map and of a second one, which is repeated.
template <class F>
void combine(const layer& l, int maps, std::span<const float> in, std::span<const float> other, std::span<float> out,
             F&& f) {
  const shape s = second_operand(l);
  const position at = position_in(l.output);
  const position from = position_in(s);
  for (int map = 0; map < maps; ++map)
    for (int y = 0; y < l.output.height; ++y)
      for (int x = 0; x < l.output.width; ++x)
        for (int c = 0; c < l.output.channels; ++c) {
          const std::size_t i = at(map, y, x, c);
          out[i] = f(in[i], other[from(map, s.height == 1 ? 0 : y, s.width == 1 ? 0 : x, s.channels == 1 ? 0 : c)]);
        }
}

}  // namespace nascent::reference
