// SPDX-License-Identifier: Apache-2.0
/// \file
/// Convolutions with a 3x3 window in a quarter of the multiplications (Winograd's F(4x4, 3x3); Lavin and Gray, 2016), in f32.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "nascent/executor/avx512/block.hpp"
#include "nascent/executor/avx512/finish.hpp"
#include "nascent/executor/avx512/memory.hpp"
#include "nascent/executor/avx512/numbers.hpp"
#include "nascent/executor/weights.hpp"
#include "nascent/network/kernel.hpp"

#if defined(__x86_64__)
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // see numbers.hpp
#endif
namespace nascent::detail::avx512 {

constexpr int winograd_out = 4;                                 ///< outputs of a tile on each side
constexpr int winograd_in = 6;                                  ///< inputs of a tile on each side
constexpr int winograd_points = winograd_in * winograd_in;      ///< products of a tile

/// Six inputs of a line to six factors: the rows of B^T for the points 0, 1, -1, 2, -2 and infinity.
[[NASCENT_DETAIL_INLINE]] inline void winograd_input(const __m512 (&d)[6], __m512 (&v)[6]) {
  const __m512 two = _mm512_set1_ps(2);
  const __m512 four = _mm512_set1_ps(4);
  const __m512 five = _mm512_set1_ps(5);
  const __m512 even = _mm512_fnmadd_ps(four, d[2], d[4]);    // d4 - 4 d2
  const __m512 odd = _mm512_fnmadd_ps(four, d[1], d[3]);     // d3 - 4 d1
  const __m512 even2 = _mm512_sub_ps(d[4], d[2]);
  const __m512 odd2 = _mm512_sub_ps(d[3], d[1]);
  v[0] = _mm512_fmadd_ps(four, d[0], _mm512_fnmadd_ps(five, d[2], d[4]));
  v[1] = _mm512_add_ps(even, odd);
  v[2] = _mm512_sub_ps(even, odd);
  v[3] = _mm512_fmadd_ps(two, odd2, even2);
  v[4] = _mm512_fnmadd_ps(two, odd2, even2);
  v[5] = _mm512_fmadd_ps(four, d[1], _mm512_fnmadd_ps(five, d[3], d[5]));
}

/// Six products of a line to four outputs: the rows of A^T.
[[NASCENT_DETAIL_INLINE]] inline void winograd_output(const __m512 (&m)[6], __m512 (&y)[4]) {
  const __m512 sum = _mm512_add_ps(m[1], m[2]);
  const __m512 difference = _mm512_sub_ps(m[1], m[2]);
  const __m512 sum2 = _mm512_add_ps(m[3], m[4]);
  const __m512 difference2 = _mm512_sub_ps(m[3], m[4]);
  y[0] = _mm512_add_ps(_mm512_add_ps(m[0], sum), sum2);
  y[1] = _mm512_fmadd_ps(_mm512_set1_ps(2), difference2, difference);
  y[2] = _mm512_fmadd_ps(_mm512_set1_ps(4), sum2, sum);
  y[3] = _mm512_add_ps(_mm512_fmadd_ps(_mm512_set1_ps(8), difference2, difference), m[5]);
}

/// Where the inputs of a tile lie: its first pixel (perhaps before the map) and the rows and columns of the tile that are in the map.
template <class T>
struct winograd_tile {
  const T* first = nullptr;
  std::ptrdiff_t row = 0;    ///< numbers from row to row
  std::ptrdiff_t pixel = 0;  ///< numbers from pixel to pixel
  int top = 0;
  int bottom = 0;
  int left = 0;
  int right = 0;
};

/// Six inputs of a column, zero where the tile is not `Inside` the map.
template <bool Inside, class T, int... Y>
[[NASCENT_DETAIL_INLINE]] inline void winograd_load(const winograd_tile<T>& tile, int x, int channel, __mmask16 mask, __m512 (&d)[6],
                                                    std::integer_sequence<int, Y...>) {
  const T* from = tile.first + x * tile.pixel + channel;
  if constexpr (Inside) {
    ((d[Y] = load(from + Y * tile.row, mask)), ...);
  } else {
    const bool column = x >= tile.left && x < tile.right;
    ((d[Y] = column && Y >= tile.top && Y < tile.bottom ? load(from + Y * tile.row, mask) : _mm512_setzero_ps()), ...);
  }
}

/// Writes the factors of a tile to `to`: one row of `channels` numbers for each point, `stride` apart. Channels are filled up with zeros.
template <bool Inside, class T>
[[NASCENT_DETAIL_AVX512]] void winograd_transform_input(const winograd_tile<T>& tile, int channels, float* to, std::ptrdiff_t stride) {
  for (int c = 0; c < channels; c += lanes) {
    const __mmask16 mask = mask_of(channels - c);
    alignas(64) float half[winograd_points * lanes];
    __m512 d[6];
    __m512 v[6];
    for (int x = 0; x < winograd_in; ++x) {
      winograd_load<Inside>(tile, x, c, mask, d, std::make_integer_sequence<int, winograd_in>{});
      winograd_input(d, v);
      for (int y = 0; y < winograd_in; ++y) _mm512_store_ps(half + (y * winograd_in + x) * lanes, v[y]);
    }
    for (int y = 0; y < winograd_in; ++y) {
      for (int x = 0; x < winograd_in; ++x) d[x] = _mm512_load_ps(half + (y * winograd_in + x) * lanes);
      winograd_input(d, v);
      for (int x = 0; x < winograd_in; ++x) _mm512_storeu_ps(to + (y * winograd_in + x) * stride + c, v[x]);
    }
  }
}

/// The sums of a tile for `vectors` vectors of channels, from products `stride` apart: 4x4 pixels with their biases.
[[NASCENT_DETAIL_AVX512]] inline void winograd_transform_output(const float* products, std::ptrdiff_t stride, int vectors,
                                                                const float* bias, float* sums) {
  for (int v = 0; v < vectors; ++v) {
    alignas(64) float half[winograd_out * winograd_in * lanes];
    __m512 m[6];
    __m512 y[4];
    const __m512 b = _mm512_load_ps(bias + v * lanes);
    for (int x = 0; x < winograd_in; ++x) {
      for (int i = 0; i < winograd_in; ++i) m[i] = _mm512_load_ps(products + (i * winograd_in + x) * stride + v * lanes);
      winograd_output(m, y);
      for (int i = 0; i < winograd_out; ++i) _mm512_store_ps(half + (i * winograd_in + x) * lanes, y[i]);
    }
    for (int i = 0; i < winograd_out; ++i) {
      for (int x = 0; x < winograd_in; ++x) m[x] = _mm512_load_ps(half + (i * winograd_in + x) * lanes);
      winograd_output(m, y);
      for (int x = 0; x < winograd_out; ++x)
        _mm512_store_ps(sums + ((i * winograd_out + x) * vectors + v) * lanes, _mm512_add_ps(y[x], b));
    }
  }
}

/// A convolution with a 3x3 window and stride 1, its weights transformed. Products are computed in f32 whatever the maps are.
template <class T>
class winograd {
 public:
  static bool supports(const kernel& k) {
    const layer& l = k.core;
    return l.kind == layer_kind::convolution && l.groups == 1 && l.kernel_height == 3 && l.kernel_width == 3 && l.stride == 1 &&
           l.dilation == 1 && l.input.channels >= lanes && ending::supports(k);
  }

  /// For `batch` images and at most `parts` threads.
  winograd(const kernel& k, const layer_weights& values, int batch, int parts)
      : layer_(k.core), ending_(k), finish_(finisher_of<T>(k.core.act)), maps_(batch * k.core.output.batch) {
    const layer& l = layer_;
    before_y_ = padding_before(l.input.height, 3, 1, 1, l.pad);
    before_x_ = padding_before(l.input.width, 3, 1, 1, l.pad);
    rows_ = (l.output.height + winograd_out - 1) / winograd_out;
    columns_ = (l.output.width + winograd_out - 1) / winograd_out;
    channels_ = round_up(l.input.channels, lanes);
    panels_ = panels_of(l.output.channels);
    const std::int64_t tile_bytes = std::int64_t{winograd_points} * (channels_ + max_vectors * lanes) * 4;
    const int wanted = static_cast<int>(std::clamp<std::int64_t>(block_bytes / tile_bytes, max_pixels, maps_ * rows_ * columns_));
    block_ = round_up(wanted, max_pixels);
    for (int p = 0; p < parts; ++p)
      scratch_.push_back({aligned_array<float>(static_cast<std::size_t>(winograd_points * apart(channels_))),
                          aligned_array<float>(static_cast<std::size_t>(winograd_points * apart(max_vectors * lanes))),
                          aligned_array<float>(winograd_out * winograd_out * max_vectors * lanes)});
    pack(values);
  }

  /// Computes part `part` of `parts`.
  void run(const T* in, T* out, int part, int parts) {
    scratch& mine = scratch_[static_cast<std::size_t>(part)];
    const int tiles = maps_ * rows_ * columns_;
    const int last = share(tiles, part + 1, parts);
    for (int first = share(tiles, part, parts); first < last; first += block_) {
      const int count = std::min(block_, last - first);
      for (int t = 0; t < count; ++t) {
        const winograd_tile<T> tile = tile_of(in, first + t);
        const bool inside = tile.top == 0 && tile.left == 0 && tile.bottom == winograd_in && tile.right == winograd_in;
        const auto transform = inside ? &winograd_transform_input<true, T> : &winograd_transform_input<false, T>;
        transform(tile, layer_.input.channels, mine.factors.data() + t * channels_, apart(channels_));
      }
      for (const panel& p : panels_) {
        multiply(p, count, mine);
        for (int t = 0; t < count; ++t) store_tile(p, t, first + t, out, mine);
      }
    }
  }

 private:
  /// Numbers from one point to the next, for tiles of `row` numbers. A power of two would put all points into the same few sets of the
  /// nearest cache.
  std::ptrdiff_t apart(std::ptrdiff_t row) const { return block_ * row + lanes; }

  static constexpr std::int64_t block_bytes = 256 << 10;  ///< of factors and products: a quarter of a second cache

  struct scratch {
    aligned_array<float> factors;   ///< points x tiles x channels
    aligned_array<float> products;  ///< points x tiles x channels of a panel
    aligned_array<float> sums;      ///< 16 pixels x channels of a panel
  };

  /// G g G^T for every pair of channels, in panels of output channels, then points, then input channels.
  void pack(const layer_weights& values) {
    const layer& l = layer_;
    weights_ = aligned_array<float>(static_cast<std::size_t>(winograd_points * channels_ * round_up(l.output.channels, lanes)));
    bias_ = aligned_array<float>(static_cast<std::size_t>(round_up(l.output.channels, lanes)));
    std::ranges::copy(values.bias, bias_.data());
    constexpr double g[6][3] = {{1.0 / 4, 0, 0},           {-1.0 / 6, -1.0 / 6, -1.0 / 6}, {-1.0 / 6, 1.0 / 6, -1.0 / 6},
                                {1.0 / 24, 1.0 / 12, 1.0 / 6}, {1.0 / 24, -1.0 / 12, 1.0 / 6}, {0, 0, 1}};
    for (const panel& p : panels_) {
      const std::ptrdiff_t row = std::ptrdiff_t{p.vectors} * lanes;
      float* const panel_weights = weights_.data() + std::ptrdiff_t{p.first_channel} * winograd_points * channels_;
      for (int n = p.first_channel; n < std::min(p.first_channel + p.vectors * lanes, l.output.channels); ++n)
        for (int c = 0; c < l.input.channels; ++c) {
          const auto tap = [&](int y, int x) {
            return static_cast<double>(values.kernel[static_cast<std::size_t>(((n * 3 + y) * 3 + x) * l.input.channels + c)]);
          };
          double half[6][3];
          for (int i = 0; i < 6; ++i)
            for (int x = 0; x < 3; ++x) half[i][x] = g[i][0] * tap(0, x) + g[i][1] * tap(1, x) + g[i][2] * tap(2, x);
          for (int i = 0; i < 6; ++i)
            for (int j = 0; j < 6; ++j)
              panel_weights[(std::ptrdiff_t{i * 6 + j} * channels_ + c) * row + n - p.first_channel] =
                  static_cast<float>(half[i][0] * g[j][0] + half[i][1] * g[j][1] + half[i][2] * g[j][2]);
        }
    }
  }

  winograd_tile<T> tile_of(const T* in, int tile) const {
    const shape& s = layer_.input;
    const int y = tile / columns_ % rows_ * winograd_out - before_y_;
    const int x = tile % columns_ * winograd_out - before_x_;
    const std::ptrdiff_t row = std::ptrdiff_t{s.width} * s.channels;
    return {.first = in + (std::ptrdiff_t{tile / (rows_ * columns_)} * s.height + y) * row + std::ptrdiff_t{x} * s.channels,
            .row = row,
            .pixel = s.channels,
            .top = std::max(0, -y),
            .bottom = std::min(winograd_in, s.height - y),
            .left = std::max(0, -x),
            .right = std::min(winograd_in, s.width - x)};
  }

  void multiply(const panel& p, int count, scratch& mine) const {
    alignas(64) static constexpr float zeros[max_vectors * lanes] = {};
    const std::ptrdiff_t row = std::ptrdiff_t{p.vectors} * lanes;
    const int blocks = (count + max_pixels - 1) / max_pixels;
    for (int point = 0; point < winograd_points; ++point) {
      const float* weights = weights_.data() + (std::ptrdiff_t{p.first_channel} * winograd_points + point * row) * channels_;
      for (int b = 0; b < blocks; ++b) {
        const int first = share(count, b, blocks);
        const int tiles = share(count, b + 1, blocks) - first;
        const float* inputs[max_pixels];
        for (int t = 0; t < tiles; ++t) inputs[t] = mine.factors.data() + point * apart(channels_) + (first + t) * channels_;
        block_of<float>(tiles, p.vectors)(inputs, 1, layer_.input.channels, weights, zeros, true,
                                          mine.products.data() + point * apart(row) + first * row);
      }
    }
  }

  void store_tile(const panel& p, int at, int tile, T* out, scratch& mine) const {
    const shape& s = layer_.output;
    const std::ptrdiff_t row = std::ptrdiff_t{p.vectors} * lanes;
    winograd_transform_output(mine.products.data() + at * row, apart(row), p.vectors, bias_.data() + p.first_channel, mine.sums.data());
    const int y = tile / columns_ % rows_ * winograd_out;
    const int x = tile % columns_ * winograd_out;
    T* map = out + std::ptrdiff_t{tile / (rows_ * columns_)} * s.height * s.width * s.channels;
    for (int i = 0; i < std::min(winograd_out, s.height - y); ++i)
      finish_(mine.sums.data() + i * winograd_out * row,
              {.first = map + (std::ptrdiff_t{y + i} * s.width + x) * s.channels + p.first_channel,
               .stride = s.channels,
               .pixels = std::min(winograd_out, s.width - x),
               .vectors = p.vectors,
               .channels = s.channels - p.first_channel},
              ending_);
  }

  layer layer_;
  ending ending_;
  finisher<T> finish_;
  int maps_;
  int before_y_ = 0;
  int before_x_ = 0;
  int rows_ = 0;      ///< of tiles
  int columns_ = 0;
  int channels_ = 0;  ///< input channels in whole vectors
  int block_ = 0;     ///< tiles
  std::vector<panel> panels_;
  aligned_array<float> weights_;
  aligned_array<float> bias_;
  std::vector<scratch> scratch_;
};

}  // namespace nascent::detail::avx512
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
#endif
