// SPDX-License-Identifier: Apache-2.0
#include "nascent/space/detail/paths.hpp"

#include <set>

#include "spaces.hpp"
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include "nascent/zoo/gpunet.hpp"
#include "nascent/zoo/tunas.hpp"

using namespace nascent;
using namespace test;

namespace {

template <class Space>
void check_paths(const Space& space) {
  std::set<std::string_view> seen;
  for (std::size_t k = 0; k < space.slot_count; ++k) {
    const auto path = space.slot(k).path;
    CAPTURE(path.view());
    CHECK(!path.truncated);
    CHECK(space.find(path.view()) == k);
  }
}

/// The block that a stage decides on.
template <std::size_t Stage, class Space>
constexpr auto decided(const candidate<Space>& c, int layer = 0) {
  return nascent::detail::decided_block<typename Space::declaration_type, Stage, 0>(c.digits.data(), layer);
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("a path leads to its slot", "", small_spaces) { check_paths(TestType::space); }

TEST_CASE("paths of large spaces lead to their slots") {
  check_paths(zoo::gpunet);
  check_paths(zoo::mobilenet_v3_like);
}

TEST_CASE("unknown paths lead nowhere") {
  for (const char* path : {"", "stem", "stem.", "stem.filters ", "1.filters", "9.kernel", "stem.groups"})
    CHECK(zoo::gpunet.find(path) == zoo::gpunet.slot_count);
}

TEST_CASE("a decided block holds values: chosen, tied, shared, fixed") {
  constexpr auto t = tied::space.decode(std::array{1, 1, 0, 1});
  STATIC_CHECK(decided<2>(t).filters == 16);
  STATIC_CHECK(decided<3>(t).filters == 16);
  STATIC_CHECK(decided<3>(t).kernel == 5);
  STATIC_CHECK(decided<3>(t).expand == 1);
  STATIC_CHECK(std::is_same_v<decltype(decided<3>(t)), mbconv<>>);
  constexpr auto s = skipping::space.decode(std::array{1, 0, 0, 0, 1, 1, -1});
  STATIC_CHECK(decided<1>(s, 0).filters == 16);
  STATIC_CHECK(decided<1>(s, 0).kernel == 3);
  STATIC_CHECK(decided<1>(s, 1).kernel == 5);
}

TEST_CASE("a stage's name may begin like another's; a field's name may end like another's") {
  constexpr auto space = define([] {
    return search_space("alike")
        .input(3, 32)
        .stage("1", conv{.filters = one_of(8, 16)})
        .stage("10", conv{.filters = tied_to("10.1.filters")})
        .stage("10.1", conv{.filters = one_of(24, 32), .kernel = one_of(1, 3)});
  });
  check_paths(space);
  STATIC_CHECK(space.find("10.filters") == space.slot_count);
  STATIC_CHECK(decided<2>(space.decode(std::array{0, 1, 0})).filters == 32);
}

TEST_CASE("of several stages the first before a number has the name") {
  constexpr std::array names{short_text{}.add("a"), short_text{}.add("b"), short_text{}.add("a")};
  STATIC_CHECK(nascent::detail::stage_named(names.data(), 3, "a") == 0);
  STATIC_CHECK(nascent::detail::stage_named(names.data(), 1, "b") == -1);
  STATIC_CHECK(nascent::detail::stage_named(names.data(), 2, "b") == 1);
}

TEST_CASE("the first options of a block have the types of its values") {
  constexpr auto block = nascent::detail::first_block(
      mbconv{.filters = shared(one_of(24, 32)), .kernel = range(3, 7, 2), .se = one_of(.25, .5)});
  STATIC_CHECK(std::is_same_v<decltype(block), const mbconv<>>);
  STATIC_CHECK(block.filters == 24);
  STATIC_CHECK(block.kernel == 3);
  STATIC_CHECK(block.se == .25);
  STATIC_CHECK(block.expand == 6);
}
