// SPDX-License-Identifier: Apache-2.0
/// \file
/// Random numbers that are the same on every compiler: a generator and unbiased bounded draws.
#pragma once

#include <cstdint>

#include "nascent/base/uint128.hpp"

namespace nascent {

/// xoshiro256++ (Blackman and Vigna, 2019), seeded through splitmix64. Any generator of 32 or 64 uniform bits may stand
/// in for it.
class random_engine {
 public:
  using result_type = std::uint64_t;
  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return ~result_type{0}; }

  constexpr explicit random_engine(std::uint64_t seed = 0) {
    for (std::uint64_t& word : state_) {
      seed += 0x9e3779b97f4a7c15U;
      std::uint64_t z = seed;
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
      z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
      word = z ^ (z >> 31);
    }
  }

  constexpr result_type operator()() {
    const std::uint64_t result = rotate(state_[0] + state_[3], 23) + state_[0];
    const std::uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = rotate(state_[3], 45);
    return result;
  }

 private:
  static constexpr std::uint64_t rotate(std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }
  std::uint64_t state_[4] = {};
};

/// 64 uniform bits from any standard generator of 32 or 64 bits.
template <class Generator>
constexpr std::uint64_t random_bits(Generator& rng) {
  constexpr std::uint64_t span =
      static_cast<std::uint64_t>(Generator::max()) - static_cast<std::uint64_t>(Generator::min());
  static_assert(
      span == ~std::uint64_t{0} || span == 0xffffffffU,
      "nascent: the random generator must give 32 or 64 uniform bits, e.g. nascent::random_engine or std::mt19937_64");
  if constexpr (span == ~std::uint64_t{0}) {
    return static_cast<std::uint64_t>(rng() - Generator::min());
  } else {
    const auto high = static_cast<std::uint64_t>(rng() - Generator::min());
    return high << 32 | static_cast<std::uint64_t>(rng() - Generator::min());
  }
}

/// Uniform over 0 .. n - 1 without bias (Lemire, 2019). n >= 1.
template <class Generator>
constexpr std::uint64_t random_below(Generator& rng, std::uint64_t n) {
  uint128 product = static_cast<uint128>(random_bits(rng)) * n;
  auto low = static_cast<std::uint64_t>(product);
  if (low < n) [[unlikely]] {
    const std::uint64_t threshold = (std::uint64_t{0} - n) % n;
    while (low < threshold) {
      product = static_cast<uint128>(random_bits(rng)) * n;
      low = static_cast<std::uint64_t>(product);
    }
  }
  return static_cast<std::uint64_t>(product >> 64);
}

/// Uniform in [0, 1), of 53 bits.
template <class Generator>
constexpr double random_unit(Generator& rng) {
  return static_cast<double>(random_bits(rng) >> 11) * 0x1p-53;
}

/// Uniform over 0 .. n - 1 for 128-bit n, by masking and drawing again: fewer than two draws on average.
template <class Generator>
constexpr uint128 random_below(Generator& rng, uint128 n) {
  if (n <= ~std::uint64_t{0}) return random_below(rng, static_cast<std::uint64_t>(n));
  uint128 mask = n - 1;
  for (int shift = 1; shift < 128; shift *= 2) mask |= mask >> shift;
  for (;;) {
    const uint128 high = random_bits(rng);
    const uint128 drawn = (high << 64 | random_bits(rng)) & mask;
    if (drawn < n) return drawn;
  }
}

}  // namespace nascent
