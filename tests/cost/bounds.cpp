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

template <class Space>
void compare_with_enumeration(const Space& space, bool reached) {
  std::int64_t least_macs = std::numeric_limits<std::int64_t>::max(), least_params = least_macs, most_macs = 0,
               most_params = 0;
  for (uint128 r = 0; r < space.size(); ++r) {
    const counts c = count(space.unrank(r));
    least_macs = std::min(least_macs, c.macs);
    most_macs = std::max(most_macs, c.macs);
    least_params = std::min(least_params, c.params);
    most_params = std::max(most_params, c.params);
  }
  if (reached) {
    CHECK(min_macs(space) == least_macs);
    CHECK(max_macs(space) == most_macs);
    CHECK(min_params(space) == least_params);
    CHECK(max_params(space) == most_params);
  } else {
    CHECK(min_macs(space) <= least_macs);
    CHECK(max_macs(space) >= most_macs);
    CHECK(min_params(space) <= least_params);
    CHECK(max_params(space) >= most_params);
  }
}

}  // namespace

static_assert(max_macs(small) > min_macs(small));  // known to the compiler

TEST_CASE("bounds are those of enumerating the whole space") { compare_with_enumeration(small, true); }

TEST_CASE("with constraints the bounds hold, reached or not") { compare_with_enumeration(joined, false); }
