// SPDX-License-Identifier: Apache-2.0
#include "nascent/report/hub_report.hpp"

#include <string>

#include "../io/spaces.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace nascent;
using Catch::Matchers::ContainsSubstring;

namespace {

hub_entry entry(std::uint64_t rank, double ms, double top1, double tier_ms, const char* device) {
  const auto network = scaled(test::small.unrank(rank), {});
  family_level<std::remove_cvref_t<decltype(test::small)>> l{
      .name = "<network " + std::to_string(rank) + ">",
      .network = network,
      .cost = cost(network),
      .latency = {.measured_ms = ms},
      .accuracy = {.top1 = top1, .standard_error = 0.5, .source = "accuracy model"}};
  return {{.device = device, .library = "a library", .isa = "any"}, tier_ms, l, "a test", "2026-11-29T12:00:00Z"};
}

}  // namespace

TEST_CASE("a hub has a table for each device, and its history") {
  model_hub hub;
  hub.add(entry(1, 8, 75, 10, "A"));
  hub.add(entry(2, 9, 76, 10, "A"));
  hub.add(entry(3, 18, 79, 20, "A"));
  hub.add(entry(4, 0.5, 80, 1, "B"));
  const auto sections = sections_of(hub);
  REQUIRE(sections.size() == 2);
  CHECK(sections[0].title == "A, a library, any, 1 thread, f32, batch 1");
  REQUIRE(sections[0].table.rows.size() == 2);
  CHECK(sections[0].table.rows[0][0] == "10");
  CHECK(sections[0].table.rows[0][1] == "<network 2>");
  CHECK(sections[0].table.rows[0][6] == "measured");
  CHECK(sections[0].table.rows[0][7] == "76.00 \xC2\xB1 0.50");
  CHECK(sections[1].table.rows.size() == 1);
  CHECK(sections_of(hub, {.device = "B"}).size() == 1);
  const std::string page = to_html(hub);
  CHECK_THAT(page, ContainsSubstring("B, a library, any, 1 thread, f32, batch 1"));
  CHECK_THAT(page, ContainsSubstring("History"));
  CHECK_THAT(page, ContainsSubstring("&lt;network 1&gt;"));
  CHECK(page.find("<network 1>") == std::string::npos);
}

TEST_CASE("the page of an empty hub says so") {
  CHECK_THAT(to_html(model_hub{}), ContainsSubstring("Nothing has been added yet"));
}
