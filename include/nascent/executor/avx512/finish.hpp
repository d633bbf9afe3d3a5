// SPDX-License-Identifier: Apache-2.0
/// \file
/// What follows the sums of a convolution: activation, residual sum, and the stores.
#pragma once

#include <cstddef>
#include <limits>

#include "nascent/executor/avx512/numbers.hpp"
#include "nascent/network/kernel.hpp"

#if defined(__x86_64__)
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // see numbers.hpp
#endif
namespace nascent::detail::avx512 {

/// What happens to sums before they are stored: an activation, a residual sum, and perhaps relu after it.
struct ending {
  explicit ending(const kernel& k) : act(k.core.act), residual(k.residual), relu(k.residual_act == activation::relu) {
    if (act == activation::relu || act == activation::relu6) low = 0;
    if (act == activation::relu6) high = 6;
  }
  static bool supports(const kernel& k) {
    return k.residual_act == activation::identity || k.residual_act == activation::relu;
  }
  /// The activation is at most a limit on both sides: sums may be stored as they leave their registers. Others are computed in a second
  /// pass, from the nearest cache.
  bool is_direct() const { return act == activation::identity || act == activation::relu || act == activation::relu6; }

  activation act;
  bool residual;
  bool relu;
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();
};

/// Where sums go.
template <class T>
struct destination {
  T* first = nullptr;         ///< pixel, at the first channel
  std::ptrdiff_t stride = 0;  ///< between pixels
  int pixels = 0;
  int vectors = 0;
  int channels = 0;           ///< from the first channel on; what is beyond is not written
};

/// Asks for the memory of a destination: it comes while the sums are computed.
template <class T>
void prefetch(const destination<T>& to) {
  for (int m = 0; m < to.pixels; ++m)
    for (int v = 0; v < to.vectors; ++v) __builtin_prefetch(to.first + m * to.stride + v * lanes, 1);
}

/// Stores one vector of sums whose ending is direct.
template <class T>
[[NASCENT_DETAIL_INLINE]] inline void store_direct(T* to, __mmask16 mask, __m512 x, const ending& how) {
  x = _mm512_min_ps(_mm512_set1_ps(how.high), _mm512_max_ps(_mm512_set1_ps(how.low), x));
  if (how.residual) x = _mm512_add_ps(x, load(to, mask));
  if (how.relu) x = _mm512_max_ps(_mm512_setzero_ps(), x);
  store(to, mask, x);
}

/// Stores sums that lie in memory, pixel by pixel.
template <class T, activation Act>
[[NASCENT_DETAIL_AVX512]] void finish(const float* sums, const destination<T>& to, const ending& how) {
  constexpr bool precise = sizeof(T) == 4;
  const __m512 least = _mm512_set1_ps(how.relu ? 0.0F : -std::numeric_limits<float>::infinity());
  for (int v = 0; v < to.vectors; ++v) {
    const __mmask16 mask = mask_of(to.channels - v * lanes);
    const float* from = sums + v * lanes;
    T* out = to.first + v * lanes;
    for (int m = 0; m < to.pixels; ++m, from += to.vectors * lanes, out += to.stride) {
      __m512 x = activate<Act, precise>(_mm512_load_ps(from));
      if (how.residual) x = _mm512_add_ps(x, load(out, mask));
      store(out, mask, _mm512_max_ps(least, x));
    }
  }
}

template <class T>
using finisher = void (*)(const float*, const destination<T>&, const ending&);

template <class T>
finisher<T> finisher_of(activation act) {
  return with_activation(act, []<activation Act>() -> finisher<T> { return &finish<T, Act>; });
}

}  // namespace nascent::detail::avx512
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
#endif
