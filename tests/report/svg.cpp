// SPDX-License-Identifier: Apache-2.0
#include "nascent/report/svg.hpp"

#include <clocale>
#include <cmath>
#include <limits>
#include <string>

#include "xml.hpp"
#include <catch2/catch_test_macros.hpp>

using namespace nascent;

namespace {

TEST_CASE("text is escaped, and made valid") {
  CHECK(escape_xml("a < b && \"c\" > 'd'") == "a &lt; b &amp;&amp; &quot;c&quot; &gt; &#39;d&#39;");
  CHECK(escape_xml("3 \xC3\x97 5 \xE2\x86\x92 \xF0\x9F\x98\x80") == "3 \xC3\x97 5 \xE2\x86\x92 \xF0\x9F\x98\x80");
  const std::string bad = "\xEF\xBF\xBD";
  CHECK(escape_xml("a\x01z") == "a" + bad + "z");                  // XML has no control characters
  CHECK(escape_xml("\xff") == bad);                                // no UTF-8
  CHECK(escape_xml("\xC3") == bad);                                // cut
  CHECK(escape_xml("\xC0\xAF") == bad + bad);                      // overlong
  CHECK(escape_xml("\xED\xA0\x80") == bad + bad + bad);            // a surrogate
  CHECK(escape_xml("\xF4\x90\x80\x80") == bad + bad + bad + bad);  // past the end
  CHECK(escape_xml("\xEF\xBF\xBF") == bad + bad + bad);            // no character
  CHECK(escape_xml(std::string_view("\0", 1)) == bad);
}

TEST_CASE("numbers are short, and the same under every locale") {
  CHECK(rounded_text(1.5) == "1.5");
  CHECK(rounded_text(-0.001) == "0");
  CHECK(rounded_text(100) == "100");
  CHECK(rounded_text(1234567.891) == "1234567.89");
  const char* before = std::setlocale(LC_ALL, nullptr);
  const std::string kept = before == nullptr ? "C" : before;
  std::setlocale(LC_ALL, "de_DE.UTF-8");
  CHECK(rounded_text(0.25) == "0.25");
  std::setlocale(LC_ALL, kept.c_str());
  CHECK(detail::grouped_digits("1234") == "1234");
  CHECK(detail::grouped_digits("1234567") ==
        "1\xE2\x80\x89"
        "234\xE2\x80\x89"
        "567");
}

TEST_CASE("widths follow the letters") {
  CHECK(text_width("", 10) == 0);
  CHECK(std::abs(text_width("iii", 10) - 6.66) < 1e-9);
  CHECK(std::abs(text_width("mmm", 10) - 24.99) < 1e-9);
  CHECK(text_width("kernel", 12) < text_width("kernel", 12, true));
  CHECK(text_width("\xC3\xA4", 10) < 10);
}

TEST_CASE("a drawing is well-formed whatever is written into it") {
  const std::string nasty = "</text><script>alert(\"1\")</script> & ' \x02";
  const std::string svg =
      svg_canvas{}
          .text({.x = 1, .y = 2, .text = nasty, .anchor = text_anchor::end, .bold = true, .angle = 30})
          .rect({.x = 1, .y = 2, .width = 3, .height = 4, .radius = 1, .tip = nasty})
          .line({.x1 = 1, .y1 = 2, .x2 = 3, .y2 = 4, .width = 2})
          .begin_clip(0, 0, 10, 10)
          .circle({.x = 5, .y = 5, .radius = 2, .tip = nasty})
          .end_clip()
          .path({.data = svg_pen{}.move(0, 0).line(1, 1).curve(2, 2, 3, 3).cubic(1, 2, 3, 4, 5, 6).close().str()})
          .str(99.5, 50, nasty);
  const test::element root = test::read_xml(svg);
  CHECK(root.name == "svg");
  CHECK(root.attribute("viewBox") == "0 0 100 50");
  CHECK(root.attribute("role") == "img");
  CHECK(test::says(root, "</text><script>alert(\"1\")</script> & ' \xEF\xBF\xBD"));
  CHECK(test::words_in(root, "path").size() == 1);
  CHECK(test::words_in(root, "script").empty());
}

TEST_CASE("a picture is readable on light and dark ground, alone and in a page") {
  const std::string svg = svg_canvas{}.str(10, 10, "x");
  CHECK(svg.find("prefers-color-scheme:dark") != std::string::npos);
  CHECK(svg.find("currentColor") != std::string::npos);
  CHECK(svg.find("svg.nascent:root{background:#fff}") != std::string::npos);
  CHECK(svg.find("url(") == std::string::npos);
}

}  // namespace
