// SPDX-License-Identifier: Apache-2.0
#include "nascent/search/local_search.hpp"

#include <cstddef>
#include <cstdint>

#include "macro_space.hpp"
#include <catch2/catch_test_macros.hpp>

using namespace nascent;

namespace {

std::size_t differences(const macro_candidate& a, const macro_candidate& b) {
  std::size_t n = 0;
  for (std::size_t i = 0; i < a.digits.size(); ++i) n += a.digits[i] != b.digits[i] ? 1U : 0U;
  return n;
}

}  // namespace

TEST_CASE("what is told of the neighbours of a place that was left moves nothing") {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    local_search climb{macro_space, {.seed = seed}};
    const auto start = climb.ask();
    REQUIRE(climb.tell(*start, 1));
    // Three workers ask, and the second one's answer is the first, and better.
    const auto first = climb.ask();
    const auto second = climb.ask();
    const auto third = climb.ask();
    for (const auto& c : {first, second, third}) REQUIRE(differences(*c, *start) == 1);
    REQUIRE(climb.tell(*second, 2));
    REQUIRE(climb.tell(*first, 5));  // late: a neighbour of the start
    REQUIRE(climb.tell(*third, 0.5));
    CHECK_FALSE(climb.tell(*third, 9));
    for (int i = 0; i < 4; ++i) {
      const auto next = climb.ask();
      CHECK(differences(*next, *second) == 1);
      climb.tell(*next, 1.5);
    }
    // Nor does what nobody was asked for.
    macro_candidate other = macro_space.unrank(4321);
    REQUIRE(differences(other, *second) > 2);
    climb.tell(other, 8);
    CHECK(differences(*climb.ask(), *second) == 1);
  }
}

TEST_CASE("a place is left for a better one only, not for an equal one") {
  local_search climb{macro_space, {.seed = 4}};
  const auto start = climb.ask();
  climb.tell(*start, 1);
  for (int i = 0; i < 5; ++i) {
    const auto next = climb.ask();
    CHECK(differences(*next, *start) == 1);
    climb.tell(*next, i % 2 == 0 ? 1 : 0.5);
  }
}
