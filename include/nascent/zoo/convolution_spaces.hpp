// SPDX-License-Identifier: Apache-2.0
/// \file
/// Spaces of today's convolutional networks: around ConvNeXt (Liu et al., 2022) and MobileNetV4 (Qin et al., 2024).
#pragma once

#include "nascent/block/block.hpp"
#include "nascent/block/convnext_block.hpp"
#include "nascent/block/tokens.hpp"
#include "nascent/block/universal_inverted_bottleneck.hpp"
#include "nascent/space/space.hpp"

namespace nascent::zoo {

namespace detail {

/// The widths of the first stage from ConvNeXt-Atto to ConvNeXt-L, times what a later stage has of them.
constexpr auto convnext_widths(int times) {
  return one_of(40 * times, 48 * times, 64 * times, 80 * times, 96 * times, 128 * times, 192 * times);
}

template <class Filters>
constexpr auto convnext_choice(Filters filters) {
  return convnext_block{.filters = filters, .kernel = one_of(3, 5, 7, 9, 11), .expand = one_of(2, 3, 4)};
}

}  // namespace detail

/// The body of ConvNeXt whose stages choose width, depth, kernel and expansion. Widths and depths reach from the
/// smallest to the largest published network (paper, section 3; Atto to Nano: ConvNeXt V2's Table 15, in timm with the
/// layers of V1), kernels are those of the paper's section 2.5, expansions below 4 are an addition.
inline constexpr auto convnext = define([] {
  return search_space("ConvNeXt")
      .input(3, 224)
      .stage("stem", patch_embedding{.filters = detail::convnext_widths(1), .patch = 4, .norm = true})
      .stage("1", detail::convnext_choice(tied_to("stem.filters")))
      .layers(range(2, 3))
      .stage("2", detail::convnext_choice(detail::convnext_widths(2)))
      .stride(2)
      .layers(range(2, 3))
      .stage("3", detail::convnext_choice(detail::convnext_widths(4)))
      .stride(2)
      .layers(range(6, 27))
      .stage("4", detail::convnext_choice(detail::convnext_widths(8)))
      .stride(2)
      .layers(range(2, 3))
      .head(global_pool{}, layer_norm<>{}, dense{1000});
});

namespace detail {

/// What takes the stride has to have a depthwise convolution, so the first of a stage always has its second.
template <class Filters>
constexpr auto strided_uib(Filters filters) {
  return universal_inverted_bottleneck{.filters = filters,
                                       .kernel = one_of(3, 5),
                                       .start_kernel = one_of(0, 3, 5),
                                       .expand = one_of(2, 3, 4, 6),
                                       .pad = padding::symmetric};
}
constexpr auto uib(tie filters) {
  return universal_inverted_bottleneck{.filters = filters,
                                       .kernel = one_of(0, 3, 5),
                                       .start_kernel = one_of(0, 3, 5),
                                       .expand = one_of(2, 3, 4, 6),
                                       .pad = padding::symmetric};
}

}  // namespace detail

/// The body of MobileNetV4-Conv-S whose universal inverted bottlenecks choose their two depthwise convolutions, each on
/// its own: presence and a kernel of 3 or 5, as in the paper's fine-grained search. The paper searches at expansion 4;
/// the expansions here are those of its printed networks. Widths around those of Conv-S, which is a member.
inline constexpr auto mobilenet_v4 = define([] {
  return search_space("MobileNetV4")
      .input(3, 224)
      .stage("stem", conv{.filters = 32, .pad = padding::symmetric})
      .stride(2)
      .stage("1", conv{.filters = 32, .pad = padding::symmetric})
      .stride(2)
      .stage("1_point", conv{.filters = 32, .kernel = 1})
      .stage("2", conv{.filters = 96, .pad = padding::symmetric})
      .stride(2)
      .stage("2_point", conv{.filters = 64, .kernel = 1})
      .stage("3", detail::strided_uib(range(64, 128, 32)))
      .stride(2)
      .stage("3_more", detail::uib(tied_to("3.filters")))
      .layers(independent(range(1, 5)))
      .stage("4", detail::strided_uib(range(96, 160, 32)))
      .stride(2)
      .stage("4_more", detail::uib(tied_to("4.filters")))
      .layers(independent(range(1, 5)))
      .head(conv{.filters = 960, .kernel = 1}, global_pool{}, conv{.filters = 1280, .kernel = 1}, dense{1000});
});

}  // namespace nascent::zoo
