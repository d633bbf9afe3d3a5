// SPDX-License-Identifier: Apache-2.0
#include "nascent/space/space.hpp"

#include <array>
#include <random>
#include <set>

#include "spaces.hpp"
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>

#include "nascent/zoo/efficientnet.hpp"
#include "nascent/zoo/efficientnet_x.hpp"
#include "nascent/zoo/gpunet.hpp"
#include "nascent/zoo/once_for_all.hpp"
#include "nascent/zoo/tunas.hpp"

using namespace nascent;
using namespace test;
using Catch::Matchers::Message;

// --- counting, ranks, vectors ----------------------------------------------------------------------------------------

TEMPLATE_LIST_TEST_CASE("a space holds exactly the vectors that its description allows", "", small_spaces) {
  constexpr const auto& space = TestType::space;
  const auto expected = brute_force<TestType>();
  CHECK(expected.size() == static_cast<std::size_t>(TestType::size));
  CHECK(space.size() == static_cast<uint128>(TestType::size));
  std::set<std::vector<int>> listed;
  for (const auto& c : all_candidates(space)) listed.insert(vector_of(c));
  CHECK(listed == std::set<std::vector<int>>(expected.begin(), expected.end()));
}

TEMPLATE_LIST_TEST_CASE("rank and unrank are inverse of each other, encode and decode too", "", small_spaces) {
  constexpr const auto& space = TestType::space;
  for (uint128 r = 0; r < space.size(); ++r) {
    const auto c = space.unrank(r);
    REQUIRE(space.rank(c) == r);
    REQUIRE(space.decode(space.encode(c)) == c);
  }
}

TEMPLATE_LIST_TEST_CASE("decode takes the vectors of the space and no other", "", small_spaces) {
  constexpr const auto& space = TestType::space;
  using space_type = std::remove_cvref_t<decltype(space)>;
  std::vector<int> v(space.slot_count, -1);
  for (std::size_t k = 0; k < v.size();) {
    CAPTURE(v);
    if (TestType::holds(decisions<space_type>{v})) REQUIRE_NOTHROW(space.decode(v));
    else REQUIRE_THROWS_AS(space.decode(v), space_error);
    for (k = 0; k < v.size() && ++v[k] == space.slot(k).options; ++k) v[k] = -1;
  }
}

TEMPLATE_TEST_CASE("large spaces: rank and unrank are inverse of each other", "", decltype(zoo::gpunet),
                   decltype(zoo::once_for_all), decltype(zoo::proxylessnas_enlarged), decltype(zoo::mobilenet_v3_like),
                   decltype(zoo::efficientnet_x)) {
  constexpr std::remove_const_t<TestType> space;
  constexpr std::uint64_t seed = 4711;
  CAPTURE(seed);
  random_engine rng(seed);
  CHECK(space.rank(space.unrank(0)) == 0);
  CHECK(space.rank(space.unrank(space.size() - 1)) == space.size() - 1);
  for (int i = 0; i < 2000; ++i) {
    const uint128 r = random_below(rng, space.size());
    REQUIRE(space.rank(space.unrank(r)) == r);
    const auto c = space.sample(rng);
    REQUIRE(space.unrank(space.rank(c)) == c);
    REQUIRE(space.decode(space.encode(c)) == c);
    REQUIRE_NOTHROW(space.validate(space.sample_decisions(rng)));
  }
}

TEST_CASE("everything works in constant expressions") {
  constexpr auto c = zoo::gpunet.unrank(zoo::gpunet.size() / 3);
  STATIC_CHECK(zoo::gpunet.rank(c) == zoo::gpunet.size() / 3);
  STATIC_CHECK([] {
    random_engine rng(5);
    const auto drawn = constrained::space.sample(rng);
    return constrained::space.unrank(constrained::space.rank(drawn)) == drawn;
  }());
  STATIC_CHECK(zoo::efficientnet_b0.size() == 1);
  STATIC_CHECK(zoo::efficientnet_b0.only() == zoo::efficientnet_b0.unrank(0));
}

// A layer with more than 2^64 configurations: ten fields of 100 values each.
namespace {
template <class A = int, class B = int, class C = int, class D = int, class E = int, class F = int, class G = int,
          class H = int, class I = int, class J = int>
struct ten_fields {
  A a{0};
  B b{0};
  C c{0};
  D d{0};
  E e{0};
  F f{0};
  G g{0};
  H h{0};
  I i{0};
  J j{0};
  constexpr auto operator()(auto& net, auto input, int stride) const {
    return net.conv(input, {.filters = 1 + a + b + c + d + e + f + g + h + i + j, .stride = stride});
  }
};
}  // namespace

TEST_CASE("one layer may have more than 2^64 configurations") {
  constexpr auto space = define([] {
    constexpr auto r = range(1, 100);
    return search_space("wide")
        .input(3, 16)
        .stage("1", either(ten_fields{r, r, r, r, r, r, r, r, r, r}, conv{.filters = one_of(8, 16)}, skip{}))
        .layers(independent(one_of(1)));
  });
  STATIC_CHECK(space.size() == checked_power({10}, 20).value + 2);
  random_engine rng(1);
  for (int i = 0; i < 200; ++i) {
    const uint128 r = random_below(rng, space.size());
    REQUIRE(space.rank(space.unrank(r)) == r);
    const auto c = space.sample(rng);
    REQUIRE(space.unrank(space.rank(c)) == c);
    REQUIRE(c.digits[0] == 0);  // the two other configurations are never met
  }
  CHECK(space.unrank(space.size() - 1).digits[0] == 1);
}

// --- drawing ---------------------------------------------------------------------------------------------------------

TEMPLATE_LIST_TEST_CASE("sample is uniform over networks", "", small_spaces) {
  constexpr const auto& space = TestType::space;
  constexpr std::uint64_t seed = 99;
  CAPTURE(seed);
  random_engine rng(seed);
  std::vector<int> seen(static_cast<std::size_t>(space.size()));
  const int draws = 100 * TestType::size;
  for (int i = 0; i < draws; ++i) ++seen[static_cast<std::size_t>(space.rank(space.sample(rng)))];
  CHECK(chi_square_excess(seen, draws) < 5);
}

TEST_CASE("the depths of Once-for-All: 81, 729 and 6561 of 7371 networks, a third each of decisions") {
  constexpr std::uint64_t seed = 2020;
  constexpr int draws = 60'000;
  CAPTURE(seed);
  constexpr const auto& space = zoo::once_for_all;
  random_engine rng(seed);
  const std::array<double, 3> networks{81 / 7371., 729 / 7371., 6561 / 7371.};
  for (int stage = 1; stage <= 5; ++stage) {
    const std::size_t slot = space.find(std::to_string(stage) + ".layers");
    std::array<double, 3> uniform{};
    std::array<double, 3> by_decision{};
    for (int i = 0; i < draws; ++i) {
      uniform[static_cast<std::size_t>(space.sample(rng).digits[slot])] += 1;
      by_decision[static_cast<std::size_t>(space.sample_decisions(rng).digits[slot])] += 1;
    }
    for (std::size_t d = 0; d < 3; ++d) {
      const auto within = [&](double seen, double p) {
        return std::abs(seen - draws * p) < 5 * std::sqrt(draws * p * (1 - p));
      };
      CAPTURE(stage, d, uniform[d], by_decision[d]);
      CHECK(within(uniform[d], networks[d]));
      CHECK(within(by_decision[d], 1 / 3.));
    }
  }
}

TEST_CASE("sample_decisions is uniform per decision, also among what constraints leave") {
  constexpr const auto& space = constrained_layers::space;
  constexpr int draws = 30'000;
  random_engine rng(7);
  std::array<int, 3> layers{};
  std::array<int, 3> first{};
  std::array<int, 2> second_after_5{};
  for (int i = 0; i < draws; ++i) {
    const auto c = space.sample_decisions(rng);
    ++layers[static_cast<std::size_t>(c.digits[space.find("1.layers")])];
    ++first[static_cast<std::size_t>(c.digits[space.find("1[0].kernel")])];
    const int second = c.digits[space.find("1[1].kernel")];
    if (c.digits[space.find("1[0].kernel")] == 1 && second >= 0) ++second_after_5[static_cast<std::size_t>(second - 1)];
  }
  const double sum = second_after_5[0] + second_after_5[1];
  CHECK(chi_square_excess({layers.begin(), layers.end()}, draws) < 5);
  CHECK(chi_square_excess({first.begin(), first.end()}, draws) < 5);
  CHECK(chi_square_excess({second_after_5.begin(), second_after_5.end()}, sum) < 5);
}

TEST_CASE("any standard generator draws") {
  std::mt19937 narrow(1);
  std::mt19937_64 wide(1);
  CHECK_NOTHROW(zoo::gpunet.validate(zoo::gpunet.sample(narrow)));
  CHECK_NOTHROW(constrained::space.validate(constrained::space.sample(wide)));
}

// Computed with g++ 12.2 and compared with clang 19.1: the same candidates for the same seed, everywhere and always.
TEST_CASE("the first candidates for seeds 1, 2 and 3 never change") {
  const auto first = [](const auto& space, std::uint64_t seed) {
    random_engine rng(seed);
    return vector_of(space.sample(rng));
  };
  using v = std::vector<int>;
  CHECK(first(zoo::gpunet, 1) == v{8, 1, 0, 1, 1, 1, 0, 0, 0, 4, 0, 0, 4, 0, 0, 2, 0, 1, 3, 1, 1, 0,
                                   0, 0, 6, 7, 1, 3, 1, 1, 3, 6, 1, 1, 0, 1, 7, 4, 0, 1, 1, 1, 11});
  CHECK(first(zoo::gpunet, 2) == v{7, 1, 1, 0, 1, 0, 1, 1, 1, 2, 1, 1, 5, 4, 0, 2, 0, 0, 7, 4, 1, 2,
                                   1, 0, 1, 0, 0, 4, 1, 1, 5, 4, 1, 4, 0, 1, 3, 7, 0, 2, 0, 0, 3});
  CHECK(first(zoo::gpunet, 3) == v{0, 1, 1, 1, 0, 0, 2, 2, 0,  2, 0, 0, 4, 0, 0,  0, 1, 1, 3, 2, 0, 0,
                                   0, 1, 5, 5, 0, 1, 1, 0, 15, 3, 1, 0, 0, 0, 10, 5, 0, 0, 0, 1, 14});
  CHECK(first(zoo::once_for_all, 1) == v{2, 0, 2, 0, 1, 2, 1, 0, 2, 2, 1, 0, 1, 0, 0, 1, 1, 2, 1, 0,  2,  0, 1,
                                         0, 1, 0, 2, 1, 2, 1, 1, 1, 1, 2, 0, 2, 2, 2, 2, 1, 1, 1, -1, -1, 1});
  CHECK(first(zoo::once_for_all, 2) == v{1, 1, 0, 1, 2, 1, 2, 1, 2, 1, 2,  2,  2, 2, 1, 1, 1, 2, 0, 1, 1, 1, 2,
                                         0, 0, 0, 2, 1, 2, 1, 2, 0, 1, -1, -1, 1, 2, 0, 2, 2, 0, 2, 0, 1, 2});
  CHECK(first(zoo::once_for_all, 3) == v{1, 2, 2, 1, 0, 0, -1, -1, 1, 1, 0, 1, 0, 1, 1, 0, 1, 2, 2, 2, 1, 1, 0,
                                         0, 0, 2, 2, 2, 2, 0,  0,  2, 1, 2, 0, 2, 0, 0, 0, 0, 2, 1, 1, 0, 2});
}

// --- what a space knows of itself ------------------------------------------------------------------------------------

TEST_CASE("slots know their path, role, options and what decides whether they take part") {
  constexpr const auto& space = growing::space;
  const auto k = space.find("1[2].kernel");
  REQUIRE(k < space.slot_count);
  CHECK(space.slot(k).path == "1[2].kernel");
  CHECK(space.slot(k).role == slot_role::field);
  CHECK(space.slot(k).options == 2);
  CHECK(space.slot(k).parent == static_cast<int>(space.find("1.layers")));
  CHECK(space.slot(space.find("1.layers")).role == slot_role::layers);
  CHECK(space.slot(space.find("1.layers")).parent == -1);
  CHECK(space.slot(space.find("2[0].block")).role == slot_role::block);
  CHECK(space.slot(space.find("2[0].block")).options == 2);  // skip{} is not for the first layer
  CHECK(space.slot(space.find("2[1].block")).options == 3);
  CHECK(depths::space.slot(depths::space.find("1.stride")).role == slot_role::stride);
  CHECK(connected::space.slot(connected::space.find("3.skip")).role == slot_role::skip);
  CHECK(space.find("1[3].kernel") == space.slot_count);
}

TEST_CASE("whether a slot takes part depends on the other decisions") {
  constexpr const auto& space = depths::space;
  for (const auto& c : all_candidates(space))
    for (std::size_t k = 0; k < space.slot_count; ++k) CHECK(space.is_active(c, k) == (c.digits[k] >= 0));
}

TEST_CASE("a space knows its name and its stages") {
  CHECK(std::string_view(zoo::gpunet.name()) == "GPUNet");
  CHECK(zoo::gpunet.stage(0) == "input");
  CHECK(zoo::gpunet.stage(1) == "stem");
  CHECK(zoo::once_for_all.stage(zoo::once_for_all.stage_count - 2) == "head.dense");
  CHECK(zoo::once_for_all.stage(zoo::once_for_all.stage_count - 1) == "head.dense2");
}

TEST_CASE("values are text") {
  const auto text_of = [](const auto& space, std::string_view path, int option) {
    return std::string(space.value(space.find(path), option).text().view());
  };
  CHECK(text_of(zoo::gpunet, "2.se", 1) == "0.25");
  CHECK(text_of(zoo::gpunet, "2.act", 1) == "swish");
  CHECK(text_of(zoo::gpunet, "7.filters", 9) == "832");
}

// --- errors ----------------------------------------------------------------------------------------------------------

TEST_CASE("decode says which slot is wrong, what it found and what is allowed") {
  constexpr const auto& space = depths::space;  // input.resolution, 1.filters, 1.stride, 1.layers, 2.kernel, 2.layers
  using v = std::vector<int>;
  REQUIRE_NOTHROW(space.decode(v{0, 1, 0, 2, 2, 0}));
  CHECK_THROWS_MATCHES(
      space.decode(v{0, 1, 0}), space_error,
      Message("nascent: space 'depths', vector: found a length of 3; allowed: the number of slots, 6"));
  CHECK_THROWS_MATCHES(
      space.decode(v{}), space_error,
      Message("nascent: space 'depths', vector: found a length of 0; allowed: the number of slots, 6"));
  CHECK_THROWS_MATCHES(
      space.decode(v{0, 1, 0, 2, 3, 0}), space_error,
      Message("nascent: space 'depths', 2.kernel: found the option 3; allowed: -1 where inactive, else 0 up to 2"));
  CHECK_THROWS_MATCHES(space.decode(v{-2, 1, 0, 2, 2, 0}), space_error,
                       Message("nascent: space 'depths', input.resolution: found the option -2; allowed: -1 where "
                               "inactive, else 0 up to 1"));
  CHECK_THROWS_MATCHES(
      space.decode(v{0, 1, -1, 0, 2, 0}), space_error,
      Message("nascent: space 'depths', 1.filters: found in an inactive slot the option 1; allowed: only -1"));
  CHECK_THROWS_MATCHES(
      space.decode(v{0, 1, -1, 2, 2, 0}), space_error,
      Message("nascent: space 'depths', 1.stride: found no decision in an active slot, -1; allowed: 0 up to 1"));
  CHECK_THROWS_AS(space.decode(v{0, 65536, 0, 2, 2, 0}), space_error);  // would be 0 in 16 bits
}

TEST_CASE("decode says which constraint is broken") {
  const auto c = constrained::space.unrank(0);
  std::vector<int> v = vector_of(c);
  v[constrained::space.find("3.filters")] = 1;
  CHECK_THROWS_MATCHES(
      constrained::space.decode(v), space_error,
      Message("nascent: space 'constrained', constraint 2: found 3.filters 2; allowed: what its predicate accepts"));
}

TEST_CASE("there is no candidate past the end") {
  CHECK_THROWS_MATCHES(depths::space.unrank(depths::space.size()), space_error,
                       Message("nascent: space 'depths', rank: found 108; allowed: a rank below the size, 108"));
  CHECK_THROWS_AS(zoo::gpunet.unrank(~uint128{0}), space_error);
}
