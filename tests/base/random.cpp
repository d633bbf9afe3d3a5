// SPDX-License-Identifier: Apache-2.0
#include "nascent/base/random.hpp"

#include <array>
#include <random>

#include <catch2/catch_test_macros.hpp>

using namespace nascent;

namespace {

/// Hands out given words, so that what a draw does with its bits can be followed.
struct script {
  using result_type = std::uint64_t;
  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return ~result_type{0}; }
  const std::uint64_t* next;
  constexpr result_type operator()() { return *next++; }
};

constexpr std::uint64_t all = ~std::uint64_t{0};

}  // namespace

// The stream of xoshiro256++ whose state is filled by splitmix64 from 0, as rust-random/rand pins it for
// Xoshiro256PlusPlus::seed_from_u64(0) (MIT or Apache-2.0).
TEST_CASE("random_engine is xoshiro256++ seeded through splitmix64") {
  constexpr std::array<std::uint64_t, 10> published{
      5987356902031041503U, 7051070477665621255U,  6633766593972829180U,  211316841551650330U,  9136120204379184874U,
      379361710973160858U,  15813423377499357806U, 15596884590815070553U, 5439680534584881407U, 1369371744833522710U};
  random_engine rng(0);
  for (const std::uint64_t word : published) CHECK(rng() == word);
}

TEST_CASE("a generator of 32 bits gives its two words high first") {
  std::mt19937 words(5489);
  const std::uint64_t high = words();
  const std::uint64_t low = words();
  std::mt19937 same(5489);
  CHECK(random_bits(same) == (high << 32 | low));
}

TEST_CASE("a draw takes the high part of bits times n, and draws again where that would be biased") {
  // Of the 2^64 words, 2^64 mod 3 = 1 has to go: the one whose product with 3 has the low part 0.
  const std::array<std::uint64_t, 3> words{0, all, 1};
  script rng{words.data()};
  CHECK(random_below(rng, std::uint64_t{3}) == 2);
  CHECK(rng.next == words.data() + 2);
}

TEST_CASE("a draw below a power of two is the top bits") {
  const std::array<std::uint64_t, 3> words{std::uint64_t{5} << 61, 0, all};
  script rng{words.data()};
  CHECK(random_below(rng, std::uint64_t{8}) == 5);
  CHECK(random_below(rng, std::uint64_t{8}) == 0);
  CHECK(random_below(rng, std::uint64_t{8}) == 7);
}

TEST_CASE("the only number below 1 is 0") {
  random_engine rng(7);
  for (int i = 0; i < 100; ++i) {
    CHECK(random_below(rng, std::uint64_t{1}) == 0);
    CHECK(random_below(rng, uint128{1}) == 0);
  }
}

TEST_CASE("128-bit draws mask and draw again") {
  constexpr uint128 n = (uint128{5} << 64) + 1;  // needs 67 bits
  const std::array<std::uint64_t, 4> words{all, 0, 4, 9};
  script rng{words.data()};  // the first pair, masked, is 7 * 2^64: too large
  CHECK((random_below(rng, n) == (uint128{4} << 64) + 9));
  CHECK(rng.next == words.data() + 4);
}

TEST_CASE("the whole 128 bits can be drawn") {
  const std::array<std::uint64_t, 2> words{all, all - 1};
  script rng{words.data()};
  CHECK((random_below(rng, ~uint128{0}) == ~uint128{0} - 1));
}

TEST_CASE("draws are uniform") {
  constexpr std::uint64_t seed = 20241;
  constexpr int cells = 10;
  constexpr int draws = 100'000;
  CAPTURE(seed);
  random_engine rng(seed);
  std::array<int, cells> narrow{};
  std::array<int, cells> wide{};
  constexpr uint128 part = (uint128{1} << 70) + 1;
  for (int i = 0; i < draws; ++i) {
    ++narrow[random_below(rng, std::uint64_t{cells})];
    ++wide[static_cast<std::size_t>(random_below(rng, part * cells) / part)];
  }
  const auto chi_square = [](const auto& seen) {
    constexpr double expected = draws / double{cells};
    double sum = 0;
    for (const int n : seen) sum += (n - expected) * (n - expected) / expected;
    return sum;
  };
  CHECK(chi_square(narrow) < 30);  // 9 degrees of freedom: 27.9 is exceeded once in a thousand
  CHECK(chi_square(wide) < 30);
}

TEST_CASE("engines with one seed agree, with two they differ") {
  STATIC_CHECK([] {
    random_engine a(3), b(3), c(4);
    const auto first = a();
    return first == b() && first != c();
  }());
}
