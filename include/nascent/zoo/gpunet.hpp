// SPDX-License-Identifier: Apache-2.0
/// \file
/// GPUNet's search space (Wang et al., 2022, "GPUNet: Searching the Deployable Convolution Neural Networks for GPUs",
/// Tables 1 and 2).
#pragma once

#include "nascent/block/block.hpp"
#include "nascent/space/space.hpp"

namespace nascent::zoo {

namespace detail {

/// Stages 2 to 7 of Table 1 share their choices but for filters and layers. An inverted bottleneck keeps its expansion
/// at ratio 1.
constexpr auto gpunet_fused(int_range filters) {
  return fused_mbconv{.filters = filters,
                      .kernel = one_of(3, 5),
                      .expand = range(2, 6),
                      .se = one_of(0, .25),
                      .act = one_of(relu, swish)};
}
constexpr auto gpunet_inverted(int_range filters) {
  return mbconv{.filters = filters,
                .kernel = one_of(3, 5),
                .expand = range(2, 6),
                .se = one_of(0, .25),
                .act = one_of(relu, swish),
                .always_expand = true};
}

/// Table 1 after a given first convolution.
template <class Stem>
constexpr auto gpunet(const char* name, Stem stem) {
  return search_space(name)
      .input(3, range(224, 512, 32))
      .stage("stem", stem)
      .stride(2)
      .stage("1", conv{.filters = tied_to("stem.filters"), .kernel = one_of(3, 5), .act = one_of(relu, swish)})
      .layers(range(1, 4))
      .stage("2", gpunet_fused(range(32, 80, 16)))
      .stride(2)
      .layers(range(1, 8))
      .stage("3", gpunet_fused(range(48, 112, 16)))
      .stride(2)
      .layers(range(1, 8))
      .stage("4", gpunet_inverted(range(96, 192, 16)))
      .stride(2)
      .layers(range(1, 10))
      .stage("5", gpunet_inverted(range(112, 224, 16)))
      .layers(range(0, 15))
      .stage("6", gpunet_inverted(range(128, 416, 32)))
      .stride(2)
      .layers(range(1, 15))
      .stage("7", gpunet_inverted(range(256, 832, 64)))
      .layers(range(0, 15))
      .head(conv{.filters = 1792, .kernel = 1}, global_pool{}, dense{1000});
}

}  // namespace detail

/// The space as Table 1 prints it: the stem's kernel and activation are chosen too. 43 decisions.
inline constexpr auto gpunet = define([] {
  return detail::gpunet("GPUNet", conv{.filters = one_of(24, 32), .kernel = one_of(3, 5), .act = one_of(relu, swish)});
});

/// The space as Table 2 encodes it: 41 integers, the stem chooses its filters only. `encode` gives the vector in Table
/// 2's order.
inline constexpr auto gpunet_encoded =
    define([] { return detail::gpunet("GPUNet (encoded)", conv{.filters = one_of(24, 32), .act = swish}); });

static_assert(gpunet.slot_count == 43 && gpunet_encoded.slot_count == 41);
static_assert(gpunet.size() == 4 * gpunet_encoded.size());
static_assert(gpunet.size() > 1.26e24 && gpunet.size() < 1.27e24);

}  // namespace nascent::zoo
