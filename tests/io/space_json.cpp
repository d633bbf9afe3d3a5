// SPDX-License-Identifier: Apache-2.0
#include "nascent/io/space_json.hpp"

#include <catch2/catch_test_macros.hpp>

#include "nascent/block/block.hpp"
#include "nascent/space/constraint.hpp"
#include "nascent/space/view_of.hpp"

using namespace nascent;

namespace {

constexpr auto constrained = define([] {
  return search_space("constrained")
      .input(3, 32)
      .stage("a", conv{.filters = one_of(8, 16), .kernel = one_of(3, 5), .act = one_of(relu, swish)})
      .layers(range(1, 3))
      .stage("b", conv{.filters = one_of(8, 16), .kernel = one_of(3, 5)})
      .layers(range(1, 3))
      .require(sum("*.layers") <= 5)
      .require(sum(priced("a.layers", 1, 2, 4), "b.layers") < 6)
      .require(value_of("a.act") == "swish")
      .require(count("*.kernel", at_least(5)) <= 1)
      .require(table({"a.kernel", "b.kernel"}, {{3, 5}, {3, 3}}))
      .require("a.filters", "b.filters", [](int a, int b) { return a < b; });
});

}  // namespace

TEST_CASE("constraints as JSON say all that they were declared with") {
  const space_view v = view_of(constrained);
  const auto slot = [](const char* path) { return static_cast<int>(constrained.find(path)); };
  REQUIRE(v.constraints.size() == 6);
  CHECK(json(v.constraints[0]) == json({{"kind", "sum"},
                                        {"paths", {"*.layers"}},
                                        {"slots", {slot("a.layers"), slot("b.layers")}},
                                        {"compares", "<="},
                                        {"bound", 5.}}));
  CHECK(json(v.constraints[1])["terms"] ==
        json::parse(R"([{"paths": 1, "prices": [1.0, 2.0, 4.0]}, {"paths": 1, "prices": []}])"));
  CHECK(json(v.constraints[2]) == json({{"kind", "compare"},
                                        {"paths", {"a.act"}},
                                        {"slots", {slot("a.act")}},
                                        {"compares", "=="},
                                        {"values", {"swish"}}}));
  const json counted = v.constraints[3];
  CHECK(counted["condition"] == ">=");
  CHECK(counted["values"] == json::parse("[5.0]"));
  CHECK(json(v.constraints[4])["rows"] == json::parse("[[3.0, 5.0], [3.0, 3.0]]"));
  // Filters of 8 and 16: only the first of a with the second of b.
  CHECK(json(v.constraints[5]) == json({{"kind", "predicate"},
                                        {"paths", {"a.filters", "b.filters"}},
                                        {"slots", {slot("a.filters"), slot("b.filters")}},
                                        {"allowed", json::parse("[[0, 1]]")}}));
}
