// SPDX-License-Identifier: Apache-2.0
/// \file
/// Small spaces that between them have everything a declaration can have.
#pragma once

#include "nascent/block/block.hpp"
#include "nascent/space/constraint.hpp"
#include "nascent/space/space.hpp"

namespace test {

using namespace nascent;

/// A block whose output is not what it made last, and that is read twice.
template <class Filters = int>
struct early_output {
  Filters filters;
  constexpr auto operator()(auto& net, auto input, int stride) const {
    const auto x = net.conv(input, {.filters = filters, .stride = stride, .act = identity});
    net.add(x, x);
    return x;
  }
};

inline constexpr auto plain = define([] {
  return search_space("plain")
      .input(3, one_of(16, 24))
      .stage("1", conv{.filters = one_of(8, 16), .kernel = one_of(3, 5), .act = one_of(relu, identity)})
      .stride(2)
      .layers(range(1, 3))
      .stage("2", mbconv{.filters = one_of(8, 16), .expand = one_of(1, 2), .se = one_of(0, .25)})
      .layers(range(0, 2))
      .head(global_pool{}, dense{10});
});

inline constexpr auto tied = define([] {
  return search_space("tied")
      .input(3, 16)
      .choose("width", one_of(8, 16))
      .stage("1", conv{.filters = tied_to("width"), .kernel = one_of(1, 3)})
      .stage("2", either(conv{.filters = tied_to("width"), .act = one_of(relu, swish)},
                         mbconv{.filters = one_of(8, 24), .expand = tied_to("1.kernel")}))
      .stride(one_of(1, 2))
      .layers(range(1, 2))
      .stage("3", mbconv{.filters = tied_to("width"), .expand = one_of(1, 3)})
      .head(global_pool{}, dense{10});
});

/// Layers that choose on their own, share, and may be skipped.
inline constexpr auto independent_layers = define([] {
  return search_space("independent")
      .input(3, 16)
      .stage("1", either(mbconv{.filters = shared(one_of(8, 16)), .kernel = one_of(3, 5)}, skip{}))
      .stride(one_of(1, 2))
      .layers(independent(range(1, 3)))
      .stage("2", conv{.filters = one_of(8, 16), .kernel = 3})
      .layers(independent(range(0, 2)))
      .stage("3", either(conv{.filters = 8}, max_pool{2}, skip{}))
      .layers(independent(2))
      .head(global_pool{}, dense{10});
});

/// Connections between stages, also from layers that end in skipped ones.
inline constexpr auto connected = define([] {
  return search_space("connected")
      .input(3, 16)
      .stage("1", conv{.filters = one_of(8, 16), .act = one_of(identity, relu)})
      .layers(range(0, 2))
      .stage("2", conv{.filters = 8, .act = identity})
      .stride(one_of(1, 2))
      .layers(range(0, 3))
      .skip(one_of("none", "input", "1"))
      .stage("3", either(conv{.filters = one_of(8, 12), .act = identity}, skip{}))
      .layers(independent(range(1, 3)))
      .skip(one_of("none", "1", "2"))
      .stage("4", early_output{.filters = one_of(8, 16)})
      .skip("3")
      .head(global_pool{}, dense{10});
});

/// Choices that constraints join, across stages and within one, and maps that shrink layer by layer.
inline constexpr auto constrained = define([] {
  return search_space("constrained")
      .input(3, one_of(16, 32))
      .stage("1", conv{.filters = range(8, 32, 8), .kernel = one_of(1, 3)})
      .layers(range(1, 3))
      .stage("2", space_to_depth{.factor = 2})
      .layers(range(0, 2))
      .stage("3", conv{.filters = range(8, 32, 8), .kernel = one_of(1, 3)})
      .layers(independent(range(0, 2)))
      .head(global_pool{}, dense{10})
      .require("1.filters", "3[1].filters", [](int a, int b) { return a <= b; })
      .require("1.layers", "2.layers", "3.layers", [](int a, int b, int c) { return a + b + c <= 4; })
      .require("3[0].filters", "3[1].filters", [](int a, int b) { return a != b; });
});

/// Images and strides whose rows and columns differ.
inline constexpr auto unequal = define([] {
  return search_space("rows and columns")
      .input(1, one_of(image_size{16, 48}, image_size{12, 20}))
      .stage("stem", conv{.filters = 8, .pad = one_of(padding::same, padding::symmetric)})
      .stride({1, 2})
      .stage("1", bottleneck{.filters = 16, .kernel = one_of(3, 5)})
      .stride(one_of(strides{2, 2}, strides{1, 2}))
      .layers(range(1, 2))
      .stage("2", either(mbconv{.filters = 16}, depthwise_conv{.kernel = 3}))
      .stride({2, 1})
      .layers(independent(range(1, 2)))
      .stage("3", conv{.filters = 24})
      .skip(one_of("none", "stem", "1"))
      .head(global_pool{}, dense{5});
});

/// Constraints of every kind that is data, over stages with equal and with independent layers.
constexpr auto data_constrained = [](auto... constraint) {
  return (search_space("constrained by data")
              .input(3, 16)
              .stage("1", conv{.filters = range(8, 24, 8), .kernel = one_of(1, 3)})
              .layers(range(1, 3))
              .stage("2", either(conv{.filters = one_of(8, 16)}, depthwise_conv{.kernel = one_of(3, 5)}))
              .layers(range(0, 2))
              .stage("3", conv{.filters = range(8, 24, 8), .kernel = one_of(1, 3)})
              .layers(independent(range(0, 2)))
              .head(global_pool{}, dense{10})
              .require(constraint...));
};
inline constexpr auto summed = define([] { return data_constrained(sum("*.layers") <= 4); });
inline constexpr auto priced_parts = define([] {
  return data_constrained(sum(priced("1.layers", 1.5, 30000.25, 7e6),
                              priced({"3[0].kernel", "3[0].filters"}, {1, 2, 4, 8e5, 16, 32}),
                              priced("2.layers", 1, 10, 100)) <= 830000);
});
inline constexpr auto multiplied =
    define([] { return data_constrained(product("1.filters", "2.conv.filters", "3[1].filters") >= 1024); });
inline constexpr auto equal_kernels = define([] { return data_constrained(all_equal("*.kernel")); });
inline constexpr auto rising =
    define([] { return data_constrained(monotone("1.filters", "3[0].filters", "3[1].filters").strict()); });
inline constexpr auto falling =
    define([] { return data_constrained(monotone("3[1].filters", "3[0].filters", "1.filters")); });
inline constexpr auto counted = define([] { return data_constrained(count("*.kernel", 3) == 2); });
inline constexpr auto compared =
    define([] { return data_constrained(value_of("1.filters") > value_of("3[0].filters")); });
inline constexpr auto tabled = define([] {
  return data_constrained(
      table({"1.kernel", "2.block", "3.layers"}, {{1, "conv", 0}, {3, "conv", 2}, {3, "depthwise_conv", 1}}));
});

}  // namespace test
