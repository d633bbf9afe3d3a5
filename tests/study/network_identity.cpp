// SPDX-License-Identifier: Apache-2.0
#include "nascent/study/network_identity.hpp"

#include <map>
#include <set>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "nascent/block/block.hpp"
#include "nascent/network/net.hpp"
#include "nascent/zoo/nas_bench_macro.hpp"

using namespace nascent;

namespace {

template <class Body>
uint128 identity_by(Body&& body) {
  network graph("n", {1, 8, 8, 4});
  net<network> n(graph);
  const auto x = n.input({1, 8, 8, 4});
  body(n, x);
  return network_identity(graph);
}

}  // namespace

TEST_CASE("what a network computes is its identity, not how it was written down") {
  const conv_options small{.filters = 4, .kernel = 3};
  const conv_options large{.filters = 4, .kernel = 5};
  const auto sum = identity_by([&](auto& n, auto x) { n.add(n.conv(x, small), n.conv(x, large)); });
  CHECK(sum == identity_by([&](auto& n, auto x) {
          const auto second = n.conv(x, large);  // in the other order
          n.add(second, n.conv(x, small));
        }));
  CHECK(sum == identity_by([&](auto& n, auto x) {
          n.conv(x, {.filters = 9});  // read by nobody
          n.add(n.conv(x, small), n.conv(x, large));
        }));
  CHECK(sum == identity_by([&](auto& n, auto x) {  // and a sum with zeros
          const auto zeros = n.activate(n.conv(x, small), activation::zero);
          n.add(n.add(n.conv(x, small), zeros), n.conv(x, large));
        }));
  CHECK(sum != identity_by([&](auto& n, auto x) { n.add(n.conv(x, small), n.conv(x, small)); }));
}

TEST_CASE("two layers that look alike are two") {
  const conv_options same{.filters = 4, .kernel = 3};
  CHECK(identity_by([&](auto& n, auto x) { n.add(n.conv(x, same), n.conv(x, same)); }) !=
        identity_by([&](auto& n, auto x) {
          const auto once = n.conv(x, same);
          n.add(once, once);
        }));
}
