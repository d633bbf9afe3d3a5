// SPDX-License-Identifier: Apache-2.0
#include "nascent/report/detail/labels.hpp"

#include <catch2/catch_test_macros.hpp>

using nascent::detail::label_placer;

namespace {

TEST_CASE("a label beside its own mark needs no line, and one among the marks of others has one") {
  label_placer alone({0, 0, 600, 400});
  alone.avoid_mark(300, 200, 4.5, 4);
  alone.add("network", 300, 200, 60, 14);
  CHECK_FALSE(alone.solve().front().has_leader());

  label_placer among({0, 0, 600, 400});
  for (int dx = -6; dx <= 6; ++dx)
    for (int dy = -6; dy <= 6; ++dy) among.avoid_mark(300 + 12 * dx, 200 + 12 * dy, 4.5, 4);  // wherever it goes
  among.add("network", 300, 200, 60, 14);
  CHECK(among.solve().front().has_leader());
}

TEST_CASE("of two sides a label takes the one where its mark is the nearest") {
  label_placer placer({0, 0, 600, 400});
  placer.avoid_mark(300, 200, 4.5, 4);
  placer.avoid_mark(374, 200, 4.5, 4);  // right behind where the label would stand
  placer.add("network", 300, 200, 60, 14);
  const auto placed = placer.solve().front();
  CHECK(placed.area.distance(300, 200) < placed.area.distance(374, 200));
  CHECK_FALSE(placed.has_leader());
}

}  // namespace
