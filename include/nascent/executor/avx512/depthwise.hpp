// SPDX-License-Identifier: Apache-2.0
/// \file
/// Depthwise convolutions with AVX-512: several pixels of a row at once, so that an input that is loaded serves every tap over it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

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

/// What a line of outputs reads and where its sums go.
template <class T>
struct depthwise_line {
  const T* rows = nullptr;        ///< first row under the window, whether inside the map or not
  std::ptrdiff_t row_stride = 0;  ///< numbers from row to row
  int channels = 0;               ///< numbers from pixel to pixel
  int width = 0;                  ///< of the input, pixels
  int before = 0;                 ///< padding
  int first_row = 0;              ///< of the window inside the map
  int last_row = 0;
  int pixels = 0;                 ///< outputs
  int channel = 0;                ///< where this chunk begins
  int vectors = 0;                ///< of the chunk
  const float* weights = nullptr;
  const float* bias = nullptr;
  float* sums = nullptr;          ///< pixels x vectors, where the ending is not direct
  destination<T> to{};
};

/// `Pixels` neighbouring outputs of a line at a time, for sixteen channels.
template <class T, int Window, int Stride, int Pixels>
struct depthwise_block {
  static constexpr int width = (Pixels - 1) * Stride + Window;  ///< inputs of a row
  static constexpr auto inputs = std::make_integer_sequence<int, width>{};
  static constexpr auto outputs = std::make_integer_sequence<int, Pixels>{};
  static constexpr auto taps = std::make_integer_sequence<int, Window>{};

  /// The input is `At` pixels from the left: tap `Tap` of output (At - Tap) / Stride, where that is one.
  template <int At, int Tap>
  [[NASCENT_DETAIL_INLINE]] static void add_tap(__m512 (&sums)[Pixels], __m512 w, __m512 x) {
    constexpr int distance = At - Tap;
    if constexpr (distance >= 0 && distance % Stride == 0 && distance / Stride < Pixels)
      sums[distance / Stride] = _mm512_fmadd_ps(x, w, sums[distance / Stride]);
  }

  template <int At, int... Tap>
  [[NASCENT_DETAIL_INLINE]] static void add(__m512 (&sums)[Pixels], const __m512 (&w)[Window], __m512 x,
                                            std::integer_sequence<int, Tap...>) {
    (add_tap<At, Tap>(sums, w[Tap], x), ...);
  }

  /// One row of the window; `left` pixels of the map lie before its first input, `right` from there on.
  template <bool Inside, int... At, int... Tap>
  [[NASCENT_DETAIL_INLINE]] static void add_row(__m512 (&sums)[Pixels], const T* from, std::ptrdiff_t stride, int left, int right,
                                                const float* weights, __mmask16 mask, std::integer_sequence<int, At...>,
                                                std::integer_sequence<int, Tap...> all) {
    const __m512 w[Window] = {_mm512_load_ps(weights + Tap * lanes)...};
    if constexpr (Inside)
      (add<At>(sums, w, load(from + At * stride, mask), all), ...);
    else
      ((At >= -left && At < right ? add<At>(sums, w, load(from + At * stride, mask), all) : void()), ...);
  }

  template <int... P>
  [[NASCENT_DETAIL_INLINE]] static void start(__m512 (&sums)[Pixels], const float* bias, std::integer_sequence<int, P...>) {
    const __m512 b = _mm512_load_ps(bias);
    ((sums[P] = b), ...);
  }

  template <int... P>
  [[NASCENT_DETAIL_INLINE]] static void put(const __m512 (&sums)[Pixels], float* to, int stride, std::integer_sequence<int, P...>) {
    (_mm512_store_ps(to + P * stride, sums[P]), ...);
  }

  template <int... P>
  [[NASCENT_DETAIL_INLINE]] static void put_direct(const __m512 (&sums)[Pixels], T* to, std::ptrdiff_t stride, __mmask16 mask,
                                                   const ending& how, std::integer_sequence<int, P...>) {
    (store_direct(to + P * stride, mask, sums[P], how), ...);
  }

  template <bool Inside>
  [[NASCENT_DETAIL_INLINE]] static void tile(const depthwise_line<T>& l, int x, const ending& how, bool direct) {
    const int left = x * Stride - l.before;
    for (int v = 0; v < l.vectors; ++v) {
      const int channel = l.channel + v * lanes;
      const __mmask16 mask = mask_of(l.channels - channel);
      __m512 sums[Pixels];
      start(sums, l.bias + channel, outputs);
      const T* from = l.rows + l.first_row * l.row_stride + std::ptrdiff_t{left} * l.channels + channel;
      const float* weights = l.weights + (channel * Window + l.first_row * lanes) * Window;
      for (int row = l.first_row; row < l.last_row; ++row, from += l.row_stride, weights += Window * lanes)
        add_row<Inside>(sums, from, l.channels, left, l.width - left, weights, mask, inputs, taps);
      if (direct)
        put_direct(sums, l.to.first + x * l.to.stride + v * lanes, l.to.stride, mask, how, outputs);
      else
        put(sums, l.sums + (x * l.vectors + v) * lanes, l.vectors * lanes, outputs);
    }
  }

  /// All outputs of the line. The last ones are computed twice where their number is no multiple of `Pixels`.
  [[NASCENT_DETAIL_AVX512]] static void run(const depthwise_line<T>& l, const ending& how) {
    const bool direct = how.is_direct();
    for (int at = 0; at < l.pixels; at += Pixels) {
      const int x = at + Pixels <= l.pixels ? at : l.pixels - Pixels;
      const int left = x * Stride - l.before;
      if (left >= 0 && left + width <= l.width)
        tile<true>(l, x, how, direct);
      else
        tile<false>(l, x, how, direct);
    }
  }
};

/// A depthwise convolution with its weights packed for one shape: square windows of 3, 5 or 7, strides 1 and 2, maps at least 4 wide.
template <class T>
class depthwise {
 public:
  static bool supports(const kernel& k) {
    const layer& l = k.core;
    return l.is_depthwise() && l.dilation == 1 && l.kernel_height == l.kernel_width &&
           (l.kernel_width == 3 || l.kernel_width == 5 || l.kernel_width == 7) && (l.stride == 1 || l.stride == 2) &&
           l.output.width >= 4 && !k.residual;  // pixels that are computed twice would be added twice
  }

  /// For `batch` images and at most `parts` threads.
  depthwise(const kernel& k, const layer_weights& values, int batch, int parts)
      : layer_(k.core),
        ending_(k),
        finish_(finisher_of<T>(k.core.act)),
        lines_(batch * k.core.output.batch * k.core.output.height),
        chunk_(std::max(1, waiting / k.core.output.width)) {
    const layer& l = layer_;
    before_y_ = padding_before(l.input.height, l.kernel_height, l.stride, l.dilation, l.pad);
    before_x_ = padding_before(l.input.width, l.kernel_width, l.stride, l.dilation, l.pad);
    pixels_ = round_up(l.output.width, 7) < round_up(l.output.width, 4) || l.output.width % 7 == 0 ? 7 : 4;
    pixels_ = l.output.width < 7 ? 4 : pixels_;
    block_ = block_of();
    const int window = l.kernel_width * l.kernel_width;
    const int channels = round_up(l.output.channels, lanes);
    weights_ = aligned_array<float>(static_cast<std::size_t>(channels * window));
    bias_ = aligned_array<float>(static_cast<std::size_t>(channels));
    for (int c = 0; c < l.output.channels; ++c)
      for (int tap = 0; tap < window; ++tap)
        weights_[static_cast<std::size_t>((c / lanes * window + tap) * lanes + c % lanes)] =
            static_cast<float>(values.kernel[static_cast<std::size_t>(c * window + tap)]);
    std::ranges::copy(values.bias, bias_.data());
    for (int p = 0; p < parts; ++p) scratch_.emplace_back(static_cast<std::size_t>(l.output.width * chunk_ * lanes));
  }

  /// Computes part `part` of `parts`.
  void run(const T* in, T* out, int part, int parts) {
    const layer& l = layer_;
    const int channels = l.output.channels;
    const int all_vectors = (channels + lanes - 1) / lanes;
    depthwise_line<T> now{.rows = nullptr,
                          .row_stride = std::ptrdiff_t{l.input.width} * channels,
                          .channels = channels,
                          .width = l.input.width,
                          .before = before_x_,
                          .pixels = l.output.width,
                          .weights = weights_.data(),
                          .bias = bias_.data(),
                          .sums = scratch_[static_cast<std::size_t>(part)].data()};
    for (int line = share(lines_, part, parts), end = share(lines_, part + 1, parts); line < end; ++line) {
      const int top = line % l.output.height * l.stride - before_y_;
      now.first_row = std::max(0, -top);
      now.last_row = std::min(l.kernel_height, l.input.height - top);
      now.rows = in + (std::ptrdiff_t{line / l.output.height} * l.input.height + top) * now.row_stride;
      for (int v = 0; v < all_vectors; v += chunk_) {
        now.channel = v * lanes;
        now.vectors = std::min(chunk_, all_vectors - v);
        now.to = {.first = out + std::ptrdiff_t{line} * l.output.width * channels + now.channel,
                  .stride = channels,
                  .pixels = l.output.width,
                  .vectors = now.vectors,
                  .channels = channels - now.channel};
        block_(now, ending_);
        if (!ending_.is_direct()) finish_(now.sums, now.to, ending_);
      }
    }
  }

 private:
  static constexpr int waiting = 256;  ///< vectors of sums that wait for their activation: a third of the nearest cache

  using run_block = void (*)(const depthwise_line<T>&, const ending&);

  template <int Window, int Stride>
  run_block block_for() const {
    return pixels_ == 7 ? &depthwise_block<T, Window, Stride, 7>::run : &depthwise_block<T, Window, Stride, 4>::run;
  }
  template <int Window>
  run_block block_for() const {
    return layer_.stride == 1 ? block_for<Window, 1>() : block_for<Window, 2>();
  }
  run_block block_of() const {
    return layer_.kernel_width == 3 ? block_for<3>() : layer_.kernel_width == 5 ? block_for<5>() : block_for<7>();
  }

  layer layer_;
  ending ending_;
  finisher<T> finish_;
  int lines_;
  int chunk_;  ///< vectors of channels that are computed together
  int before_y_ = 0;
  int before_x_ = 0;
  int pixels_ = 4;
  aligned_array<float> weights_;
  aligned_array<float> bias_;
  std::vector<aligned_array<float>> scratch_;
  run_block block_ = nullptr;
};

}  // namespace nascent::detail::avx512
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
#endif
