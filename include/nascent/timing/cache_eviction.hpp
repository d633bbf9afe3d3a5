// SPDX-License-Identifier: Apache-2.0
/// \file
/// How to make a processor's caches hold what a context says.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "nascent/executor/cache_context.hpp"
#include "nascent/timing/caches.hpp"

namespace nascent {

/// Bytes to write and read so that a context's caches hold nothing else: twice the largest cache that one core has for
/// itself for `evicted`, twice the largest of all for `cold`, but at most 64 MiB, since a sample costs that much time:
/// on processors with a larger shared cache, part of a kernel may still be in it. 0 for the other contexts.
inline std::size_t eviction_bytes(cache_context context, const std::vector<data_cache>& caches = data_caches()) {
  constexpr std::size_t unknown_own = std::size_t{2} << 20;
  constexpr std::size_t unknown_largest = std::size_t{32} << 20;
  constexpr std::size_t most = std::size_t{64} << 20;
  std::size_t own = 0;
  std::size_t largest = 0;
  for (const data_cache& c : caches) {
    largest = std::max(largest, c.bytes);
    if (c.level <= 2) own = std::max(own, c.bytes);
  }
  if (context == cache_context::evicted) return std::min(most, 2 * (own == 0 ? unknown_own : own));
  if (context == cache_context::cold) return std::min(most, 2 * (largest == 0 ? unknown_largest : largest));
  return 0;
}

/// Memory that pushes everything else out of the caches when it is written.
class cache_eviction {
 public:
  explicit cache_eviction(cache_context context) : memory_(eviction_bytes(context)) {}

  /// Nothing where the context needs none.
  void operator()() {
    constexpr std::size_t line = 64;
    for (std::size_t i = 0; i < memory_.size(); i += line) ++memory_[i];
    asm volatile("" : : "r"(memory_.data()) : "memory");  // the writes are the purpose
  }

 private:
  std::vector<unsigned char> memory_;
};

}  // namespace nascent
