// SPDX-License-Identifier: Apache-2.0
#include "nascent/choice/either.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace nascent;

namespace {

struct narrow {
  int filters;
};
struct wide {
  int filters;
  int kernel;
};

constexpr auto set = either(narrow{8}, wide{64, 5}, narrow{16}, skip{});

}  // namespace

TEST_CASE("alternatives are found by number, equal types too") {
  STATIC_CHECK(decltype(set)::count == 4);
  STATIC_CHECK(alternative_of<0>(set).filters == 8);
  STATIC_CHECK(alternative_of<1>(set).kernel == 5);
  STATIC_CHECK(alternative_of<2>(set).filters == 16);
  STATIC_CHECK(is_skip<decltype(alternative_of<3>(set))>);
  STATIC_CHECK(!is_skip<decltype(alternative_of<0>(set))>);
}

TEST_CASE("a block is its own only alternative") {
  STATIC_CHECK(alternative_count<narrow> == 1);
  STATIC_CHECK(alternative_count<decltype(either(narrow{1}, wide{2, 3}))> == 2);
  STATIC_CHECK(alternative_of<0>(wide{2, 3}).kernel == 3);
}

TEST_CASE("skip passes its input on") {
  int net = 0;
  CHECK(skip{}(net, 42, 1) == 42);
}
