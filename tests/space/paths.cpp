// SPDX-License-Identifier: Apache-2.0
#include "nascent/space/paths.hpp"

#include <set>

#include "nascent/zoo/gpunet.hpp"
#include "nascent/zoo/tunas.hpp"
#include "spaces.hpp"
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

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
