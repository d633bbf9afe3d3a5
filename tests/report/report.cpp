// SPDX-License-Identifier: Apache-2.0
#include "nascent/report/report.hpp"

#include <string>

#include "xml.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/report/plot.hpp"

using namespace nascent;

namespace {

html_report sample() {
  html_report page("A <family> & more", "one thread");
  page.tiles({{"latency", "7.9 ms", "target 8 ms"}, {"accuracy", "78.4 %"}})
      .section("Result")
      .text("First.\n\nSecond <b>.")
      .table({.columns = {"network", "MACs (G)", "latency", "note"},
              .rows = {{"found", "0.612", "7.9 ms", "3x3"}, {"B0", "12", "10.25 ms", ""}, {"B1", "-", "-", "x"}},
              .caption = "Medians",
              .highlighted = {0}})
      .section("Plots")
      .figure("<?xml version=\"1.0\"?>\n" + to_svg(plot{.title = "p", .series = {{.name = "s", .points = {{1, 2}}}}}),
              "One point")
      .section("How")
      .code("a < b && c\n  indented");
  return page;
}

TEST_CASE("a report is one well-formed file that needs nothing else") {
  const std::string page = sample().str();
  const test::element root = test::read_xml(page);
  CHECK(root.name == "html");
  for (const char* outside : {"src=", "@import", "url(", "<script", "<link", "<?xml"})
    CHECK(page.find(outside) == std::string::npos);
  std::size_t links = 0;
  for (std::size_t at = page.find("http"); at != std::string::npos; at = page.find("http", at + 1)) {
    CHECK(page.substr(at, 26) == "http://www.w3.org/2000/svg");  // a name, not an address
    ++links;
  }
  CHECK(links == 1);
  CHECK(page.find("prefers-color-scheme:dark") != std::string::npos);
  CHECK(page.find("width=device-width") != std::string::npos);
}

TEST_CASE("everything put in is there, escaped") {
  const test::element root = test::read_xml(sample().str());
  CHECK(test::words_in(root, "h1") == std::vector<std::string>{"A <family> & more"});
  CHECK(test::words_in(root, "h2") == std::vector<std::string>{"Result", "Plots", "How"});
  CHECK(test::words_in(root, "p") == std::vector<std::string>{"one thread", "First.", "Second <b>."});
  CHECK(test::words_in(root, "code") == std::vector<std::string>{"a < b && c\n  indented"});
  CHECK(test::words_in(root, "figcaption") == std::vector<std::string>{"Medians", "One point"});
  CHECK(test::words_in(root, "dt") == std::vector<std::string>{"latency", "accuracy"});
  CHECK(test::words_in(root, "section").size() == 3);
  CHECK(test::words_in(root, "a").size() == 3);  // links to the sections
}

TEST_CASE("columns of numbers are aligned at their points, others at the left") {
  const test::element root = test::read_xml(sample().str());
  std::vector<std::string> numeric;
  test::for_each_element(root, [&](const test::element& e) {
    if (e.name == "th" && e.attribute("class") == "n") numeric.push_back(e.words);
  });
  CHECK(numeric == std::vector<std::string>{"MACs (G)", "latency"});
  const auto cells = test::words_in(root, "td");
  CHECK(cells[1] == "0.612");
  CHECK(cells[5] == "12\xE2\x80\x88\xE2\x80\x87\xE2\x80\x87\xE2\x80\x87");  // as wide as "12.000"
  CHECK(cells[6] == "10.25 ms");
}

TEST_CASE("what a number is") {
  for (const char* number : {"1", "-1.5", "+2",
                             "\xE2\x88\x92"
                             "3",
                             "12\xE2\x80\x89"
                             "345",
                             "7.9 ms", "76 %", "76%", "1e9", "8.1 \xC2\xB1 0.2"}) {
    INFO(number);
    CHECK(detail::split_number(number).is_number);
  }
  for (const char* other : {"", "B0", "3x3", "2024-11-21", "-", ".5", "5x"}) {
    INFO(other);
    CHECK_FALSE(detail::split_number(other).is_number);
  }
}

TEST_CASE("tables with missing cells and figures that are none are refused") {
  html_report page("r");
  CHECK_THROWS_AS(page.table({.columns = {"a", "b"}, .rows = {{"1", "2"}, {"1"}}}), report_error);
  CHECK_THROWS_AS(page.figure("<p>no</p>"), report_error);
  CHECK(test::read_xml(html_report("").str()).name == "html");
  CHECK(test::read_xml(html_report("x").table({}).text("").code("").str()).name == "html");
}

}  // namespace
