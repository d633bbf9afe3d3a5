// SPDX-License-Identifier: Apache-2.0
#include "nascent/report/design_map.hpp"

#include <string>

#include "xml.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "nascent/space/to_network.hpp"
#include "nascent/zoo/efficientnet_family.hpp"
#include "nascent/zoo/efficientnet_x_family.hpp"

using namespace nascent;
using Catch::Matchers::ContainsSubstring;

namespace {

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

}  // namespace

TEST_CASE("a map of designs has a cell for each stage, coloured by what its blocks are") {
  const std::string svg = to_svg(design_map{
      .title = "Two designs & one paper",
      .designs = {{.name = "EfficientNet-B0", .profile = profile_of(to_network(zoo::efficientnet_family[0]))},
                  {.name = "EfficientNet-X-B0",
                   .note = "920 M MACs",
                   .profile = profile_of(to_network(zoo::efficientnet_x_family[0]))}}});
  const test::element root = test::read_xml(svg);
  CHECK(root.name == "svg");
  CHECK(test::layout_fault(root).empty());
  CHECK(count_of(svg, "class=\"c1\"") == 2 + 1);   // stages 2 and 3 of the second, and the legend
  CHECK(count_of(svg, "class=\"c0\"") == 12 + 1);  // all others
  CHECK_THAT(svg, ContainsSubstring(">stage 7<") && ContainsSubstring(">920 M MACs<") &&
                      ContainsSubstring(">4 \xC3\x97 192, 5\xC3\x97"
                                        "5<") &&
                      ContainsSubstring(">swish, se<"));
  CHECK_THAT(svg, ContainsSubstring("fused MBConv, 24 channels, kernel 3, expansion 1.5, squeeze 0.25, swish"));
}

TEST_CASE("designs without such blocks, and none at all, are maps too") {
  const design_map none{.title = "none"};
  CHECK(test::layout_fault(test::read_xml(to_svg(none))).empty());
  network bare("bare", {.height = 8, .width = 8, .channels = 4});
  const design_map one{.title = "one", .designs = {{.name = "bare", .profile = profile_of(bare)}}};
  CHECK_THAT(to_svg(one), ContainsSubstring(">bare<"));
}
