// SPDX-License-Identifier: Apache-2.0
// The space of NAS-Bench-Macro (Su et al., 2021), declared with a block of its own: eight layers of three kinds.
#pragma once

#include "nas_bench_macro.hpp"

#include "nascent/block/block.hpp"
#include "nascent/space/space.hpp"

/// Kind 0 passes its input on, by a 1x1 convolution where shapes change; 1 and 2 are inverted bottlenecks.
template <class Filters = int, class Kind = int>
struct macro_layer {
  Filters filters;
  Kind kind;

  constexpr auto operator()(auto& net, auto input, int stride) const {
    if (kind == 1) return nascent::mbconv{.filters = filters, .kernel = 3, .expand = 3}(net, input, stride);
    if (kind == 2) return nascent::mbconv{.filters = filters, .kernel = 5, .expand = 6}(net, input, stride);
    if (stride == 1 && input.channels == filters) return input;
    return net.conv(input, {.filters = filters, .stride = stride});
  }
};

inline constexpr auto macro_space = nascent::define([] {
  constexpr auto layer = [](int filters) { return macro_layer{.filters = filters, .kind = nascent::range(0, 2)}; };
  return nascent::search_space("NAS-Bench-Macro")
      .input(3, 32)
      .stage("stem", nascent::conv{.filters = 32})
      .stage("1.1", layer(64))
      .stride(2)
      .stage("1.2", layer(64))
      .stage("2.1", layer(128))
      .stride(2)
      .stage("2.2", layer(128))
      .stage("2.3", layer(128))
      .stage("3.1", layer(256))
      .stride(2)
      .stage("3.2", layer(256))
      .stage("3.3", layer(256))
      .head(nascent::conv{.filters = 1280, .kernel = 1}, nascent::global_pool{}, nascent::dense{10});
});
using macro_candidate = decltype(macro_space)::candidate_type;

static_assert(macro_space.size() == 6561);

/// The eight digits of a candidate as a number in base 3: its place among the records.
constexpr std::size_t macro_code(const macro_candidate& c) {
  std::size_t code = 0;
  for (const nascent::digit d : c.digits) code = 3 * code + static_cast<std::size_t>(d);
  return code;
}

/// Mean test accuracy in per cent of the three trainings.
constexpr double macro_accuracy(const macro_candidate& c) { return nas_bench_macro_sums[macro_code(c)] / 300.0; }
