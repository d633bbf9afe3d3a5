// SPDX-License-Identifier: Apache-2.0
/// \file
/// Convolutions between all channels with AVX-512: implicit matrix products whose sums stay in registers, with the activation and the
/// residual sum applied while they are in the nearest cache.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "nascent/executor/avx512/finish.hpp"
#include "nascent/executor/avx512/memory.hpp"
#include "nascent/executor/avx512/numbers.hpp"
#include "nascent/executor/weights.hpp"
#include "nascent/network/kernel.hpp"

#if defined(__x86_64__)
namespace nascent::detail::avx512 {

/// The registers of a block hold sums of so many pixels by so many vectors of channels. More pixels would need more pointers than there
/// are registers for; more vectors would leave none for weights.
constexpr int max_pixels = 8;
constexpr int max_vectors = 3;

/// One block of a matrix product: for each of `Pixels` pixels, adds to its sums over taps and depth the products of its input with
/// `Vectors` vectors of weights. `inputs` has one pointer per tap and pixel.
template <class T, int Pixels, int Vectors>
struct block {
  static constexpr auto all = std::make_integer_sequence<int, Pixels * Vectors>{};
  static constexpr auto row = std::make_integer_sequence<int, Vectors>{};
  using number = product<T>;

  template <int... I, int... V>
  [[NASCENT_DETAIL_INLINE]] static void step(__m512 (&sums)[Pixels * Vectors], const T* const* from, int at, const T* weights,
                                             std::integer_sequence<int, I...>, std::integer_sequence<int, V...>) {
    constexpr int ahead = 12 * Vectors;  // vectors of weights; they may lie in the second cache
    (__builtin_prefetch(weights + (ahead + V) * lanes * number::depth), ...);
    const typename number::vector w[Vectors] = {number::weights(weights + V * lanes * number::depth)...};
    ((sums[I] = number::add(sums[I], number::broadcast(from[I / Vectors] + at), w[I % Vectors])), ...);
  }

  template <int... I, int... V>
  [[NASCENT_DETAIL_INLINE]] static void last_step(__m512 (&sums)[Pixels * Vectors], const T* const* from, int at, const T* weights,
                                                  std::integer_sequence<int, I...>, std::integer_sequence<int, V...>) {
    const typename number::vector w[Vectors] = {number::weights(weights + V * lanes * number::depth)...};
    ((sums[I] = number::add(sums[I], number::broadcast_last(from[I / Vectors] + at), w[I % Vectors])), ...);
  }

  /// Starts from sums of earlier taps, or (`shared`) from biases, which are the same for all pixels.
  template <int... I>
  [[NASCENT_DETAIL_INLINE]] static void get(__m512 (&sums)[Pixels * Vectors], const float* from, bool shared,
                                            std::integer_sequence<int, I...>) {
    if (shared)
      ((sums[I] = _mm512_load_ps(from + I % Vectors * lanes)), ...);
    else
      ((sums[I] = _mm512_load_ps(from + I * lanes)), ...);
  }

  template <int... I>
  [[NASCENT_DETAIL_INLINE]] static void put(const __m512 (&sums)[Pixels * Vectors], float* to, std::integer_sequence<int, I...>) {
    (_mm512_store_ps(to + I * lanes, sums[I]), ...);
  }

  [[NASCENT_DETAIL_AVX512]] static void run(const T* const* inputs, int taps, int depth, const T* weights, const float* before,
                                            bool shared, float* after) {
    __m512 sums[Pixels * Vectors];
    get(sums, before, shared, all);
    constexpr int stride = Vectors * lanes * number::depth;
    const int whole = depth / number::depth * number::depth;
    for (int tap = 0; tap < taps; ++tap) {
      const T* from[Pixels];
      for (int m = 0; m < Pixels; ++m) from[m] = inputs[tap * Pixels + m];
      for (int at = 0; at < whole; at += number::depth, weights += stride) step(sums, from, at, weights, all, row);
      if constexpr (number::depth == 2) {
        if (whole < depth) {
          last_step(sums, from, whole, weights, all, row);
          weights += stride;
        }
      }
    }
    put(sums, after, all);
  }
};

/// A convolution between all channels with its weights packed for one shape.
///
/// The output is cut into lines of pixels whose inputs are equally far apart: rows, or for pointwise convolutions pieces of the whole
/// map. Lines are taken in blocks whose input stays in the second cache while panels of output channels pass over it.
template <class T>
class convolution {
 public:
  static bool supports(const kernel& k) {
    return k.core.kind == layer_kind::convolution && k.core.groups == 1 && ending::supports(k);
  }

  /// For `batch` images and at most `parts` threads.
  convolution(const kernel& k, const layer_weights& values, int batch, int parts)
      : layer_(k.core), ending_(k), finish_(finisher_of<T>(k.core.act)) {
    const layer& l = layer_;
    before_y_ = padding_before(l.input.height, l.kernel_height, l.stride, l.dilation, l.pad);
    before_x_ = padding_before(l.input.width, l.kernel_width, l.stride, l.dilation, l.pad);
    maps_ = batch * l.output.batch;
    pointwise_ = l.kernel_height == 1 && l.kernel_width == 1 && l.stride == 1;
    merged_ = l.kernel_width > 1 && l.input.channels < lanes && l.dilation == 1;
    taps_ = merged_ ? l.kernel_height : l.kernel_height * l.kernel_width;
    depth_ = merged_ ? l.kernel_width * l.input.channels : l.input.channels;
    pixels_ = pointwise_ ? maps_ * l.output.height * l.output.width : l.output.width;
    line_ = pointwise_ && pixels_ > longest_line ? pointwise_line : pixels_;
    lines_ = pointwise_ ? (pixels_ + line_ - 1) / line_ : maps_ * l.output.height;
    zeros_ = aligned_array<T>(static_cast<std::size_t>(l.input.channels));
    plan(parts);
    pack(values);
  }

  /// Computes part `part` of `parts`.
  void run(const T* in, T* out, int part, int parts) {
    scratch& mine = scratch_[static_cast<std::size_t>(part)];
    // Weights are read once by each part that works on lines: where there are few lines, parts share the weights instead.
    const bool by_line = lines_ >= 2 * parts && !(lines_ * line_ <= longest_line && panels_.size() >= 2U * static_cast<unsigned>(parts));
    const int panels = static_cast<int>(panels_.size());
    const int first_line = by_line ? share(lines_, part, parts) : 0;
    const int last_line = by_line ? share(lines_, part + 1, parts) : lines_;
    const int first_panel = by_line ? 0 : share(panels, part, parts);
    const int last_panel = by_line ? panels : share(panels, part + 1, parts);
    for (int line = first_line; line < last_line; line += block_lines_) {
      const int end = std::min(line + block_lines_, last_line);
      if (merged_) gather(in, line, mine);
      for (int p = first_panel; p < last_panel; ++p) run_panel(panels_[static_cast<std::size_t>(p)], in, out, line, end, mine);
    }
  }

 private:
  static constexpr int longest_line = 256;   ///< pixels of a pointwise convolution that stay one line
  static constexpr int pointwise_line = 96;  ///< a multiple of max_pixels
  static constexpr std::int64_t block_bytes = 384 << 10;  ///< of input and output: a part of the second cache
  static constexpr std::int64_t chunk_bytes = 128 << 10;  ///< of weights, likewise
  static constexpr int most_taps = 128;

  using run_block = void (*)(const T* const*, int, int, const T*, const float*, bool, float*);

  template <int Vectors>
  static run_block block_of(int pixels) {
    static constexpr auto table = []<int... M>(std::integer_sequence<int, M...>) {
      return std::array<run_block, sizeof...(M)>{&block<T, M + 1, Vectors>::run...};
    }(std::make_integer_sequence<int, max_pixels>{});
    return table[static_cast<std::size_t>(pixels - 1)];
  }

  /// Output channels that are computed together.
  struct panel {
    int first_channel = 0;
    int vectors = 0;
    std::size_t weights = 0;  ///< where they begin
  };

  struct scratch {
    aligned_array<float> sums;
    aligned_array<T> rows;  ///< of the input between zeros, where `merged_`
  };

  int steps() const { return (depth_ + product<T>::depth - 1) / product<T>::depth; }

  void plan(int parts) {
    const layer& l = layer_;
    const int all = (l.output.channels + lanes - 1) / lanes;
    std::size_t size = 0;
    for (int v = 0; v < all;) {
      const int left = all - v;
      const int vectors = left == 4 ? 2 : std::min(left, max_vectors);  // 2 + 2 is faster than 3 + 1
      panels_.push_back({v * lanes, vectors, size});
      size += static_cast<std::size_t>(taps_ * steps() * vectors * lanes * product<T>::depth);
      v += vectors;
    }
    weights_ = aligned_array<T>(size);
    bias_ = aligned_array<float>(static_cast<std::size_t>(all * lanes));

    const std::int64_t tap_bytes = std::int64_t{depth_} * max_vectors * lanes * static_cast<std::int64_t>(sizeof(T));
    chunk_taps_ = static_cast<int>(std::clamp<std::int64_t>(chunk_bytes / tap_bytes, 1, std::min(taps_, most_taps)));
    const std::int64_t line_bytes =
        (std::int64_t{pointwise_ ? line_ : l.stride * l.input.width} * l.input.channels + std::int64_t{line_} * l.output.channels) *
        static_cast<std::int64_t>(sizeof(T));
    block_lines_ = merged_ ? 1 : static_cast<int>(std::clamp<std::int64_t>(block_bytes / line_bytes, 1, lines_));
    const bool once = chunk_taps_ == taps_;
    const int kept = once ? max_pixels : block_lines_ * line_;
    row_ = merged_ ? ((l.output.width - 1) * l.stride + l.kernel_width) * l.input.channels : 0;
    for (int p = 0; p < parts; ++p)
      scratch_.push_back({aligned_array<float>(static_cast<std::size_t>(kept * max_vectors * lanes)),
                          aligned_array<T>(static_cast<std::size_t>(row_ * l.kernel_height))});
  }

  void pack(const layer_weights& values) {
    constexpr int pair = product<T>::depth;
    for (const panel& p : panels_) {
      T* to = weights_.data() + p.weights;
      for (int tap = 0; tap < taps_; ++tap)
        for (int step = 0; step < steps(); ++step)
          for (int channel = p.first_channel; channel < p.first_channel + p.vectors * lanes; ++channel)
            for (int k = step * pair; k < step * pair + pair; ++k, ++to)
              if (channel < layer_.output.channels && k < depth_)
                *to = nearest<T>(values.kernel[static_cast<std::size_t>((channel * taps_ + tap) * depth_ + k)]);
    }
    std::ranges::copy(values.bias, bias_.data());
  }

  /// Copies the rows that an output row needs between zeros, so that a row of the window is one contiguous stretch.
  void gather(const T* in, int line, scratch& mine) const {
    const layer& l = layer_;
    const int before = before_x_ * l.input.channels;
    const int inside = std::min(l.input.width * l.input.channels, row_ - before);
    for (int ky = 0; ky < l.kernel_height; ++ky) {
      const int y = line % l.output.height * l.stride + ky - before_y_;
      T* row = mine.rows.data() + ky * row_;
      std::fill_n(row, row_, T{});
      if (y < 0 || y >= l.input.height) continue;
      const std::ptrdiff_t from = (std::ptrdiff_t{line / l.output.height} * l.input.height + y) * l.input.width * l.input.channels;
      std::copy_n(in + from, inside, row + before);
    }
  }

  /// Where the inputs of `count` pixels from `x` on lie, for taps `tap` to `tap_end`.
  void find_inputs(const T* in, int line, int x, int count, int tap, int tap_end, const scratch& mine, const T** inputs) const {
    const layer& l = layer_;
    const int depth = l.input.channels;
    if (pointwise_) {
      const T* from = in + (std::ptrdiff_t{line} * line_ + x) * depth;
      for (int m = 0; m < count; ++m, from += depth) *inputs++ = from;
      return;
    }
    if (merged_) {
      for (int ky = tap; ky < tap_end; ++ky)
        for (int m = 0; m < count; ++m) *inputs++ = mine.rows.data() + ky * row_ + (x + m) * l.stride * depth;
      return;
    }
    const T* map = in + std::ptrdiff_t{line / l.output.height} * l.input.height * l.input.width * depth;
    for (int t = tap; t < tap_end; ++t) {
      const int y = line % l.output.height * l.stride + t / l.kernel_width * l.dilation - before_y_;
      const int left = x * l.stride + t % l.kernel_width * l.dilation - before_x_;
      const bool row_inside = y >= 0 && y < l.input.height;
      const T* row = map + std::ptrdiff_t{y} * l.input.width * depth;
      for (int m = 0, at = left; m < count; ++m, at += l.stride)
        *inputs++ = row_inside && at >= 0 && at < l.input.width ? row + std::ptrdiff_t{at} * depth : zeros_.data();
    }
  }

  void run_panel(const panel& p, const T* in, T* out, int first_line, int last_line, scratch& mine) const {
    const layer& l = layer_;
    const std::ptrdiff_t stride = l.output.channels;
    const T* inputs[most_taps * max_pixels];
    for (int tap = 0; tap < taps_; tap += chunk_taps_) {
      const int tap_end = std::min(tap + chunk_taps_, taps_);
      const T* weights = weights_.data() + p.weights + std::ptrdiff_t{tap} * steps() * p.vectors * lanes * product<T>::depth;
      float* sums = mine.sums.data();
      for (int line = first_line; line < last_line; ++line) {
        const int length = pointwise_ ? std::min(line_, pixels_ - line * line_) : line_;
        const int tiles = (length + max_pixels - 1) / max_pixels;
        for (int tile = 0; tile < tiles; ++tile) {
          const int x = share(length, tile, tiles);
          const int count = share(length, tile + 1, tiles) - x;
          const destination<T> to{.first = out + (std::ptrdiff_t{line} * line_ + x) * stride + p.first_channel,
                                  .stride = stride,
                                  .pixels = count,
                                  .vectors = p.vectors,
                                  .channels = l.output.channels - p.first_channel};
          const bool ends = tap_end == taps_;
          if (ends) prefetch(to);
          find_inputs(in, line, x, count, tap, tap_end, mine, inputs);
          const run_block multiply = p.vectors == 3 ? block_of<3>(count) : p.vectors == 2 ? block_of<2>(count) : block_of<1>(count);
          const bool start = tap == 0;
          multiply(inputs, tap_end - tap, depth_, weights, start ? bias_.data() + p.first_channel : sums, start, sums);
          if (ends) finish_(sums, to, ending_);
          if (chunk_taps_ != taps_) sums += count * p.vectors * lanes;
        }
      }
    }
  }

  layer layer_;
  ending ending_;
  finisher<T> finish_;
  bool pointwise_ = false;
  bool merged_ = false;  ///< a row of the window is one tap
  int before_y_ = 0;
  int before_x_ = 0;
  int maps_ = 1;
  int taps_ = 1;
  int depth_ = 1;
  int pixels_ = 0;
  int line_ = 0;   ///< pixels
  int lines_ = 0;
  int block_lines_ = 1;
  int chunk_taps_ = 1;
  int row_ = 0;
  std::vector<panel> panels_;
  aligned_array<T> weights_;
  aligned_array<float> bias_;
  aligned_array<T> zeros_;
  std::vector<scratch> scratch_;
};

}  // namespace nascent::detail::avx512
#endif
