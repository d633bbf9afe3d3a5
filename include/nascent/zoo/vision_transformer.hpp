// SPDX-License-Identifier: Apache-2.0
/// \file
/// Vision transformers (Dosovitskiy et al., 2021, "An Image is Worth 16x16 Words") in the sizes of DeiT (Touvron et
/// al., 2021), and MobileViT (Mehta and Rastegari, 2022), which has them between convolutions.
#pragma once

#include <array>
#include <cstddef>

#include "nascent/block/tokens.hpp"
#include "nascent/block/transformer.hpp"
#include "nascent/zoo/resnet.hpp"

namespace nascent::zoo {

/// 16x16 patches as tokens, a class token before them, an embedding of positions, 12 layers, and a classifier on the
/// normalised class token.
struct vision_transformer_body {
  int width;
  int heads;

  constexpr tensor operator()(auto& net, tensor x) const {
    net.stage("patches");
    x = place(net, token_embedding{}, place(net, patch_embedding{.filters = width, .patch = 16}, x));
    x = add_stage(net, x, "layers", transformer_block{.heads = heads}, 12);
    net.stage("classifier");
    x = place(net, first_token{}, place(net, layer_norm<>{}, x));
    return place(net, dense{.units = 1000}, x);
  }
};

inline constexpr model deit_ti{"DeiT-Ti", 224, vision_transformer_body{.width = 192, .heads = 3}};
inline constexpr model vit_s_16{"ViT-S/16", 224, vision_transformer_body{.width = 384, .heads = 6}};

/// A 3x3 stem, inverted bottlenecks, and from 1/8 of the input on a transformer block behind the strided one of each
/// stage.
struct mobilevit_s_body {
  /// Not inside a template: clang 19 loses fields of other types than the defaults there.
  constexpr static auto bottleneck_to(int filters) {
    return mbconv{.filters = filters, .expand = 4, .act = swish, .pad = padding::symmetric};
  }
  constexpr static auto transformers(int width, int layers) {
    return mobilevit_block{.width = width, .layers = layers};
  }

  constexpr tensor operator()(auto& net, tensor x) const {
    net.stage("stem");
    x = net.conv(x, {.filters = 16, .kernel = 3, .stride = 2, .act = swish, .pad = padding::symmetric});
    x = add_stage(net, x, "1", bottleneck_to(32));
    x = add_stage(net, x, "2", bottleneck_to(64), 3, 2);
    constexpr std::array<std::array<int, 3>, 3> stages{{{96, 144, 2}, {128, 192, 4}, {160, 240, 3}}};
    constexpr std::array<std::string_view, 3> names{"3", "4", "5"};
    for (std::size_t i = 0; i < 3; ++i) {
      x = add_stage(net, x, names[i], bottleneck_to(stages[i][0]), 1, 2);
      x = place(net, transformers(stages[i][1], stages[i][2]), x);
    }
    net.stage("head");
    x = net.conv(x, {.filters = 640, .act = swish});
    return classify(net, x);
  }
};

inline constexpr model mobilevit_s{"MobileViT-S", 256, mobilevit_s_body{}};

}  // namespace nascent::zoo
