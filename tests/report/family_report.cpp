// SPDX-License-Identifier: Apache-2.0
#include "nascent/report/family_report.hpp"

#include <limits>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "nascent/network/network.hpp"

using namespace nascent;
using Catch::Matchers::ContainsSubstring;

namespace {

reported_network made(const std::string& name, double predicted_ms, double measured_ms, double top1) {
  const network graph = make_network(name, {.height = 8, .width = 8, .channels = 3}, [](auto& net, auto x) {
    net.dense(net.global_pool(net.conv(x, {.filters = 8, .kernel = 3, .act = relu})), {.units = 10});
  });
  return {.name = name,
          .graph = graph,
          .cost = cost(graph),
          .predicted = {.ms = predicted_ms},
          .measured = {.time = {.median_ms = measured_ms, .spread = 0.02}},
          .accuracy = {.top1 = top1, .standard_error = 0.4}};
}

family_report example() {
  family_report r{
      .device = {.device = "a processor", .library = "a library 1.0", .isa = "any"},
      .command = "design_family --seed 7",
      .findings = {"No network of this space is better under 10 ms: bound 78.2 %."},
      .networks = {made("Old-B0", 10, 10.1, 76.9), made("New <B0>", 9.8, 12, 78)},
      .base = 1,
      .target_ms = 10,
      .searched = {{.x = 5, .y = 70}, {.x = 10, .y = 78}},
      .machine = device_profile({.name = "a processor",
                                 .peaks = {{arithmetic::f32, 1e-4, "measured: a loop of multiply-adds"}},  // 0.1 Gops/s
                                 .memory = {.name = "memory", .gb_per_s = 10},
                                 .caches = {{.name = "L1", .gb_per_s = 50, .bytes = 32768}}})};
  r.networks[1].measured.against_first = paired_ratio{.median = 1.19, .low = 1.18, .high = 1.2};
  return r;
}

}  // namespace

TEST_CASE("the table of a family says what is predicted, what is measured, and where they part") {
  const report_table t = results_of(example());
  REQUIRE(t.rows.size() == 2);
  CHECK(t.columns[7] == "time / Old-B0 (95 %)");
  CHECK(t.rows[0][4] == "10.00");
  CHECK(t.rows[0][7].empty());
  CHECK(t.rows[1][4] == "9.80 !");  // 18 % below what was measured
  CHECK(t.rows[1][5] == "12.00");
  CHECK(t.rows[1][6] == "2.0 %");
  CHECK(t.rows[1][7] == "1.190 (1.180 to 1.200)");
  family_report hurried = example();  // of fewer rounds than an interval needs
  hurried.networks[1].measured.against_first->low = 0;
  hurried.networks[1].measured.against_first->high = std::numeric_limits<double>::infinity();
  CHECK(results_of(hurried).rows[1][7] == "1.190 (too few rounds)");
  CHECK(t.highlighted == std::vector<std::size_t>{1});
}

TEST_CASE("a time that spreads widely is marked") {
  family_report r = example();
  r.networks[0].measured.time.spread = 0.28;
  CHECK(results_of(r).rows[0][6] == "28.0 % !");
}

TEST_CASE("families are lines of the chart, their members have short labels") {
  family_report r = example();
  for (const char* name : {"Old-B1", "Old-B2"}) r.networks.push_back(made(name, 20, 21, 78));
  for (reported_network& n : r.networks)
    if (n.name.starts_with("Old")) n.family = "Old";
  const std::string page = to_html(r);
  CHECK_THAT(page, ContainsSubstring(">B1<"));
  CHECK_THAT(page, ContainsSubstring(">B2<"));
  CHECK_THAT(page, ContainsSubstring(">Old<"));
  CHECK_THAT(page, ContainsSubstring("named networks"));  // the one that is of no family
}

TEST_CASE("the page names device, command, date and version, and escapes names") {
  const std::string page = to_html(example());
  CHECK_THAT(page, ContainsSubstring("a processor, a library 1.0, any, 1 thread, f32"));
  CHECK_THAT(page, ContainsSubstring("design_family --seed 7"));
  CHECK_THAT(page, ContainsSubstring("bound 78.2 %"));
  CHECK_THAT(page, ContainsSubstring("nascent " + std::string(version) + ", 20"));
  CHECK_THAT(page, ContainsSubstring("New &lt;B0&gt;"));
  CHECK(page.find("New <B0>") == std::string::npos);
  CHECK_THAT(page, ContainsSubstring("predicted latency"));
}

TEST_CASE(
    "the roofline names roofs as the profile does; a network above the arithmetic says that its rate is effective") {
  family_report r = example();
  const std::string page = to_html(r);
  CHECK_THAT(page, ContainsSubstring("L1, 50 GB/s"));
  CHECK_THAT(page, ContainsSubstring("memory, 10 GB/s"));
  CHECK_THAT(page, ContainsSubstring("f32 arithmetic, 0.1 Gops/s"));
  CHECK_THAT(page, ContainsSubstring("measured: a loop of multiply-adds"));
  CHECK_THAT(page, !ContainsSubstring("(effective)</"));
  r.networks[0].measured.time.median_ms = 1e-4 * static_cast<double>(r.networks[0].cost.macs);  // 0.02 Gops/s
  CHECK_THAT(to_html(r), !ContainsSubstring("(effective)</"));
  r.networks[0].measured.time.median_ms = 1e-5 * static_cast<double>(r.networks[0].cost.macs);  // 0.2 Gops/s
  CHECK_THAT(to_html(r), ContainsSubstring("Old-B0 (effective)"));
  r.machine.reset();
  CHECK_THAT(to_html(r), !ContainsSubstring("Roofline"));
}
