// SPDX-License-Identifier: Apache-2.0
#include "nascent/cost/bounds.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>

#include <catch2/catch_test_macros.hpp>

#include "nascent/block/block.hpp"
#include "nascent/space/constraint.hpp"

using namespace nascent;

namespace {

/// A user's block: the universal inverted bottleneck of MobileNetV4 with a residual path of its own. Its cost neither
/// rises nor falls with its fields one by one: a kernel of 0 leaves a depthwise convolution out, a projection of the
/// input is only needed where the filters differ.
template <class Filters = int, class Before = int, class Middle = int, class Expand = int>
struct universal {
  Filters filters;
  Before before{3};
  Middle middle{3};
  Expand expand{4};

  struct roles {
    role::width filters;
  };

  constexpr auto operator()(auto& net, auto input, int stride) const {
    const int early = before > 0 && middle == 0 ? stride : 1;
    auto x = input;
    if (before > 0) x = net.depthwise_conv(x, {.kernel = before, .stride = early});
    x = net.conv(x, {.filters = x.channels * expand, .act = relu});
    if (middle > 0) x = net.depthwise_conv(x, {.kernel = middle, .stride = stride, .act = relu});
    else if (early < stride) x = net.max_pool(x, {.kernel = stride, .stride = stride});
    x = net.conv(x, {.filters = filters});
    return add_residual(net, x, input, residual::project, stride);
  }
};

/// A user's block that looks at its map: cheap on large ones.
template <class Filters = int>
struct moody {
  Filters filters;
  struct roles {
    role::width filters;
  };
  constexpr auto operator()(auto& net, auto input, int stride) const {
    return net.conv(input, {.filters = filters, .kernel = input.height > 20 ? 1 : 7, .stride = stride});
  }
};

/// Its channels grow from layer to layer.
template <class Growth = int>
struct dense_layer {
  Growth growth;
  struct roles {};
  constexpr auto operator()(auto& net, auto input, int /*stride*/) const {
    return net.concatenate(input, net.conv(input, {.filters = growth, .kernel = 3}));
  }
};

/// Cannot be built on channels that its groups do not divide.
constexpr auto grouped(auto filters, auto groups) { return conv{.filters = filters, .groups = groups}; }

constexpr auto small = define([] {
  return search_space("small")
      .input(3, range(32, 64, 32))
      .stage("stem", conv{.filters = one_of(8, 16), .act = one_of(relu, swish)})
      .stride(2)
      .stage("1", either(mbconv{.filters = one_of(16, 24), .expand = one_of(3, 6)},
                         fused_mbconv{.filters = one_of(16, 24), .kernel = one_of(3, 5)}))
      .stride(one_of(1, 2))
      .layers(range(0, 2))
      .stage("2", either(mbconv{.filters = 32, .expand = one_of(1, 4)}, skip{}))
      .layers(independent(range(1, 2)))
      .head(global_pool{}, dense{10});
});

constexpr auto joined = define([] {
  return search_space("joined")
      .input(3, 32)
      .stage("1", conv{.filters = range(8, 32, 8)})
      .stage("2", conv{.filters = range(8, 32, 8)})
      .head(global_pool{}, dense{10})
      .require("1.filters", "2.filters", [](int a, int b) { return a + b == 40; });
});

constexpr auto users = define([] {
  return search_space("users")
      .input(3, one_of(64, 32))
      .stage("stem", conv{.filters = one_of(24, 16)})
      .stride(2)
      .stage("1", universal{.filters = one_of(48, 16, 32), .before = one_of(5, 0, 3), .middle = one_of(0, 5, 3)})
      .stride(2)
      .layers(one_of(1, 3))
      .stage("2", moody{.filters = one_of(64, 32)})
      .head(global_pool{}, dense{10});
});

constexpr auto falling = define([] {
  return search_space("falling")
      .input(3, 32)
      .stage("1", either(mbconv{.filters = one_of(48, 16), .expand = one_of(6, 3, 1), .residual = residual::project},
                         fused_mbconv{.filters = one_of(40, 24), .kernel = one_of(5, 3)}))
      .layers(range(1, 3))
      .stage("2", dense_layer{.growth = one_of(16, 8, 12)})
      .layers(one_of(3, 1, 2))
      .stage("3", conv{.filters = tied_to("2.growth"), .kernel = one_of(7, 1)})
      .head(global_pool{}, dense{10});
});

constexpr auto connected = define([] {
  return search_space("connected")
      .input(3, one_of(32, 48))
      .stage("1", grouped(one_of(24, 16, 20), one_of(1, 3)))  // the input has 3 channels: only groups of 3 or 1
      .stage("2", grouped(one_of(32, 24), one_of(8, 4, 1)))   // 20 channels do not fall into 8 groups
      .stride(2)
      .layers(range(0, 2))
      .skip(one_of("none", "1", "input"))
      .stage("3", either(mbconv{.filters = shared(one_of(32, 16)), .kernel = one_of(5, 3)}, skip{}))
      .layers(independent(range(1, 3)))
      .skip("1")
      .head(global_pool{}, dense{10});
});

constexpr auto constrained = define([] {
  return search_space("constrained")
      .input(3, one_of(32, 48))
      .stage("1", mbconv{.filters = one_of(24, 16), .kernel = one_of(3, 5, 7)})
      .layers(range(0, 2))
      .stage("2", either(mbconv{.filters = one_of(24, 40), .expand = one_of(2, 4)}, conv{.filters = 64}))
      .layers(range(1, 3))
      .stage("3", mbconv{.filters = one_of(64, 48), .kernel = one_of(5, 3)})
      .layers(range(0, 2))
      .head(global_pool{}, dense{10})
      .require(sum("*.layers") <= 4)
      .require(monotone("1.kernel", "3.kernel"))
      .require("input.resolution", "2.layers", [](int size, int layers) { return size == 32 || layers < 3; });
});

/// The least and the most of all networks that can be built.
/// Images and strides whose rows and columns differ: which of the two costs more depends on what follows.
constexpr auto unequal = define([] {
  return search_space("rows and columns")
      .input(3, one_of(image_size{24, 40}, image_size{48, 16}))
      .stage("stem", conv{.filters = one_of(8, 16)})
      .stride({1, 2})
      .stage("1", bottleneck{.filters = one_of(16, 24), .kernel = one_of(3, 5)})
      .stride(one_of(strides{2, 1}, strides{1, 2}))
      .layers(range(1, 2))
      .stage("2", mbconv{.filters = 24, .expand = one_of(3, 6)})
      .stride(one_of(strides{1, 1}, strides{2, 1}))
      .skip(one_of("none", "stem"))
      .head(global_pool{}, dense{10});
});

struct extremes {
  std::int64_t least_macs = std::numeric_limits<std::int64_t>::max();
  std::int64_t most_macs = 0;
  std::int64_t least_params = std::numeric_limits<std::int64_t>::max();
  std::int64_t most_params = 0;
  int refused = 0;
};
template <class Space>
extremes enumerate(const Space& space) {
  extremes e;
  for (uint128 r = 0; r < space.size(); ++r) {
    counts c;
    try {
      c = count(space.unrank(r));
    } catch (const error&) {
      ++e.refused;
      continue;
    }
    e.least_macs = std::min(e.least_macs, c.macs);
    e.most_macs = std::max(e.most_macs, c.macs);
    e.least_params = std::min(e.least_params, c.params);
    e.most_params = std::max(e.most_params, c.params);
  }
  return e;
}
template <class Space>
extremes compare_with_enumeration(const Space& space) {
  INFO("space " << space.name() << " of " << static_cast<double>(space.size()));
  const extremes e = enumerate(space);
  CHECK(min_macs(space) == e.least_macs);
  CHECK(max_macs(space) == e.most_macs);
  CHECK(min_params(space) == e.least_params);
  CHECK(max_params(space) == e.most_params);
  return e;
}

/// Spaces that a seed makes up: stages, blocks and choices in no order.
struct seeded {
  std::uint32_t state;
  constexpr int below(int n) {
    state = state * 1664525U + 1013904223U;
    return static_cast<int>((state >> 16U) % static_cast<std::uint32_t>(n));
  }
  constexpr auto widths() {
    const int first = 8 * (1 + below(4));
    const int step = 4 * (1 + below(6));
    return below(2) == 0 ? one_of(first, first + step) : one_of(first + step, first);
  }
  constexpr auto kernels() { return below(2) == 0 ? one_of(3, 5) : one_of(7, 1); }
  constexpr auto around() {
    return below(2) == 0 ? one_of(residual::none, residual::project) : one_of(residual::project, residual::identity);
  }
};
template <std::uint32_t Seed>
constexpr auto made_up = define([] {
  seeded s{Seed};
  const auto start = search_space("made up")
                         .input(3, s.below(2) == 0 ? one_of(40, 24) : one_of(17, 33))
                         .stage("stem", conv{.filters = s.widths()})
                         .stride(2);
  const auto first = [&] {
    if constexpr (Seed % 3 == 0)
      return start.stage("1", universal{.filters = s.widths(), .before = one_of(3, 0), .middle = s.kernels()});
    else if constexpr (Seed % 3 == 1)
      return start.stage("1", mbconv{.filters = s.widths(), .kernel = s.kernels(), .residual = s.around()});
    else
      return start.stage("1", either(bottleneck{.filters = s.widths(), .ratio = one_of(.5, .25)},
                                     conv{.filters = s.widths(), .kernel = s.kernels(), .residual = s.around()}));
  }();
  const auto second = first.stride(one_of(2, 1)).layers(one_of(2, 1)).stage("2", [&] {
    if constexpr (Seed % 2 == 0)
      return either(mbconv{.filters = s.widths(), .expand = one_of(6, 1)}, moody{.filters = s.widths()});
    else
      return either(fused_mbconv{.filters = s.widths(), .se = one_of(.25, 0)},
                    conv{.filters = tied_to("stem.filters")});
  }());
  if constexpr (Seed % 4 < 2)
    return second.layers(range(0, 2)).head(conv{.filters = s.widths(), .kernel = 1}, global_pool{}, dense{10});
  else return second.layers(range(1, 2)).skip(one_of("stem", "none")).head(global_pool{}, dense{10});
});

}  // namespace

// Known to the compiler.
static_assert(max_macs(small) > min_macs(small));
static_assert(max_macs(users) > min_macs(users));
static_assert(max_params(users) > min_params(users));

TEST_CASE("bounds are those of enumerating the whole space") {
  compare_with_enumeration(small);
  compare_with_enumeration(users);
  compare_with_enumeration(falling);
  CHECK(compare_with_enumeration(connected).refused > 0);
  CHECK(compare_with_enumeration(unequal).refused == 0);
}

TEST_CASE("bounds of spaces with constraints are those of a network that keeps them") {
  compare_with_enumeration(joined);
  compare_with_enumeration(constrained);
  CHECK(max_macs(joined) < max_macs(joined, constraint_use::ignore));
  CHECK(min_macs(joined) > min_macs(joined, constraint_use::ignore));
  CHECK(max_macs(constrained) < max_macs(constrained, constraint_use::ignore));
}

TEST_CASE("bounds of made-up spaces are those of enumerating them") {
  compare_with_enumeration(made_up<1>);
  compare_with_enumeration(made_up<2>);
  compare_with_enumeration(made_up<3>);
  compare_with_enumeration(made_up<4>);
  compare_with_enumeration(made_up<5>);
  compare_with_enumeration(made_up<6>);
  compare_with_enumeration(made_up<7>);
  compare_with_enumeration(made_up<8>);
}
