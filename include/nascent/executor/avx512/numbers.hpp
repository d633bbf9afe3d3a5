// SPDX-License-Identifier: Apache-2.0
/// \file
/// Sixteen numbers at a time with AVX-512: loads, stores, products and activation functions of our own kernels.
///
/// The instructions stand in functions that carry their target themselves: programs need no compiler flag, and run on any processor
/// as long as nobody calls these functions where the instructions are missing.
#pragma once

#include <cstdint>

#include "nascent/block/activation.hpp"
#include "nascent/executor/avx512/memory.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace nascent::detail::avx512 {

constexpr int lanes = 16;  ///< numbers in a register

}  // namespace nascent::detail::avx512

#if defined(__x86_64__)
#if defined(__GNUC__) && !defined(__clang__)
// g++ 12 takes the operand that an unmasked instruction ignores for a forgotten one (its bug 105593).
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#define NASCENT_DETAIL_AVX512 gnu::target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")
#define NASCENT_DETAIL_INLINE gnu::always_inline, NASCENT_DETAIL_AVX512

namespace nascent::detail::avx512 {

/// The lanes that hold channels, where `left` channels are left.
[[NASCENT_DETAIL_INLINE]] inline __mmask16 mask_of(int left) {
  return left >= lanes ? static_cast<__mmask16>(0xFFFF) : static_cast<__mmask16>((1U << left) - 1U);
}

[[NASCENT_DETAIL_INLINE]] inline __m512 load(const float* from, __mmask16 mask) { return _mm512_maskz_loadu_ps(mask, from); }
[[NASCENT_DETAIL_INLINE]] inline __m512 load(const bfloat16* from, __mmask16 mask) {
  const __m256i halves = _mm256_maskz_loadu_epi16(mask, from);
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}

[[NASCENT_DETAIL_INLINE]] inline void store(float* to, __mmask16 mask, __m512 x) { _mm512_mask_storeu_ps(to, mask, x); }
[[NASCENT_DETAIL_INLINE]] inline void store(bfloat16* to, __mmask16 mask, __m512 x) {
  const __m256bh rounded = _mm512_cvtneps_pbh(x);
  __m256i halves;
  __builtin_memcpy(&halves, &rounded, sizeof halves);
  _mm256_mask_storeu_epi16(to, mask, halves);
}

/// What one step of a matrix product takes from a row: one f32, or two bf16 side by side.
template <class T>
struct product;

template <>
struct product<float> {
  static constexpr int depth = 1;
  using vector = __m512;
  [[NASCENT_DETAIL_INLINE]] static vector weights(const float* w) { return _mm512_load_ps(w); }
  [[NASCENT_DETAIL_INLINE]] static vector broadcast(const float* x) { return _mm512_set1_ps(*x); }
  [[NASCENT_DETAIL_INLINE]] static __m512 add(__m512 sum, vector x, vector w) { return _mm512_fmadd_ps(x, w, sum); }
};

template <>
struct product<bfloat16> {
  static constexpr int depth = 2;
  using vector = __m512bh;
  [[NASCENT_DETAIL_INLINE]] static vector of(__m512i bits) {
    vector v;
    __builtin_memcpy(&v, &bits, sizeof v);
    return v;
  }
  [[NASCENT_DETAIL_INLINE]] static vector weights(const bfloat16* w) { return of(_mm512_load_si512(w)); }
  [[NASCENT_DETAIL_INLINE]] static vector broadcast(const bfloat16* x) {
    std::int32_t pair;
    __builtin_memcpy(&pair, x, sizeof pair);
    return of(_mm512_set1_epi32(pair));
  }
  /// The last number of a row of odd length.
  [[NASCENT_DETAIL_INLINE]] static vector broadcast_last(const bfloat16* x) { return of(_mm512_set1_epi32(x->bits)); }
  [[NASCENT_DETAIL_INLINE]] static __m512 add(__m512 sum, vector x, vector w) { return _mm512_dpbf16_ps(sum, x, w); }
};

/// 1 / (1 + exp(-x)) to 4e-6 relative, or with `precise` false to 7e-5, which bf16 does not show. 2^t is a power of two for the nearest
/// integer times a polynomial (interpolated at Chebyshev nodes) for the rest.
template <bool Precise>
[[NASCENT_DETAIL_INLINE]] inline __m512 logistic(__m512 x) {
  // Beyond 2^126 the sum below would not be finite. (Of a number and NaN, min and max give the second operand.)
  const __m512 t = _mm512_min_ps(_mm512_set1_ps(126.0F), _mm512_mul_ps(x, _mm512_set1_ps(-1.44269504F)));
  const __m512 whole = _mm512_roundscale_ps(t, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m512 r = _mm512_sub_ps(t, whole);
  __m512 p;
  if constexpr (Precise) {
    p = _mm512_fmadd_ps(_mm512_set1_ps(0.0013390863F), r, _mm512_set1_ps(0.009676032F));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.05550357F));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.24022107F));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.6931472F));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0000001F));
  } else {
    p = _mm512_fmadd_ps(_mm512_set1_ps(0.05583828F), r, _mm512_set1_ps(0.2426395F));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.6931368F));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.9999245F));
  }
  const __m512 sum = _mm512_add_ps(_mm512_scalef_ps(p, whole), _mm512_set1_ps(1.0F));
  const __m512 y = _mm512_rcp14_ps(sum);
  if constexpr (!Precise) return y;
  return _mm512_mul_ps(y, _mm512_fnmadd_ps(sum, y, _mm512_set1_ps(2.0F)));  // one step of Newton's method
}

template <activation Act, bool Precise>
[[NASCENT_DETAIL_INLINE]] inline __m512 activate(__m512 x) {
  if constexpr (Act == activation::relu) {
    return _mm512_max_ps(_mm512_setzero_ps(), x);
  } else if constexpr (Act == activation::relu6) {
    return _mm512_min_ps(_mm512_set1_ps(6.0F), _mm512_max_ps(_mm512_setzero_ps(), x));
  } else if constexpr (Act == activation::hswish) {
    const __m512 gate =
        _mm512_min_ps(_mm512_max_ps(_mm512_add_ps(x, _mm512_set1_ps(3.0F)), _mm512_setzero_ps()), _mm512_set1_ps(6.0F));
    return _mm512_mul_ps(_mm512_mul_ps(x, gate), _mm512_set1_ps(1.0F / 6));
  } else if constexpr (Act == activation::sigmoid) {
    return logistic<Precise>(x);
  } else if constexpr (Act == activation::swish) {
    return _mm512_mul_ps(x, logistic<Precise>(x));
  } else if constexpr (Act == activation::zero) {
    return _mm512_setzero_ps();
  } else {
    return x;
  }
}

/// Calls `f.template operator()<act>()` with the activation as a constant.
template <class F>
auto with_activation(activation act, F&& f) {
  switch (act) {
    case activation::relu: return f.template operator()<activation::relu>();
    case activation::relu6: return f.template operator()<activation::relu6>();
    case activation::swish: return f.template operator()<activation::swish>();
    case activation::hswish: return f.template operator()<activation::hswish>();
    case activation::sigmoid: return f.template operator()<activation::sigmoid>();
    case activation::zero: return f.template operator()<activation::zero>();
    case activation::identity: break;
  }
  return f.template operator()<activation::identity>();
}

}  // namespace nascent::detail::avx512

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
#endif
