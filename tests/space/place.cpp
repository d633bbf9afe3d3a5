// SPDX-License-Identifier: Apache-2.0
// Points of the unit cube as candidates: against all candidates of small spaces, one by one.
#include "nascent/space/detail/place.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "spaces.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "nascent/space/placeable_space.hpp"

using namespace nascent;

namespace {

/// How often each candidate comes, of `count` points.
template <class Space, class Draw>
std::vector<double> frequencies(const Space& space, Draw draw, int count) {
  std::vector<double> often(static_cast<std::size_t>(space.size()), 0.0);
  for (int i = 0; i < count; ++i) ++often[static_cast<std::size_t>(space.rank(draw()))];
  return often;
}

/// A uniform point of the unit cube.
struct random_points {
  random_engine rng;
  std::vector<std::uint64_t> at;
  const std::vector<std::uint64_t>& next() {
    for (std::uint64_t& coordinate : at) coordinate = rng();
    return at;
  }
};

template <class Space>
void check_points(const Space& space) {
  static_assert(placeable_space<Space>);
  INFO("space " << space.name() << ", seed 5");
  constexpr int count = 60'000;
  const auto size = static_cast<double>(space.size());
  random_points points{random_engine(5), std::vector<std::uint64_t>(space.slot_count)};

  // Uniform over networks: within five standard deviations of the binomial count of each.
  const auto networks = frequencies(
      space,
      [&] {
        const auto c = space.place(points.next());
        space.validate(c);
        return c;
      },
      count);
  const double expected = count / size;
  for (const double often : networks) REQUIRE(std::fabs(often - expected) < 5 * std::sqrt(expected) + 1);

  // Uniform over decisions: as sample_decisions draws them, whose generator knows nothing of coordinates.
  random_engine rng(6);
  const auto decisions = frequencies(
      space, [&] { return space.place_decisions(points.next()); }, count);
  const auto drawn = frequencies(
      space, [&] { return space.sample_decisions(rng); }, count);
  for (std::size_t i = 0; i < drawn.size(); ++i)
    REQUIRE(std::fabs(decisions[i] - drawn[i]) < 5 * std::sqrt(decisions[i] + drawn[i]) + 1);

  // The corners of the cube are the first network and the last one.
  CHECK(space.place(std::vector<std::uint64_t>(space.slot_count, 0)) == space.unrank(0));
  CHECK(space.place(std::vector<std::uint64_t>(space.slot_count, ~std::uint64_t{0})) == space.unrank(space.size() - 1));
}

inline constexpr auto joined = define([] {
  return search_space("joined")
      .input(3, one_of(16, 32))
      .stage("1", conv{.filters = range(8, 24, 8), .kernel = one_of(1, 3)})
      .layers(range(0, 2))
      .stage("2", either(conv{.filters = range(8, 24, 8)}, depthwise_conv{}))
      .layers(independent(range(1, 2)))
      .stage("3", conv{.filters = tied_to("input.resolution"), .kernel = one_of(1, 3)})
      .require("1.layers", "2.layers", [](int a, int b) { return a + b <= 3; })
      .require(count("*.kernel", 3) <= 1);
});

TEST_CASE("uniform points make uniform networks, or uniform decisions") {
  check_points(test::depths::space);
  check_points(test::alternating::space);
  check_points(test::skipping::space);
  check_points(test::growing::space);
  check_points(joined);
}

TEST_CASE("a coordinate decides its own slot, whatever the others say") {
  const auto& space = test::depths::space;
  random_points points{random_engine(9), std::vector<std::uint64_t>(space.slot_count)};
  const std::size_t kernel = space.find("2.kernel");
  REQUIRE(kernel < space.slot_count);
  for (int i = 0; i < 1000; ++i) {  // stage 1 may have no layers: then its slots take no part
    const auto& at = points.next();
    REQUIRE(space.place(at).digits[kernel] == static_cast<digit>(share_of(std::uint64_t{3}, at[kernel])));
  }
}

TEST_CASE("a point of another length is refused") {
  CHECK_THROWS_MATCHES(test::depths::space.place(std::vector<std::uint64_t>(3)), space_error,
                       Catch::Matchers::MessageMatches(Catch::Matchers::ContainsSubstring(
                           "space 'depths', point: found a length of 3; allowed: the number of slots, 6")));
}

}  // namespace
