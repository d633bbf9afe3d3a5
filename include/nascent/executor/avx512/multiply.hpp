// SPDX-License-Identifier: Apache-2.0
/// \file
/// A map times one number per channel with AVX-512: the gate of squeeze-and-excite.
#pragma once

#include <cstddef>

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

/// Multiplies `pixels` pixels by `gate`. `out` may be `in`.
template <class T>
[[NASCENT_DETAIL_AVX512]] void multiply_pixels(const T* in, const T* gate, T* out, std::ptrdiff_t pixels, int channels) {
  const __mmask16 all = mask_of(lanes);
  const int whole = channels / lanes * lanes;
  const __mmask16 rest = mask_of(channels - whole);
  for (; pixels > 0; --pixels, in += channels, out += channels) {
    for (int c = 0; c < whole; c += lanes) store(out + c, all, _mm512_mul_ps(load(in + c, all), load(gate + c, all)));
    if (rest != 0) store(out + whole, rest, _mm512_mul_ps(load(in + whole, rest), load(gate + whole, rest)));
  }
}

/// The product of maps and their gates.
template <class T>
class multiplication {
 public:
  static bool supports(const kernel& k) {
    return k.core.kind == layer_kind::multiply && k.core.act == activation::identity && !k.residual;
  }

  multiplication(const kernel& k, const layer_weights&, int batch, int)
      : maps_(batch * k.core.output.batch), pixels_(k.core.output.height * k.core.output.width), channels_(k.core.output.channels) {}

  /// Computes part `part` of `parts`.
  void run(const T* in, const T* gate, T* out, int part, int parts) const {
    for (int map = 0; map < maps_; ++map) {
      const int first = share(pixels_, part, parts);
      const int last = share(pixels_, part + 1, parts);
      const std::ptrdiff_t at = (std::ptrdiff_t{map} * pixels_ + first) * channels_;
      multiply_pixels(in + at, gate + std::ptrdiff_t{map} * channels_, out + at, last - first, channels_);
    }
  }

 private:
  int maps_;
  int pixels_;
  int channels_;
};

}  // namespace nascent::detail::avx512
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
#endif
