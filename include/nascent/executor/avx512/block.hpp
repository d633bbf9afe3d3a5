// SPDX-License-Identifier: Apache-2.0
/// \file
/// Matrix products with AVX-512 whose sums stay in registers: the core of convolutions between all channels.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include "nascent/executor/avx512/numbers.hpp"

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

template <class T>
using run_block = void (*)(const T* const*, int, int, const T*, const float*, bool, float*);

template <class T, int Vectors>
run_block<T> block_of(int pixels) {
  static constexpr auto table = []<int... M>(std::integer_sequence<int, M...>) {
    return std::array<run_block<T>, sizeof...(M)>{&block<T, M + 1, Vectors>::run...};
  }(std::make_integer_sequence<int, max_pixels>{});
  return table[static_cast<std::size_t>(pixels - 1)];
}

/// The block for 1 to max_pixels pixels by 1 to max_vectors vectors.
template <class T>
run_block<T> block_of(int pixels, int vectors) {
  return vectors == 3 ? block_of<T, 3>(pixels) : vectors == 2 ? block_of<T, 2>(pixels) : block_of<T, 1>(pixels);
}

/// Output channels that are computed together.
struct panel {
  int first_channel = 0;
  int vectors = 0;
};

inline std::vector<panel> panels_of(int channels) {
  std::vector<panel> panels;
  const int all = (channels + lanes - 1) / lanes;
  for (int v = 0; v < all; v += panels.back().vectors)
    panels.push_back({v * lanes, all - v == 4 ? 2 : std::min(all - v, max_vectors)});  // 2 + 2 is faster than 3 + 1
  return panels;
}

}  // namespace nascent::detail::avx512
#endif
