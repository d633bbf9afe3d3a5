// SPDX-License-Identifier: Apache-2.0
#include "nascent/space/detail/smallest.hpp"

#include <catch2/catch_test_macros.hpp>

#include "nascent/block/block.hpp"
#include "nascent/space/space.hpp"

using namespace nascent;

namespace {

template <class F>
constexpr fault_record fault_of(F) {
  return detail::build_smallest<F>();
}

/// A fault says how large the map was that a layer found: a look into the network that was built.
struct look {
  constexpr auto operator()(auto& net, auto input, int) const {
    return net.conv(input, {.filters = 1, .kernel = 1000, .pad = padding::valid});
  }
};

}  // namespace

TEST_CASE("the smallest network: least resolution, largest strides, every stage present") {
  constexpr auto f = fault_of([] {
    return search_space("s")
        .input(3, one_of(96, 64, 128))
        .stage("1", conv{.filters = 8})
        .stride(one_of(1, 4, 2))
        .stage("2", conv{.filters = 8})
        .stride(2)
        .layers(one_of(0, 1, 3))
        .stage("look", look{});
  });
  STATIC_CHECK(f.what == network_fault::map_vanishes);
  STATIC_CHECK(f.stage == 3);
  STATIC_CHECK(f.found == 64 / 4 / 2);
}

TEST_CASE("blocks take their first options, ties what they are tied to") {
  constexpr auto f = fault_of([] {
    return search_space("s")
        .input(3, 32)
        .choose("width", one_of(24, 16))
        .stage("1", either(conv{.filters = tied_to("width"), .groups = one_of(3, 1)}, depthwise_conv{}))
        .stage("2", conv{.filters = 7, .groups = 7});
  });
  STATIC_CHECK(f.what == network_fault::groups);
  STATIC_CHECK(f.stage == 3);
  STATIC_CHECK(f.allowed == 24);  // channels that enter
}

TEST_CASE("connections between stages are part of it") {
  constexpr auto f = fault_of([] {
    return search_space("s")
        .input(3, 32)
        .stage("1", conv{.filters = 8})
        .stage("2", conv{.filters = 16})
        .stride(2)
        .skip(one_of("1", "none"), residual::identity);
  });
  STATIC_CHECK(f.what == network_fault::shape_mismatch);
  STATIC_CHECK(f.stage == 2);
  STATIC_CHECK(!fault_of([] {
    return search_space("s")
        .input(3, 32)
        .stage("1", conv{.filters = 8})
        .stage("2", conv{.filters = 16})
        .stride(2)
        .skip(one_of("none", "1"), residual::identity);
  }));
}

TEST_CASE("it is a network of the space: equal layers after one another are built until nothing changes") {
  STATIC_CHECK(
      !fault_of([] { return search_space("s").input(3, 32).stage("1", mbconv{.filters = 8}).stride(2).layers(40); }));
}
