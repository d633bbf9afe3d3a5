// SPDX-License-Identifier: Apache-2.0
/// \file
/// Alternatives of whole blocks.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

namespace nascent {

/// A layer that passes its input on. Among alternatives it is offered to every layer of an independent stage but the first.
struct skip {
  constexpr auto operator()(auto& /*net*/, auto input, int /*stride*/) const { return input; }
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

}  // namespace detail

/// Blocks of which one is chosen.
template <class... Blocks>
struct alternatives {
  static constexpr std::size_t count = sizeof...(Blocks);
  detail::alternative_storage<std::index_sequence_for<Blocks...>, Blocks...> blocks;
};

/// A choice between whole blocks: `either(mbconv{...}, fused_mbconv{...}, skip{})`.
template <class... Blocks>
constexpr alternatives<Blocks...> either(Blocks... blocks) {
  static_assert(sizeof...(Blocks) > 1, "nascent: either() found fewer than 2 blocks; allowed: 2 or more; write the block itself for no choice");
  return {{{blocks}...}};
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
