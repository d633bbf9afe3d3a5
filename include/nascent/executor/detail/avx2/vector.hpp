// SPDX-License-Identifier: Apache-2.0
/// \file
/// Eight numbers at a time with AVX2 and FMA: what the kernels in detail/vector are written in. As in
/// avx512/vector.hpp the functions carry their target themselves.
#pragma once

#include "nascent/executor/detail/vector/memory.hpp"
#include "nascent/executor/detail/vector/target.hpp"

#if defined(__x86_64__)
#include <immintrin.h>

#define NASCENT_DETAIL_AVX2 "avx2,fma"  // what functions for it are compiled for

NASCENT_DETAIL_TARGET_BEGIN(NASCENT_DETAIL_AVX2);
namespace nascent::detail::own::avx2 {

using floats = __m256;
using lane_mask = __m256i;

/// All lanes: a load or store without a mask, which costs less.
struct all_lanes {};

constexpr int lanes = 8;                ///< numbers in a register
constexpr bool masks_are_free = false;  ///< a masked load or store costs what a whole one costs

/// The sixteen registers hold sums of so many pixels by so many vectors of channels, the weights and one input.
constexpr int max_pixels = 8;
constexpr int max_vectors = 3;
constexpr int pixels_beside(int vectors) { return vectors == 3 ? 4 : vectors == 2 ? 6 : max_pixels; }

/// The lanes that hold channels, where `left` channels are left.
[[gnu::always_inline]] inline lane_mask mask_of(int left) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(left), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
[[gnu::always_inline]] inline all_lanes whole_mask() { return {}; }

[[gnu::always_inline]] inline floats load(const float* from, lane_mask mask) { return _mm256_maskload_ps(from, mask); }
[[gnu::always_inline]] inline floats load(const float* from, all_lanes /*all*/) { return _mm256_loadu_ps(from); }
[[gnu::always_inline]] inline void store(float* to, lane_mask mask, floats x) { _mm256_maskstore_ps(to, mask, x); }
[[gnu::always_inline]] inline void store(float* to, all_lanes /*all*/, floats x) { _mm256_storeu_ps(to, x); }
[[gnu::always_inline]] inline floats load_aligned(const float* from) { return _mm256_load_ps(from); }
[[gnu::always_inline]] inline void store_aligned(float* to, floats x) { _mm256_store_ps(to, x); }
[[gnu::always_inline]] inline void store_unaligned(float* to, floats x) { _mm256_storeu_ps(to, x); }

[[gnu::always_inline]] inline floats zero() { return _mm256_setzero_ps(); }
[[gnu::always_inline]] inline floats every(float x) { return _mm256_set1_ps(x); }
[[gnu::always_inline]] inline floats add(floats a, floats b) { return _mm256_add_ps(a, b); }
[[gnu::always_inline]] inline floats subtract(floats a, floats b) { return _mm256_sub_ps(a, b); }
[[gnu::always_inline]] inline floats multiply(floats a, floats b) { return _mm256_mul_ps(a, b); }
[[gnu::always_inline]] inline floats multiply_add(floats a, floats b, floats c) { return _mm256_fmadd_ps(a, b, c); }
/// c - a * b
[[gnu::always_inline]] inline floats negative_multiply_add(floats a, floats b, floats c) {
  return _mm256_fnmadd_ps(a, b, c);
}
/// Of a number and NaN, these two give the second operand.
[[gnu::always_inline]] inline floats least(floats a, floats b) { return _mm256_min_ps(a, b); }
[[gnu::always_inline]] inline floats greatest(floats a, floats b) { return _mm256_max_ps(a, b); }
/// 2 to the power of a whole number and a rest between -1/2 and 1/2.
struct power_of_two {
  __m256i exponent;  ///< the whole number where an f32 has its exponent
  floats rest;
};
/// exp(-x), between 2^-126 and 2^126, so that its exponent is one and one can be added to it. NaN stays NaN.
[[gnu::always_inline]] inline power_of_two exponential_of_negative(floats x) {
  const floats bounded = greatest(every(-87.0F), least(every(87.0F), x));
  const floats integers =
      every(12582912.0F);  // 1.5 * 2^23: what is added to it becomes whole, and stands in its last bits
  const floats shifted = multiply_add(bounded, every(-1.44269504F), integers);
  const floats whole = subtract(shifted, integers);
  return {_mm256_slli_epi32(_mm256_castps_si256(shifted), 23), _mm256_fmsub_ps(bounded, every(-1.44269504F), whole)};
}
/// x * 2^whole for x between 1/2 and 2.
[[gnu::always_inline]] inline floats scale(floats x, const power_of_two& e) {
  return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(x), e.exponent));
}
/// 1 / x to 2^-11 of itself.
[[gnu::always_inline]] inline floats rough_reciprocal(floats x) { return _mm256_rcp_ps(x); }

/// What one step of a matrix product takes from a row.
template <class T>
struct product;

template <>
struct product<float> {
  static constexpr int depth = 1;
  using vector = floats;
  [[gnu::always_inline]] static vector weights(const float* w) { return _mm256_load_ps(w); }
  [[gnu::always_inline]] static vector broadcast(const float* x) { return _mm256_broadcast_ss(x); }
  [[gnu::always_inline]] static floats add(floats sum, vector x, vector w) { return _mm256_fmadd_ps(x, w, sum); }
};

}  // namespace nascent::detail::own::avx2
NASCENT_DETAIL_TARGET_END();

#endif
