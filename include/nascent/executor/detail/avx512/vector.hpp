// SPDX-License-Identifier: Apache-2.0
/// \file
/// Sixteen numbers at a time with AVX-512: what the kernels in detail/vector are written in.
///
/// The instructions stand in functions that carry their target themselves: programs need no compiler flag, and run on
/// any processor as long as nobody calls these functions where the instructions are missing.
#pragma once

#include <cstdint>

#include "nascent/executor/detail/vector/memory.hpp"
#include "nascent/executor/detail/vector/target.hpp"

#if defined(__x86_64__)
#include <immintrin.h>

#define NASCENT_DETAIL_AVX512 \
  "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma"  // what functions for it are compiled for

NASCENT_DETAIL_TARGET_BEGIN(NASCENT_DETAIL_AVX512);
namespace nascent::detail::own::avx512 {

using floats = __m512;
using lane_mask = __mmask16;

constexpr int lanes = 16;              ///< numbers in a register
constexpr bool masks_are_free = true;  ///< a masked load or store costs what a whole one costs

/// The registers of a block hold sums of so many pixels by so many vectors of channels. More pixels would need more
/// pointers than there are registers for; more vectors would leave none for weights.
constexpr int max_pixels = 8;
constexpr int max_vectors = 3;
constexpr int pixels_beside(int /*vectors*/) { return max_pixels; }

/// The lanes that hold channels, where `left` channels are left.
[[gnu::always_inline]] inline lane_mask mask_of(int left) {
  return left >= lanes ? static_cast<__mmask16>(0xFFFF) : static_cast<__mmask16>((1U << left) - 1U);
}
[[gnu::always_inline]] inline lane_mask whole_mask() { return mask_of(lanes); }

[[gnu::always_inline]] inline floats load(const float* from, lane_mask mask) {
  return _mm512_maskz_loadu_ps(mask, from);
}
[[gnu::always_inline]] inline floats load(const bfloat16* from, lane_mask mask) {
  const __m256i halves = _mm256_maskz_loadu_epi16(mask, from);
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}
[[gnu::always_inline]] inline void store(float* to, lane_mask mask, floats x) { _mm512_mask_storeu_ps(to, mask, x); }
[[gnu::always_inline]] inline void store(bfloat16* to, lane_mask mask, floats x) {
  const __m256bh rounded = _mm512_cvtneps_pbh(x);
  __m256i halves;
  __builtin_memcpy(&halves, &rounded, sizeof halves);
  _mm256_mask_storeu_epi16(to, mask, halves);
}
[[gnu::always_inline]] inline floats load_aligned(const float* from) { return _mm512_load_ps(from); }
[[gnu::always_inline]] inline void store_aligned(float* to, floats x) { _mm512_store_ps(to, x); }
[[gnu::always_inline]] inline void store_unaligned(float* to, floats x) { _mm512_storeu_ps(to, x); }

[[gnu::always_inline]] inline floats zero() { return _mm512_setzero_ps(); }
[[gnu::always_inline]] inline floats every(float x) { return _mm512_set1_ps(x); }
[[gnu::always_inline]] inline floats add(floats a, floats b) { return _mm512_add_ps(a, b); }
[[gnu::always_inline]] inline floats subtract(floats a, floats b) { return _mm512_sub_ps(a, b); }
[[gnu::always_inline]] inline floats multiply(floats a, floats b) { return _mm512_mul_ps(a, b); }
[[gnu::always_inline]] inline floats multiply_add(floats a, floats b, floats c) { return _mm512_fmadd_ps(a, b, c); }
/// c - a * b
[[gnu::always_inline]] inline floats negative_multiply_add(floats a, floats b, floats c) {
  return _mm512_fnmadd_ps(a, b, c);
}
/// Of a number and NaN, these two give the second operand.
[[gnu::always_inline]] inline floats least(floats a, floats b) { return _mm512_min_ps(a, b); }
[[gnu::always_inline]] inline floats greatest(floats a, floats b) { return _mm512_max_ps(a, b); }
/// 2 to the power of a whole number and a rest between -1/2 and 1/2.
struct power_of_two {
  floats whole;
  floats rest;
};
/// exp(-x), at most 2^126, so that one can be added to it. NaN stays NaN.
[[gnu::always_inline]] inline power_of_two exponential_of_negative(floats x) {
  const floats t = least(every(126.0F), multiply(x, every(-1.44269504F)));
  const floats whole = _mm512_roundscale_ps(t, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  return {whole, subtract(t, whole)};
}
/// x * 2^whole
[[gnu::always_inline]] inline floats scale(floats x, const power_of_two& e) { return _mm512_scalef_ps(x, e.whole); }
/// 1 / x to 2^-14 of itself.
[[gnu::always_inline]] inline floats rough_reciprocal(floats x) { return _mm512_rcp14_ps(x); }

/// What one step of a matrix product takes from a row: one f32, or two bf16 side by side.
template <class T>
struct product;

template <>
struct product<float> {
  static constexpr int depth = 1;
  using vector = floats;
  [[gnu::always_inline]] static vector weights(const float* w) { return _mm512_load_ps(w); }
  [[gnu::always_inline]] static vector broadcast(const float* x) { return _mm512_set1_ps(*x); }
  [[gnu::always_inline]] static floats add(floats sum, vector x, vector w) { return _mm512_fmadd_ps(x, w, sum); }
};

template <>
struct product<bfloat16> {
  static constexpr int depth = 2;
  using vector = __m512bh;
  [[gnu::always_inline]] static vector of(__m512i bits) {
    vector v;
    __builtin_memcpy(&v, &bits, sizeof v);
    return v;
  }
  [[gnu::always_inline]] static vector weights(const bfloat16* w) { return of(_mm512_load_si512(w)); }
  [[gnu::always_inline]] static vector broadcast(const bfloat16* x) {
    std::int32_t pair;
    __builtin_memcpy(&pair, x, sizeof pair);
    return of(_mm512_set1_epi32(pair));
  }
  /// The last number of a row of odd length.
  [[gnu::always_inline]] static vector broadcast_last(const bfloat16* x) { return of(_mm512_set1_epi32(x->bits)); }
  [[gnu::always_inline]] static floats add(floats sum, vector x, vector w) { return _mm512_dpbf16_ps(sum, x, w); }
};

}  // namespace nascent::detail::own::avx512
NASCENT_DETAIL_TARGET_END();

#endif
