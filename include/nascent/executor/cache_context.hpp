// SPDX-License-Identifier: Apache-2.0
/// \file
/// What the caches hold when a kernel is timed.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "nascent/base/language.hpp"

namespace nascent {

/// What the caches held when a kernel was timed.
enum class cache_context : std::uint8_t {
  in_network,  ///< what its neighbours in a running network leave: the truth
  evicted,     ///< the caches of its core evicted, then its input written: a cheap stand-in
  hot,         ///< its own weights and maps, from the run before
  cold,        ///< nothing of it, as far as reading or writing other memory can achieve that
};

constexpr const char* to_string(cache_context context) {
  switch (context) {
    case cache_context::in_network: return "in_network";
    case cache_context::evicted: return "evicted";
    case cache_context::hot: return "hot";
    case cache_context::cold: return "cold";
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

}  // namespace nascent
