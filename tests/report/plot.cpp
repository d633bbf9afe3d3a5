// SPDX-License-Identifier: Apache-2.0
#include "nascent/report/plot.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "xml.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/base/random.hpp"

using namespace nascent;

namespace {

std::string fault_of(const plot& p) {
  try {
    static_cast<void>(to_svg(p));
  } catch (const plot_error& e) {
    return e.what();
  }
  return "";
}

std::size_t count_look(const test::element& root, const std::string& name, const std::string& look) {
  std::size_t n = 0;
  test::for_each_element(root, [&](const test::element& e) {
    n += e.name == name && e.attribute("class").find(look) != std::string::npos ? 1 : 0;
  });
  return n;
}

pareto_figure search_of(int trials) {
  random_engine rng(7);
  const auto real = [&] { return static_cast<double>(rng() >> 11) * 0x1p-53; };
  pareto_figure f{.title = "Search", .target = 8};
  for (int i = 0; i < trials; ++i) {
    const double ms = 4 + 10 * real() * real() + 2 * real();
    f.trials.push_back({.x = ms, .y = 79.5 - 12 / (ms - 1) - 3 * real() * real()});
  }
  f.models = {{.x = 8.6, .y = 77.1, .label = "EfficientNet-B0", .x_error = 0.3, .y_error = 0.5},
              {.x = 7.2, .y = 77.3, .label = "EfficientNet-X-B0", .x_error = 0.2},
              {.x = 7.5, .y = 77.5, .label = "GPUNet-0"},
              {.x = 7.9, .y = 78.4, .label = "found"},
              {.x = 15.5, .y = 79.1, .label = "EfficientNet-B1"}};
  return f;
}

TEST_CASE("a plot shows titles with units, legend, ticks and labels, none of them over another") {
  plot p = line_plot(
      "Search <fast> & far", {.title = "trials", .scale = axis_scale::log}, {.title = "best reward", .unit = "%"},
      {{.name = "random", .points = {{1, 50}, {10, 60}, {100, 71}, {500, 72, "end"}}},
       {.name = "evolution", .points = {{1, 50}, {10, 63}, {100, 75}, {500, 79, "end"}}, .marker = plot_marker::square},
       {.name = "local",
        .points = {{1, 50}, {10, 69, "restart"}, {100, 70}, {500, 70.5}},
        .marker = plot_marker::triangle,
        .line = plot_line::dashed}});
  const test::element root = test::read_xml(to_svg(p));
  for (const char* words : {"Search <fast> & far", "trials", "best reward (%)", "random", "evolution", "local",
                            "restart", "1", "10", "100", "50", "80"}) {
    INFO(words);
    CHECK(test::says(root, words));
  }
  CHECK(test::layout_fault(root) == "");
  CHECK(count_look(root, "path", "dash") == 1);
}

TEST_CASE("the front holds what nothing beats in both, in order") {
  const auto front = pareto_points({{.x = 3, .y = 3},
                                    {.x = 1, .y = 1, .label = "a"},
                                    {.x = 2, .y = 2},
                                    {.x = 2, .y = 1.5},
                                    {.x = 2.5, .y = 2},
                                    {.x = 4, .y = 2.9},
                                    {.x = 1, .y = 0}});
  REQUIRE(front.size() == 3);
  CHECK(front[0].label == "a");
  CHECK(front[1].x == 2);
  CHECK(front[2].x == 3);
  CHECK(pareto_points({}).empty());
}

TEST_CASE("the Pareto plot shows every trial, the front as steps, and the named networks") {
  const test::element root = test::read_xml(to_svg(pareto_plot(search_of(500))));
  CHECK(test::layout_fault(root) == "");
  CHECK(count_look(root, "circle", "faint") == 500);
  for (const char* words : {"latency (ms)", "estimated accuracy (%)", "trials", "best of the trials", "named networks",
                            "EfficientNet-B0", "found", "target 8 ms"}) {
    INFO(words);
    CHECK(test::says(root, words));
  }
  pareto_figure log = search_of(3);
  log.x.scale = axis_scale::log;
  CHECK(test::layout_fault(test::read_xml(to_svg(pareto_plot(log)))) == "");
  CHECK(test::layout_fault(test::read_xml(to_svg(pareto_plot({})))) == "");
  pareto_figure families = search_of(3);
  for (const char* name : {"one family", "another family"}) {
    families.families.push_back({.name = name});
    for (int i = 0; i < 5; ++i)
      families.families.back().members.push_back(
          {.x = 5.0 * (1 + i), .y = 70.0 + i, .label = "B" + std::to_string(i), .y_error = 1});
  }
  CHECK(test::layout_fault(test::read_xml(to_svg(pareto_plot(families)))) == "");
}

TEST_CASE("labels of twenty networks on one spot find places of their own") {
  plot p{.title = "crowd", .x = {.title = "x"}, .y = {.title = "y"}, .series = {{.name = "named"}}};
  for (int i = 0; i < 20; ++i)
    p.series[0].points.push_back({.x = 1 + 0.01 * i, .y = 1 + 0.001 * (i % 3), .label = "net " + std::to_string(i)});
  const test::element root = test::read_xml(to_svg(p));
  CHECK(test::layout_fault(root) == "");
  for (int i = 0; i < 20; ++i) CHECK(test::says(root, "net " + std::to_string(i)));
}

TEST_CASE("the roofline plot draws every roof up to the ridge") {
  const roofline_figure f{
      .title = "One core",
      .bandwidths = {{"DRAM", 25}, {"L2", 300}},
      .peaks = {{"fp32", 280}, {"bf16", 560}},
      .networks = {{.x = 22, .y = 95, .label = "EfficientNet-B0"}, {.x = 30, .y = 170, .label = "EfficientNet-X-B0"}}};
  const plot p = roofline_plot(f);
  CHECK(p.x.scale == axis_scale::log);
  CHECK(p.y.scale == axis_scale::log);
  REQUIRE(p.series.size() == 5);
  CHECK(p.series[0].points[1].x == 560.0 / 25);  // DRAM ends at the highest peak
  CHECK(p.series[0].points[1].y == 560);
  CHECK(p.series[2].points[0].x == 280.0 / 300);  // fp32 begins at the fastest memory
  const test::element root = test::read_xml(to_svg(p));
  for (const char* words : {"operational intensity (ops/byte)", "rate (Gops/s)", "DRAM, 25 GB/s", "L2, 300 GB/s",
                            "fp32, 280 Gops/s", "bf16, 560 Gops/s", "EfficientNet-B0"}) {
    INFO(words);
    CHECK(test::says(root, words));
  }
  CHECK(test::layout_fault(root) == "");
  CHECK(fault_of(roofline_plot({})) == "");
  CHECK_THROWS_AS(roofline_plot({.bandwidths = {{"DRAM", 0}}}), plot_error);
}

TEST_CASE("error bars that reach below 0 end at the edge of a logarithmic axis") {
  plot p{.title = "",
         .x = {.title = "x"},
         .y = {.title = "y", .scale = axis_scale::log},
         .series = {{.name = "", .points = {{.x = 1, .y = 2, .y_error = 5}, {.x = 2, .y = 3}}}}};
  CHECK(test::layout_fault(test::read_xml(to_svg(p))) == "");
}

TEST_CASE("numbers that an axis cannot show are refused, with series and point") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  plot p{.title = "bad", .series = {{.name = "s", .points = {{1, 1}, {nan, 2}}}}};
  CHECK(fault_of(p) == "nascent: plot 'bad', series 's', point 1: found nan on the x axis; allowed: finite numbers");
  p.series[0].points[1] = {0, 2};
  CHECK(fault_of(p) == "");
  p.x.scale = axis_scale::log;
  CHECK(fault_of(p) ==
        "nascent: plot 'bad', series 's', point 1: found 0 on the logarithmic x axis; allowed: numbers above 0");
  p = {.title = "bad", .series = {{.name = "s", .points = {{.x = 1, .y = 1, .y_error = -1}}}}};
  CHECK(fault_of(p) == "nascent: plot 'bad', series 's', point 0: found an error bar of -1; allowed: 0 or more");
  p = {.title = "bad", .x = {.low = 3, .high = 1}, .series = {}};
  CHECK(fault_of(p).find("a lower limit below the upper one") != std::string::npos);
  p = {.title = "bad", .x = {.low = 30}, .series = {{.name = "s", .points = {{1, 1}}}}};
  CHECK(fault_of(p).find("all data on one side") != std::string::npos);
}

}  // namespace
