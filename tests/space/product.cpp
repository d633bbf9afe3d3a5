// SPDX-License-Identifier: Apache-2.0
#include "nascent/space/detail/product.hpp"

#include "spaces.hpp"
#include <catch2/catch_test_macros.hpp>

using namespace nascent;
using namespace test;

namespace {

/// Stages below, at and above 64 bits next to each other: 2^4, 2^80, 3, 2^32.
constexpr auto uneven = define([] {
  return search_space("uneven")
      .input(3, 32)
      .stage("small", conv{.filters = range(1, 16)})
      .stage("huge", mbconv{.filters = range(8, 15), .kernel = one_of(3, 5)})
      .layers(independent(20))
      .stage("odd", conv{.filters = one_of(8, 16, 24)})
      .stage("large", conv{.filters = range(1, 16), .kernel = one_of(3, 5), .groups = one_of(1)})
      .layers(range(1, 64));
});

}  // namespace

TEST_CASE("a space is a mixed-radix number whose last stage is the fastest digit") {
  STATIC_CHECK(uneven.size() == (uint128{1} << 84) * 3 * (16 * 2 * 64));
  constexpr uint128 last = 16 * 2 * 64;
  constexpr auto a = uneven.unrank(0);
  constexpr auto b = uneven.unrank(last);
  constexpr auto c = uneven.unrank(last * 3);
  constexpr auto d = uneven.unrank((last * 3) << 80);
  STATIC_CHECK(b.digits[uneven.find("odd.filters")] == 1);
  STATIC_CHECK(c.digits[uneven.find("huge[19].kernel")] == 1);
  STATIC_CHECK(d.digits[uneven.find("small.filters")] == 1);
  STATIC_CHECK(a.digits[uneven.find("small.filters")] == 0);
}

TEST_CASE("ranks survive stages of more than 64 bits") {
  constexpr std::uint64_t seed = 6;
  CAPTURE(seed);
  random_engine rng(seed);
  for (int i = 0; i < 5000; ++i) {
    const uint128 r = random_below(rng, uneven.size());
    REQUIRE(uneven.rank(uneven.unrank(r)) == r);
    const auto c = uneven.sample(rng);
    REQUIRE(uneven.unrank(uneven.rank(c)) == c);
  }
  CHECK(uneven.rank(uneven.unrank(uneven.size() - 1)) == uneven.size() - 1);
}

TEST_CASE("slots are gone through after what they depend on: a stage's layer count first") {
  using F = std::remove_cvref_t<decltype(growing::space)>::declaration_type;
  std::vector<bool> decided(growing::space.slot_count);
  for (std::size_t position = 0; position < growing::space.slot_count; ++position) {
    const auto k = static_cast<std::size_t>(nascent::detail::slot_order<F>[position]);
    const int parent = growing::space.slot(k).parent;
    if (parent >= 0) CHECK(decided[static_cast<std::size_t>(parent)]);
    CHECK(!decided[k]);
    decided[k] = true;
  }
}

TEST_CASE("a draw among allowed options is uniform and takes no other") {
  random_engine rng(2);
  std::vector<int> seen(6);
  constexpr int draws = 9000;
  for (int i = 0; i < draws; ++i)
    ++seen[static_cast<std::size_t>(
        nascent::detail::draw_allowed(rng, 6, [](digit option) { return option % 2 == 1; }))];
  CHECK(seen[0] + seen[2] + seen[4] == 0);
  CHECK(chi_square_excess({seen[1], seen[3], seen[5]}, draws) < 5);
}
