// SPDX-License-Identifier: Apache-2.0
#include "nascent/report/ratio_map.hpp"

#include <limits>
#include <string>

#include "xml.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace nascent;
using Catch::Matchers::ContainsSubstring;

namespace {

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

}  // namespace

TEST_CASE("a ratio map has a cell for each ratio, coloured by its side of 1") {
  const std::string svg = to_svg(ratio_map{.title = "time",
                                           .rows = {"fused", "plain"},
                                           .columns = {"56x56", "14x14", "7x7"},
                                           .ratios = {.5, 1.25, 4, .9, std::numeric_limits<double>::quiet_NaN(), 1.1}});
  const test::element root = test::read_xml(svg);
  CHECK(root.name == "svg");
  CHECK(test::layout_fault(root).empty());
  CHECK(count_of(svg, "class=\"c2\"") == 2 + 1);  // two cells and the legend
  CHECK(count_of(svg, "class=\"c4\"") == 3 + 1);
  CHECK(count_of(svg, "class=\"c9\"") == 1);
  CHECK_THAT(svg, ContainsSubstring(">1.25<") && ContainsSubstring(">fused<") && ContainsSubstring(">7x7<"));
  CHECK(count_of(svg, "fill-opacity=\"0.7\"") == 2 + 2);  // a factor of 2 is full, and 4 no fuller
}

TEST_CASE("missing or senseless ratios are refused") {
  CHECK_THROWS_WITH(to_svg(ratio_map{.title = "t", .rows = {"a"}, .columns = {"b", "c"}, .ratios = {1}}),
                    ContainsSubstring("found 1 ratios") && ContainsSubstring("1 rows and 2 columns"));
  CHECK_THROWS_WITH(to_svg(ratio_map{.title = "t", .rows = {"a"}, .columns = {"b"}, .ratios = {0}}),
                    ContainsSubstring("above 0"));
  CHECK_THROWS_AS(to_svg(ratio_map{.rows = {"a"}, .columns = {"b"}, .ratios = {1}, .tips = {"x", "y"}}),
                  ratio_map_error);
}
