// SPDX-License-Identifier: Apache-2.0
#include "nascent/report/table.hpp"

#include <catch2/catch_test_macros.hpp>

using nascent::report_table;
using nascent::to_markdown;
using nascent::to_text;

TEST_CASE("a table on a terminal: words to the left, numbers to the right") {
  const report_table t{.columns = {"network", "MACs M", "verdict"},
                       .rows = {{"B0", "390", "faster"}, {"EfficientNet-B0", "1234", ""}}};
  CHECK(to_text(t) ==
        "network          MACs M  verdict\n"
        "B0                  390  faster\n"
        "EfficientNet-B0    1234\n");
}

TEST_CASE("columns count characters, not bytes") {
  const report_table t{.columns = {"top-1", "x"}, .rows = {{"77.1 \xC2\xB1 0.4", "a"}, {"8", "b"}}};
  CHECK(to_text(t) ==
        "     top-1  x\n"
        "77.1 \xC2\xB1 0.4  a\n"
        "         8  b\n");
}

TEST_CASE("a table without rows is its head") { CHECK(to_text({.columns = {"a", "b"}}) == "a  b\n"); }

TEST_CASE("a table in Markdown, with what Markdown reads otherwise") {
  CHECK(to_markdown({.columns = {"set", "ms"}, .rows = {{"a|b", "1.5"}, {"c\nd", ""}}, .caption = "Times"}) ==
        "Times:\n\n"
        "| set | ms |\n"
        "|---|---:|\n"
        "| a\\|b | 1.5 |\n"
        "| c d |  |\n");
  CHECK(to_markdown({.columns = {"a"}}) == "| a |\n|---|\n");
}
