// SPDX-License-Identifier: Apache-2.0
#include "nascent/report/roofline_plot.hpp"

#include <string>

#include "xml.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>

#include "nascent/zoo/published_roofline.hpp"

using namespace nascent;
using Catch::Matchers::WithinRel;

TEST_CASE("a device is one line: up to its ridge point, then level") {
  const plot p = rooflines_plot("two", {{.name = "fast", .under = {.bytes_per_s = 100e9, .ops_per_s = 2000e9}},
                                        {.name = "slow",
                                         .under = {.bytes_per_s = 10e9, .ops_per_s = 30e9},
                                         .networks = {{.x = 2, .y = 15, .label = "net"}}}});
  REQUIRE(p.series.size() == 3);
  CHECK(p.series[0].points[1].x == 20);
  CHECK_THAT(p.series[0].points[1].y, WithinRel(2000, 1e-12));
  CHECK(p.series[0].points[2].y == p.series[0].points[1].y);
  CHECK(p.series[1].points[1].x == 3);
  CHECK(p.series[0].points[0].x == p.series[1].points[0].x);
  CHECK(p.series[2].name == "networks on slow");
  CHECK(test::layout_fault(test::read_xml(to_svg(p))) == "");
}

TEST_CASE("large rates are in Tops/s, and a roof that lies on another shows beside it") {
  const plot p = rooflines_plot("two", {{.name = "one", .under = {.bytes_per_s = 900e9, .ops_per_s = 123e12}},
                                        {.name = "other",
                                         .under = {.bytes_per_s = 900e9, .ops_per_s = 125e12},
                                         .networks = {{.x = 20, .y = 5000, .label = "net"}}}});
  CHECK(p.y.unit == "Tops/s");
  CHECK_THAT(p.series[0].points[2].y, WithinRel(123, 1e-12));
  CHECK_THAT(p.series[2].points[0].y, WithinRel(5, 1e-12));
  CHECK(p.series[0].line == plot_line::straight);
  CHECK(p.series[1].line == plot_line::dashed);
}

TEST_CASE("Figure 2: all printed networks find a place for their names") {
  device_roofline tpu{.name = "TPUv3", .under = roofs_of(devices::tpu_v3, data_type::bf16)};
  device_roofline gpu{.name = "V100", .under = roofs_of(devices::v100, data_type::f16)};
  for (const zoo::printed_speed& row : zoo::printed_speeds) {
    tpu.networks.push_back({.x = row.intensity, .y = row.tpu_v3_rate() * 1e-9, .label = std::string(row.model)});
    gpu.networks.push_back({.x = row.intensity, .y = row.v100_rate() * 1e-9});
  }
  const std::string svg = to_svg(
      rooflines_plot("Figure 2", {tpu, gpu, {.name = "Xeon", .under = roofs_of(devices::xeon_8180, data_type::f32)}}));
  const test::element root = test::read_xml(svg);
  CHECK(test::layout_fault(root) == "");
  for (const char* words :
       {"EfficientNet-B0", "EfficientNet-X-B7", "networks on V100", "Xeon", "operational intensity (ops/byte)"}) {
    INFO(words);
    CHECK(test::says(root, words));
  }
}

TEST_CASE("a device without a rate is refused by name") {
  std::string message;
  try {
    rooflines_plot("two", {{.name = "none", .under = {.bytes_per_s = 0, .ops_per_s = 1}}});
  } catch (const plot_error& e) {
    message = e.what();
  }
  CHECK(message == "nascent: plot 'two', device 'none', bandwidth: found 0; allowed: above 0");
  CHECK_THROWS_AS(rooflines_plot("none", {}), plot_error);
}
