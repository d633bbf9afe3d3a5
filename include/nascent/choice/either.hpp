// SPDX-License-Identifier: Apache-2.0
/// \file
/// Alternatives of whole blocks.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include "nascent/base/language.hpp"

namespace nascent {

/// A layer that passes its input on. Among alternatives it is offered to every layer of an independent stage but the
/// first.
struct skip {
  struct roles {};

  constexpr auto operator()(auto& /*net*/, auto input, auto /*stride*/) const { return input; }
};

namespace detail {

template <std::size_t I, class Block>
struct alternative {
  Block block;
};

template <class Indices, class... Blocks>
struct alternative_storage;
template <std::size_t... I, class... Blocks>
struct alternative_storage<std::index_sequence<I...>, Blocks...> : alternative<I, Blocks>... {};

template <std::size_t I, class Block>
constexpr const Block& alternative_at(const alternative<I, Block>& a) {
  return a.block;
}

/// A block that changes nothing: stands in after a mistake was reported, so that nothing else is.
struct nothing {
  struct roles {};

  constexpr auto operator()(auto& /*net*/, auto input, auto /*stride*/) const { return input; }
};

/// Stands where a block was expected and something else was found; the space reports it with the stage's name.
template <class Found>
struct not_a_block {};

template <class Found>
constexpr auto as_block(Found found) {
  if constexpr (std::is_class_v<Found> && (std::is_aggregate_v<Found> || std::is_empty_v<Found>)) return found;
  else return not_a_block<Found>{};
}

}  // namespace detail

/// Blocks of which one is chosen.
template <class... Blocks>
struct alternatives {
  static constexpr std::size_t count = sizeof...(Blocks);
  detail::alternative_storage<std::index_sequence_for<Blocks...>, Blocks...> blocks;
};

/// A choice between whole blocks: `either(mbconv{...}, fused_mbconv{...}, skip{})`.
template <class... Blocks>
constexpr auto either(Blocks... blocks) {
  static_assert(
      sizeof...(Blocks) > 1,
      "nascent: either() found fewer than 2 blocks; allowed: 2 or more; write the block itself for no choice");
  if constexpr (sizeof...(Blocks) > 0) {
    return alternatives<decltype(detail::as_block(blocks))...>{{{detail::as_block(blocks)}...}};
  } else {
    return detail::nothing{};
  }
}

/// Alternative I of a block; a block that is no set of alternatives is its own alternative 0.
template <std::size_t I, class... Blocks>
constexpr const auto& alternative_of(const alternatives<Blocks...>& set) {
  return detail::alternative_at<I>(set.blocks);
}
template <std::size_t I, class Block>
constexpr const Block& alternative_of(const Block& block) {
  static_assert(I == 0);
  return block;
}

template <class Block>
inline constexpr std::size_t alternative_count = 1;
template <class... Blocks>
inline constexpr std::size_t alternative_count<alternatives<Blocks...>> = sizeof...(Blocks);

template <class Block>
inline constexpr bool is_skip = std::is_same_v<std::remove_cvref_t<Block>, skip>;

}  // namespace nascent
