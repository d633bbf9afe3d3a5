// SPDX-License-Identifier: Apache-2.0
#include "nascent/space/migrate.hpp"

#include <string>
#include <vector>

#include "run_time_space.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <catch2/matchers/catch_matchers_vector.hpp>

#include "nascent/base/random.hpp"
#include "nascent/space/to_network.hpp"
#include "nascent/zoo/efficientnet.hpp"
#include "nascent/zoo/spaces.hpp"

using namespace nascent;
using Catch::Matchers::Equals;

namespace {

constexpr auto older = define([] {
  return search_space("cells")
      .input(3, one_of(32, 48))
      .stage("a", conv{.filters = one_of(8, 16), .kernel = one_of(3, 5)})
      .layers(range(1, 2))
      .stage("b", mbconv{.filters = 16, .expand = one_of(2, 4), .act = swish})
      .stride(2)
      .head(global_pool{}, dense{10});
});

/// More of everything: a kernel, a block, a stage, a resolution; and one width less.
constexpr auto newer = define([] {
  return search_space("cells, extended")
      .input(3, one_of(32, 48, 64))
      .stage("a", conv{.filters = 16, .kernel = one_of(3, 5, 7)})
      .layers(range(1, 3))
      .stage("new", conv{.filters = 16, .kernel = one_of(1, 3)})
      .layers(range(0, 2))
      .stage("b", either(fused_mbconv{.filters = 16, .expand = one_of(2, 4)},
                         mbconv{.filters = 16, .expand = one_of(2, 4), .act = one_of(relu, swish)}))
      .stride(one_of(1, 2))
      .head(global_pool{}, dense{10});
});

/// Each layer of the first stage on its own, its width tied to a choice.
constexpr auto free_layers = define([] {
  return search_space("cells, free layers")
      .input(3, one_of(32, 48))
      .stage("a", conv{.filters = shared(one_of(8, 16)), .kernel = one_of(3, 5)})
      .layers(independent(range(1, 2)))
      .stage("b", mbconv{.filters = tied_to("a.filters"), .expand = one_of(2, 4), .act = swish})
      .stride(2)
      .head(global_pool{}, dense{10});
});

template <class From, class To>
bool same_network(const From& from, const candidate<From>& a, const To& to, const candidate<To>& b) {
  return to_network(from, a).layers() == to_network(to, b).layers();
}

/// How many of a space's candidates another one has: each of those as the same network.
template <class From, class To>
int carried(const From& from, const To& to) {
  int count = 0;
  for (uint128 r = 0; r < from.size(); ++r) {
    const auto c = from.unrank(r);
    const auto moved = migrate(from, c, to);
    CHECK(moved.what.has_value() == moved.differences.empty());
    if (!moved.what) continue;
    ++count;
    CHECK(same_network(from, c, to, *moved.what));
    CHECK(migrate(to, *moved.what, from).what == c);
  }
  return count;
}

}  // namespace

TEST_CASE("in its own space every candidate is itself") {
  const std::uint64_t seed = 11;
  CAPTURE(seed);
  random_engine rng(seed);
  zoo::for_each_space([&](std::string_view key, const auto& s) {
    CAPTURE(key);
    for (int i = 0; i < 10; ++i) {
      const auto c = s.sample_decisions(rng);
      CHECK(migrate(s, c, s).what == c);
    }
  });
}

TEST_CASE("EfficientNet-B0 is a network of EfficientNet-X's space, EfficientNet-X-B0 is not") {
  const auto b0 = zoo::efficientnet_b0.only();
  const auto there = migrate(zoo::efficientnet_b0, b0, zoo::efficientnet_x);
  CHECK_THAT(there.differences, Equals(std::vector<std::string>{}));
  REQUIRE(there.what);
  CHECK(same_network(zoo::efficientnet_b0, b0, zoo::efficientnet_x, *there.what));
  const auto x = migrate(zoo::efficientnet_x_b0, zoo::efficientnet_x_b0.only(), zoo::efficientnet_x);
  CHECK(!x.what);
  REQUIRE(!x.differences.empty());  // its first layers are stages of their own
}

TEST_CASE("an extended space keeps what it still has, and says why not the rest") {
  STATIC_CHECK(older.size() == 32);
  CHECK(carried(older, newer) == 16);  // those with 16 filters
  CHECK(carried(newer, older) == 16);
  candidate c = older.unrank(0);
  const auto lost = migrate(older, c, newer);
  CHECK(!lost.what);
  CHECK_THAT(lost.differences, Equals(std::vector<std::string>{"a.filters: 8; allowed: 16"}));

  random_engine rng(1);
  const auto has = [](const auto& why, const char* sentence) {
    return std::find(why.begin(), why.end(), sentence) != why.end();
  };
  int stages = 0, blocks = 0, strides = 0;
  for (int i = 0; i < 200; ++i) {
    const auto why = migrate(newer, newer.sample(rng), older).differences;
    stages += has(why, "new: a stage that space 'cells' does not have");
    blocks += has(why, "b: block 'fused_mbconv', which it does not have");
    strides += has(why, "b.stride: 1; allowed: 2");
  }
  CHECK(stages > 0);
  CHECK(blocks > 0);
  CHECK(strides > 0);
}

TEST_CASE("layers that are alike are free layers with equal choices") {
  // Of those with 16 filters ("b" has 16 and is tied to "a"): resolutions, kernels (equal in both layers), layers,
  // expansions.
  CHECK(carried(older, free_layers) == 2 * 2 * 2 * 2);
  CHECK(carried(free_layers, older) == 2 * 2 * 2 * 2);
}

TEST_CASE("spaces that are known at run time only") {
  const test::listed_space one("one", {{"a", {3, 5}}, {"b", {3, 5, 7}}});
  const test::listed_space two("two", {{"a", {5, 7}}, {"b", {7, 3, 5}}});
  int both = 0;
  for (uint128 r = 0; r < one.size(); ++r) {
    const auto moved = migrate(one, one.unrank(r), two);
    if (!moved.what) continue;
    ++both;
    CHECK(same_network(one, one.unrank(r), two, *moved.what));
  }
  CHECK(both == 3);
}
