// SPDX-License-Identifier: Apache-2.0
/// \file
/// A small space with a constraint, which searchers of one candidate after another use up.
#pragma once

#include <cstddef>

#include <catch2/catch_test_macros.hpp>

#include "nascent/block/block.hpp"
#include "nascent/space/constraint.hpp"
#include "nascent/space/space.hpp"

namespace test {

inline constexpr auto constrained_space = nascent::define([] {
  using namespace nascent;
  return search_space("tied")
      .input(3, 32)
      .stage("1", conv{.filters = one_of(8, 16, 24)})
      .stage("2", conv{.filters = one_of(8, 16, 24)})
      .layers(range(0, 2))
      .head(global_pool{}, dense{10})
      .require("1.filters", "2.filters", [](int a, int b) { return a < b; });
});

/// Asks until there is nothing left: every candidate keeps the constraint, every network comes once.
template <class Searcher>
void check_uses_up(Searcher& searching) {
  std::size_t asked = 0;
  while (const auto c = searching.ask()) {
    constrained_space.validate(*c);
    CHECK(searching.tell(*c, static_cast<double>(asked++)));
  }
  CHECK(asked == constrained_space.size());
}

}  // namespace test
