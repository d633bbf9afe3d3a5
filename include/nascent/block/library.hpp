// SPDX-License-Identifier: Apache-2.0
/// \file
/// The blocks of the library, for what takes one by its name.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include "nascent/block/basic_block.hpp"
#include "nascent/block/block.hpp"
#include "nascent/block/convnext_block.hpp"
#include "nascent/block/decoder.hpp"
#include "nascent/block/detail/role_list.hpp"
#include "nascent/block/rep_block.hpp"
#include "nascent/block/shuffle_unit.hpp"
#include "nascent/block/split_attention.hpp"
#include "nascent/block/tokens.hpp"
#include "nascent/block/transformer.hpp"
#include "nascent/block/universal_inverted_bottleneck.hpp"

namespace nascent {
namespace detail {

/// A block with plain values in its fields: of the types that they have by default, and a `double` where their role
/// takes fractions.
template <class Block, class Indices>
struct plain;
template <template <class...> class Block, class... Fields, std::size_t... J>
struct plain<Block<Fields...>, std::index_sequence<J...>> {
  template <class Field, std::size_t Number>
  static constexpr bool takes_fractions =
      std::is_integral_v<Field> && !std::is_same_v<Field, bool> && roles_of<Block<Fields...>>[Number].rule.allowed &&
      !roles_of<Block<Fields...>>[Number].rule.whole;
  using type = Block<std::conditional_t<takes_fractions<Fields, J>, double, Fields>...>;
};
template <class Block>
struct plain<Block, std::index_sequence<>> {
  using type = Block;
};

}  // namespace detail

/// The block's template with a plain value in every field, e.g. `mbconv<int, int, double, ...>` of `mbconv<>`.
template <class Block>
using plain_block = typename detail::plain<Block, std::make_index_sequence<field_count<Block>>>::type;

/// Calls `visit` with each block of the library, with plain values in its fields, at their defaults.
template <class Visit>
constexpr void for_each_block(Visit&& visit) {
  visit(plain_block<conv<>>{});
  visit(plain_block<depthwise_conv<>>{});
  visit(plain_block<mbconv<>>{});
  visit(plain_block<fused_mbconv<>>{});
  visit(plain_block<bottleneck<>>{});
  visit(plain_block<split_attention<>>{});
  visit(plain_block<basic_block<>>{});
  visit(plain_block<dense_layer<>>{});
  visit(plain_block<universal_inverted_bottleneck<>>{});
  visit(plain_block<convnext_block<>>{});
  visit(plain_block<attention<>>{});
  visit(plain_block<transformer_block<>>{});
  visit(plain_block<mobilevit_block<>>{});
  visit(plain_block<shuffle_unit<>>{});
  visit(plain_block<ghost<>>{});
  visit(plain_block<mix_conv<>>{});
  visit(plain_block<rep_block<>>{});
  visit(plain_block<resize<>>{});
  visit(plain_block<transposed_conv<>>{});
  visit(plain_block<patch_embedding<>>{});
  visit(plain_block<token_embedding>{});
  visit(plain_block<first_token>{});
  visit(plain_block<layer_norm<>>{});
  visit(plain_block<space_to_depth<>>{});
  visit(plain_block<space_to_depth_copy<>>{});
  visit(plain_block<space_to_batch<>>{});
  visit(plain_block<batch_to_space<>>{});
  visit(plain_block<max_pool<>>{});
  visit(plain_block<average_pool<>>{});
  visit(plain_block<global_pool>{});
  visit(plain_block<global_max_pool>{});
  visit(plain_block<adaptive_pool<>>{});
  visit(plain_block<dense<>>{});
}

}  // namespace nascent
