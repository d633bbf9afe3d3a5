// SPDX-License-Identifier: Apache-2.0
/// \file
/// Convolutions between all channels with AVX-512: implicit matrix products, with the activation and the residual sum applied while the
/// sums are in the nearest cache.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "nascent/executor/avx512/block.hpp"
#include "nascent/executor/avx512/finish.hpp"
#include "nascent/executor/avx512/memory.hpp"
#include "nascent/executor/avx512/numbers.hpp"
#include "nascent/executor/weights.hpp"
#include "nascent/network/kernel.hpp"

#if defined(__x86_64__)
namespace nascent::detail::avx512 {

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

  struct scratch {
    aligned_array<float> sums;
    aligned_array<T> rows;  ///< of the input between zeros, where `merged_`
  };

  int steps() const { return (depth_ + product<T>::depth - 1) / product<T>::depth; }
  /// Numbers of packed weights before the panel that begins at a channel.
  std::ptrdiff_t panel_weights(int channel) const { return std::ptrdiff_t{channel} * taps_ * steps() * product<T>::depth; }

  void plan(int parts) {
    const layer& l = layer_;
    panels_ = panels_of(l.output.channels);
    const int channels = round_up(l.output.channels, lanes);
    weights_ = aligned_array<T>(static_cast<std::size_t>(panel_weights(channels)));
    bias_ = aligned_array<float>(static_cast<std::size_t>(channels));

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
      T* to = weights_.data() + panel_weights(p.first_channel);
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
      const T* weights = weights_.data() + panel_weights(p.first_channel) + std::ptrdiff_t{tap} * steps() * p.vectors * lanes * product<T>::depth;
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
          const bool start = tap == 0;
          block_of<T>(count, p.vectors)(inputs, tap_end - tap, depth_, weights, start ? bias_.data() + p.first_channel : sums, start, sums);
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
