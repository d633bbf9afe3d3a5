// SPDX-License-Identifier: Apache-2.0
/// \file
/// What the caches hold when a kernel is timed, and how to make them hold it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "nascent/latency/caches.hpp"

namespace nascent {

/// What the caches held when a kernel was timed.
enum class cache_context : std::uint8_t {
  in_network,  ///< what its neighbours in a running network leave: the truth
  evicted,     ///< the caches of its core evicted, then its input written: a cheap stand-in
  hot,         ///< its own weights and maps, from the run before
  cold,        ///< nothing of it, as far as reading other memory can achieve that, see `eviction_bytes`
};

constexpr const char* to_string(cache_context context) {
  switch (context) {
    case cache_context::in_network:
      return "in_network";
    case cache_context::evicted:
      return "evicted";
    case cache_context::hot:
      return "hot";
    case cache_context::cold:
      return "cold";
  }
  return "unknown";
}

/// The context of a name, as `to_string` writes it; none where it is no context.
constexpr std::optional<cache_context> parse_cache_context(std::string_view name) {
  for (const cache_context c :
       {cache_context::in_network, cache_context::evicted, cache_context::hot, cache_context::cold})
    if (name == to_string(c)) return c;
  return std::nullopt;
}

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
