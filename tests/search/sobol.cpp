// SPDX-License-Identifier: Apache-2.0
#include "nascent/search/sobol.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace nascent;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::MessageMatches;

namespace {

std::vector<std::vector<std::uint64_t>> points_of(sobol_sequence s, std::size_t count) {
  std::vector<std::vector<std::uint64_t>> points;
  for (std::size_t i = 0; i < count; ++i) {
    const auto point = s.next();
    points.emplace_back(point.begin(), point.end());
  }
  return points;
}

double real(std::uint64_t coordinate) { return static_cast<double>(coordinate) * 0x1p-64; }

/// The first ten points in three dimensions, as the program of Joe and Kuo prints them with their numbers
/// new-joe-kuo-6, and torch.quasirandom.SobolEngine(3).
constexpr double published[10][3] = {
    {0, 0, 0},          {.5, .5, .5},       {.75, .25, .25},    {.25, .75, .75},       {.375, .375, .625},
    {.875, .875, .125}, {.625, .125, .875}, {.125, .625, .375}, {.1875, .3125, .9375}, {.6875, .8125, .4375}};

}  // namespace

TEST_CASE("unscrambled points are the published ones, the origin first") {
  const auto points = points_of(sobol_sequence(3, {.scramble = false}), 10);
  for (std::size_t i = 0; i < 10; ++i)
    for (std::size_t d = 0; d < 3; ++d) CHECK(real(points[i][d]) == published[i][d]);
}

TEST_CASE("every block of 2^k points has one in each of 2^k equal parts of every dimension, scrambled or not") {
  for (const bool scramble : {false, true}) {
    const auto points = points_of(sobol_sequence(64, {.scramble = scramble, .seed = 11}), 1024);
    for (const std::size_t size : {16U, 256U, 1024U})
      for (std::size_t begin = 0; begin < points.size(); begin += size)
        for (std::size_t d = 0; d < 64; ++d) {
          std::set<std::uint64_t> parts;
          for (std::size_t i = begin; i < begin + size; ++i)
            parts.insert(static_cast<std::uint64_t>(real(points[i][d]) * static_cast<double>(size)));
          REQUIRE(parts.size() == size);
        }
  }
}

TEST_CASE("scrambling keeps common prefixes common, and no longer ones: it is nested") {
  const auto plain = points_of(sobol_sequence(3, {.scramble = false}), 512);
  const auto scrambled = points_of(sobol_sequence(3, {.seed = 4}), 512);
  const auto common = [](std::uint64_t a, std::uint64_t b) {
    int bits = 0;
    while (bits < 32 && (a >> (63 - bits)) == (b >> (63 - bits))) ++bits;
    return bits;
  };
  for (std::size_t i = 0; i < 512; ++i)
    for (std::size_t j = i + 1; j < 512; ++j)
      for (std::size_t d = 0; d < 3; ++d)
        REQUIRE(common(plain[i][d], plain[j][d]) == common(scrambled[i][d], scrambled[j][d]));
}

TEST_CASE("each bit of a scrambled point is flipped by half of the seeds, and bits of one point together by chance") {
  constexpr int seeds = 4000;
  std::array<int, 48> ones{};
  std::array<int, 47> pairs{};
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const std::uint64_t x = points_of(sobol_sequence(2, {.seed = seed}), 1)[0][1];
    for (std::size_t b = 0; b < 48; ++b) ones[b] += static_cast<int>(x >> (63 - b) & 1);
    for (std::size_t b = 0; b < 47; ++b) pairs[b] += (x >> (63 - b) & 1) == (x >> (62 - b) & 1) ? 1 : 0;
  }
  const double most = 5 * std::sqrt(seeds / 4.0);
  for (const int n : ones) CHECK(std::fabs(n - seeds / 2.0) < most);
  for (const int n : pairs) CHECK(std::fabs(n - seeds / 2.0) < most);
}

TEST_CASE("a seed gives the same points anywhere, another one others, and blocks can be gone to") {
  CHECK(points_of(sobol_sequence(5, {.seed = 3}), 100) == points_of(sobol_sequence(5, {.seed = 3}), 100));
  CHECK(points_of(sobol_sequence(5, {.seed = 3}), 100) != points_of(sobol_sequence(5, {.seed = 4}), 100));
  const auto all = points_of(sobol_sequence(5, {.seed = 3}), 300);
  for (const std::size_t from : {0U, 1U, 2U, 64U, 255U, 256U}) {
    sobol_sequence s(5, {.seed = 3});
    s.go_to(from);
    CHECK(s.position() == from);
    const auto part = points_of(s, 40);
    CHECK(std::equal(part.begin(), part.end(), all.begin() + static_cast<std::ptrdiff_t>(from)));
  }
}

TEST_CASE("dimensions that the tables lack, and points past the end, are refused by name") {
  CHECK(sobol_sequence::most_dimensions == 3667);
  CHECK(points_of(sobol_sequence(3667), 2)[1].size() == 3667);
  CHECK_THROWS_MATCHES(sobol_sequence(3668), search_error,
                       MessageMatches(ContainsSubstring("sobol_sequence, dimensions: found 3668; allowed: 1 to 3667")));
  CHECK_THROWS_MATCHES(sobol_sequence(0), search_error, MessageMatches(ContainsSubstring("found 0")));
  sobol_sequence s(2);
  CHECK_THROWS_MATCHES(s.go_to(std::uint64_t{1} << 32), search_error,
                       MessageMatches(ContainsSubstring("points below 4294967296")));
  s.go_to((std::uint64_t{1} << 32) - 1);
  CHECK_NOTHROW(s.next());
  CHECK_THROWS_AS(s.next(), search_error);
}
