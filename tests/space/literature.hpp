// SPDX-License-Identifier: Apache-2.0
/// \file
/// The search space of a published benchmark, as a user of the library would declare it.
#pragma once

#include "nascent/block/block.hpp"
#include "nascent/space/space.hpp"

namespace test {

using namespace nascent;

/// Accel-NASBench (Ahmad et al., 2024): seven MBConv stages that choose expansion, kernel, squeeze-and-excite and
/// layers.
inline constexpr auto accel_nasbench = define([] {
  constexpr auto block = [](int filters) {
    return mbconv{
        .filters = filters, .kernel = one_of(3, 5), .expand = one_of(1, 4, 6), .se = one_of(0, .25), .act = swish};
  };
  return search_space("Accel-NASBench")
      .input(3, 224)
      .stage("stem", conv{.filters = 32, .act = swish})
      .stride(2)
      .stage("0", block(16))
      .layers(range(1, 3))
      .stage("1", block(24))
      .stride(2)
      .layers(range(1, 3))
      .stage("2", block(40))
      .stride(2)
      .layers(range(1, 3))
      .stage("3", block(80))
      .stride(2)
      .layers(range(1, 3))
      .stage("4", block(112))
      .layers(range(1, 3))
      .stage("5", block(192))
      .stride(2)
      .layers(range(1, 4))
      .stage("6", block(320))
      .layers(range(1, 3))
      .head(conv{.filters = 1280, .kernel = 1, .act = swish}, global_pool{}, dense{1000});
});

}  // namespace test
