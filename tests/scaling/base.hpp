// SPDX-License-Identifier: Apache-2.0
// A base network that is large enough for rounding to hardly matter.
#pragma once

#include "nascent/block/block.hpp"
#include "nascent/network/network.hpp"
#include "nascent/space/space.hpp"

inline constexpr auto fine_space = nascent::define([] {
  return nascent::search_space("fine")
      .input(3, 176)
      .stage("1", nascent::conv{.filters = 1024, .kernel = 1})
      .layers(100)
      .head(nascent::global_pool{}, nascent::dense{10});
});
inline constexpr auto fine_base = fine_space.only();
using fine_candidate = nascent::scaled_candidate<decltype(fine_base)::space_type>;

/// Depth, width and resolution of a network as it was built, against the fine base.
struct built {
  double depth;
  double width;
  double resolution;
};
inline built measure(const nascent::network& n) {
  return {(static_cast<double>(n.layers().size()) - 2) / 100, n.layers()[0].output.channels / 1024.0,
          n.input().height / 176.0};
}
