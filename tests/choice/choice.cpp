// SPDX-License-Identifier: Apache-2.0
#include "nascent/choice/choice.hpp"

#include <type_traits>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "nascent/network/activation.hpp"

using namespace nascent;

namespace {

template <choice Choice>
std::vector<typename Choice::value_type> values_of(const Choice& c) {
  std::vector<typename Choice::value_type> values;
  for (std::size_t i = 0; i < c.size(); ++i) values.push_back(c[i]);
  return values;
}

using ints = std::vector<int>;

}  // namespace

// Whatever has values, a size and an index is a choice; a list that is read at run time is one.
static_assert(choice<one_of_values<int, 3>> && choice<int_range> && choice<std::vector<int>>);
static_assert(!choice<int> && !choice<tie> && !choice<shared_choice<int_range>> &&
              !choice<independent_layers<int_range>>);

TEST_CASE("one_of keeps its values in the order written, as one type") {
  CHECK(values_of(one_of(7, 3, 5)) == ints{7, 3, 5});
  CHECK(values_of(one_of(0, .25)) == std::vector<double>{0, .25});
  CHECK(values_of(one_of(relu, swish)) == std::vector{activation::relu, activation::swish});
  STATIC_CHECK(std::is_same_v<decltype(one_of(0, .25))::value_type, double>);
  STATIC_CHECK(one_of(3).size() == 1);
}

TEST_CASE("range goes from the first to the last value by its step") {
  CHECK(values_of(range(32, 80, 16)) == ints{32, 48, 64, 80});
  CHECK(values_of(range(2, 4)) == ints{2, 3, 4});
  CHECK(values_of(range(-1, 1)) == ints{-1, 0, 1});
  CHECK(values_of(range(5, 5)) == ints{5});
  // Wider than any `int`.
  CHECK(values_of(range(-2'000'000'000, 2'000'000'000, 2'000'000'000)) == ints{-2'000'000'000, 0, 2'000'000'000});
}

TEST_CASE("a reversed range, or one without a step, is empty until define refuses it") {
  STATIC_CHECK(range(4, 2).size() == 0);
  STATIC_CHECK(range(2, 4, 0).size() == 0);
  STATIC_CHECK(range(2, 4, -1).size() == 0);
}

// google-research/google-research tunas/mobile_search_space_v3.py 0c1bbe5 (Apache-2.0), filter choices by base.
TEST_CASE("relative widths are TuNAS's filter choices") {
  constexpr auto multipliers = one_of(.5, .625, .75, 1., 1.25, 1.5, 2.);
  CHECK(values_of(16 * multipliers) == ints{8, 16, 24, 32});
  CHECK(values_of(32 * multipliers) == ints{16, 24, 32, 40, 48, 64});
  CHECK(values_of(64 * multipliers) == ints{32, 40, 48, 64, 80, 96, 128});
  CHECK(values_of(128 * multipliers) == ints{64, 80, 96, 128, 160, 192, 256});
  CHECK(values_of(256 * multipliers) == ints{128, 160, 192, 256, 320, 384, 512});
  CHECK(values_of(512 * multipliers) == ints{256, 320, 384, 512, 640, 768, 1024});
  CHECK(values_of(1024 * multipliers) == ints{512, 640, 768, 1024, 1280, 1536, 2048});
}

TEST_CASE("scaled widths never lose more than 10 %, relative ones may") {
  CHECK(values_of(32 * one_of(.35, 1.)) == ints{8, 32});          // 11.2 is nearer to 8
  CHECK(values_of(scaled(32, one_of(.35, 1.))) == ints{16, 32});  // but 8 is below 90 % of it
}

TEST_CASE("wrappers carry what they wrap") {
  STATIC_CHECK(shared(one_of(3, 5)).values.size() == 2);
  STATIC_CHECK(independent(range(2, 4)).count.size() == 3);
  STATIC_CHECK(independent(4).count == 4);
  STATIC_CHECK(tied_to("stem.filters").path[0] == 's');
  STATIC_CHECK(detail::is_shared<decltype(shared(one_of(1)))>);
  STATIC_CHECK(detail::is_independent<decltype(independent(4))>);
  STATIC_CHECK(detail::is_tie<const tie&>);
  STATIC_CHECK(!detail::is_tie<int>);
}
