// SPDX-License-Identifier: Apache-2.0
#include "nascent/space/views.hpp"

#include <set>

#include "spaces.hpp"
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <range/v3/view/filter.hpp>
#include <range/v3/view/take.hpp>

#include "nascent/cost/cost.hpp"
#include "nascent/zoo/gpunet.hpp"

using namespace nascent;
using namespace test;
using Catch::Matchers::Message;

namespace {

template <class View>
auto ranks(View view) {
  std::vector<uint128> all;
  for (const auto& c : view) all.push_back(std::remove_cvref_t<decltype(c)>::space_type::rank(c));
  return all;
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("candidates go by rank, each once", "", small_spaces) {
  const auto seen = ranks(TestType::space | views::candidates);
  REQUIRE(seen.size() == static_cast<std::size_t>(TestType::size));
  for (std::size_t i = 0; i < seen.size(); ++i) REQUIRE(seen[i] == i);
}

TEMPLATE_LIST_TEST_CASE("shards cover the space, disjoint and even", "", small_spaces) {
  for (const std::size_t parts : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}, std::size_t{1000}}) {
    uint128 next = 0;
    for (std::size_t k = 0; k < parts; ++k) {
      const auto part = TestType::space | views::candidates | views::shard(k, parts);
      CHECK(part.first() == next);
      next = part.last();
      const uint128 length = part.last() - part.first();
      const uint128 even = TestType::space.size() / parts;
      CHECK((length == even || length == even + 1));
      CHECK(ranks(part).size() == length);
    }
    CHECK(next == TestType::space.size());
  }
}

TEST_CASE("from starts at a rank, in a shard too") {
  CHECK(ranks(depths::space | views::candidates | views::from(105)) == std::vector<uint128>{105, 106, 107});
  CHECK(ranks(depths::space | views::candidates | views::from(depths::space.size())).empty());
  const auto part = depths::space | views::candidates | views::shard(1, 4);  // 27 up to 53
  CHECK(ranks(part | views::from(50)) == std::vector<uint128>{50, 51, 52, 53});
  CHECK(ranks(part | views::from(3)) == ranks(part));
  CHECK(ranks(depths::space | views::candidates | views::from(100) | views::shard(1, 2)) ==
        std::vector<uint128>{104, 105, 106, 107});
}

TEST_CASE("a view is a range-v3 range: it filters and takes, and computes only what is looked at") {
  const auto small = [](const auto& c) { return count(c).macs < 500'000; };
  const auto expected = [&] {
    std::vector<uint128> all;
    for (const auto& c : all_candidates(depths::space))
      if (small(c)) all.push_back(depths::space.rank(c));
    return all;
  }();
  REQUIRE(expected.size() > 1);
  REQUIRE(expected.size() < 108);
  CHECK(ranks(depths::space | views::candidates | ranges::views::filter(small)) == expected);
  std::vector<uint128> first;
  for (const auto& c : zoo::gpunet | views::candidates | views::from(zoo::gpunet.size() / 2) | ranges::views::take(3))
    first.push_back(zoo::gpunet.rank(c) - zoo::gpunet.size() / 2);
  CHECK(first == std::vector<uint128>{0, 1, 2});
}

TEST_CASE("ranks and parts past the end are refused") {
  const auto all = depths::space | views::candidates;
  CHECK_THROWS_MATCHES(all | views::from(109), space_error,
                       Message("nascent: space 'depths', views::from: found 109; allowed: a rank up to 108"));
  CHECK_THROWS_MATCHES(all | views::shard(4, 4), space_error,
                       Message("nascent: space 'depths', views::shard: found part 4; allowed: parts below 4"));
  CHECK_THROWS_AS(all | views::shard(0, 0), space_error);
}
