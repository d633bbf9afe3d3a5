// SPDX-License-Identifier: Apache-2.0
/// \file
/// Spaces of vision transformers: those of AutoFormer (Chen et al., 2021, "AutoFormer: Searching Transformers for
/// Visual Recognition"), and one around the three MobileViTs (Mehta and Rastegari, 2022).
#pragma once

#include "nascent/block/block.hpp"
#include "nascent/block/tokens.hpp"
#include "nascent/block/transformer.hpp"
#include "nascent/space/space.hpp"

namespace nascent::zoo {

namespace detail {

/// The width is chosen once, and 12 to 14 layers choose heads of 64 channels and the ratio of their hidden layer, each
/// on its own. DeiT's body around them: a class token, and no relative positions, which AutoFormer adds to its scores.
template <class Heads, class Expand>
constexpr auto autoformer(const char* name, int_range widths, Heads heads, Expand expand) {
  return search_space(name)
      .input(3, 224)
      .stage("patches", patch_embedding{.filters = widths, .patch = 16})
      .stage("tokens", token_embedding{})
      .stage("layers", transformer_block{.heads = heads, .expand = expand, .head_width = 64})
      .layers(independent(range(12, 14)))
      .head(layer_norm<>{}, first_token{}, dense{1000});
}

}  // namespace detail

/// The ranges of AutoFormer-tiny's supernet (paper, Table 1; microsoft/Cream, AutoFormer/experiments/supernet), and
/// ratio 3 beside 3.5 and 4: the published AutoFormer-T has it in three layers, although neither list does.
/// (Its file counts to 5.77 M parameters, printed are 5.7 M.) DeiT-Ti is a member. Size 3 * (6^12 + 6^13 + 6^14).
inline constexpr auto autoformer_t =
    define([] { return detail::autoformer("AutoFormer-T", range(192, 240, 24), one_of(3, 4), one_of(3, 3.5, 4)); });

/// The same of AutoFormer-small. ViT-S/16, which is DeiT-S, is a member. Size 3 * (9^12 + 9^13 + 9^14).
inline constexpr auto autoformer_s =
    define([] { return detail::autoformer("AutoFormer-S", range(320, 448, 64), one_of(5, 6, 7), one_of(3, 3.5, 4)); });

namespace detail {

template <class Filters>
constexpr auto mobilevit_bottleneck(Filters filters) {
  return mbconv{.filters = filters, .expand = one_of(2, 4), .act = swish, .pad = padding::symmetric};
}

}  // namespace detail

/// Convolutions below and transformers above: the body of MobileViT with what differs between its XXS, XS and S as
/// choices, and from 1 to 4 transformer layers a stage. The ranges are those of the three networks, which are members.
inline constexpr auto mobilevit = define([] {
  return search_space("MobileViT")
      .input(3, 256)
      .stage("stem", conv{.filters = 16, .act = swish, .pad = padding::symmetric})
      .stride(2)
      .stage("1", detail::mobilevit_bottleneck(one_of(16, 32)))
      .stage("2", detail::mobilevit_bottleneck(one_of(24, 48, 64)))
      .stride(2)
      .layers(range(2, 4))
      .stage("3", detail::mobilevit_bottleneck(one_of(48, 64, 96)))
      .stride(2)
      .stage("3_transformer", mobilevit_block{.width = one_of(64, 96, 144), .layers = range(1, 4)})
      .stage("4", detail::mobilevit_bottleneck(one_of(64, 80, 128)))
      .stride(2)
      .stage("4_transformer", mobilevit_block{.width = one_of(80, 120, 192), .layers = range(1, 4)})
      .stage("5", detail::mobilevit_bottleneck(one_of(80, 96, 160)))
      .stride(2)
      .stage("5_transformer", mobilevit_block{.width = one_of(96, 144, 240), .layers = range(1, 4)})
      .head(conv{.filters = one_of(320, 384, 640), .kernel = 1, .act = swish}, global_pool{}, dense{1000});
});

}  // namespace nascent::zoo
