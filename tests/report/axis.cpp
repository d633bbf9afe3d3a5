// SPDX-License-Identifier: Apache-2.0
#include "nascent/report/plot/axis.hpp"

#include <cmath>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

using namespace nascent;

namespace {

std::vector<std::string> labels(const std::vector<axis_tick>& ticks) {
  std::vector<std::string> all;
  for (const axis_tick& t : ticks)
    if (!t.label.empty()) all.push_back(t.label);
  return all;
}
using list = std::vector<std::string>;

TEST_CASE("linear ticks are at 1, 2 or 5 times a power of ten, all with the same decimals") {
  CHECK(labels(detail::linear_ticks(0, 10, 5)) == list{"0", "2", "4", "6", "8", "10"});
  CHECK(labels(detail::linear_ticks(76.2, 79.1, 6)) == list{"76.5", "77.0", "77.5", "78.0", "78.5", "79.0"});
  CHECK(labels(detail::linear_ticks(-0.3, 0.3, 3)) == list{"\xE2\x88\x92"
                                                           "0.2",
                                                           "0.0", "0.2"});
  CHECK(labels(detail::linear_ticks(0, 30'000, 3)) == list{"0",
                                                           "10\xE2\x80\x89"
                                                           "000",
                                                           "20\xE2\x80\x89"
                                                           "000",
                                                           "30\xE2\x80\x89"
                                                           "000"});
  for (const double span : {1e-3, 0.7, 3.0, 42.0, 999.0, 5e6})
    for (const int most : {2, 5, 9}) {
      const auto ticks = detail::linear_ticks(1, 1 + span, most);
      CHECK(ticks.size() >= 2);
      CHECK(ticks.size() <= static_cast<std::size_t>(most) + 1);
    }
}

TEST_CASE("logarithmic ticks are at powers of ten, with more between them where there is room") {
  CHECK(labels(detail::log_ticks(0.8, 12000, 6)) == list{"1", "10", "100", "1000",
                                                         "10\xE2\x80\x89"
                                                         "000"});
  CHECK(labels(detail::log_ticks(1, 100, 6)) == list{"1", "2", "5", "10", "20", "50", "100"});
  CHECK(labels(detail::log_ticks(4, 16, 8)) ==
        list{"4", "6", "8", "10", "12", "14", "16"});  // less than a decade: linear
  CHECK(labels(detail::log_ticks(1e-6, 1e9, 5)).size() <= 6);
  CHECK(detail::log_ticks(1, 100, 2).size() == 19);  // minor ticks, without labels
}

TEST_CASE("labels of large and small numbers") {
  CHECK(detail::tick_label(0, 0) == "0");
  CHECK(detail::tick_label(0.05, 2) == "0.05");
  CHECK(detail::tick_label(1e7, 0) == "1e7");
  CHECK(detail::tick_label(2.5e-5, 0) == "2.5e-5");
}

TEST_CASE("a scale maps its ends to the ends of the page, logarithmic ones by ratio") {
  const detail::axis_map linear(axis_scale::linear, 2, 4, 100, 300);
  CHECK(linear(2) == 100);
  CHECK(linear(3) == 200);
  CHECK(linear(4) == 300);
  const detail::axis_map log(axis_scale::log, 1, 100, 300, 100);
  CHECK(std::abs(log(10) - 200) < 1e-9);
}

TEST_CASE("an axis spans its data with some air, and never crosses 0 for it") {
  const auto fitted = detail::fit_axis({}, {1, 11}, 0, 1);
  CHECK(fitted.low() > 0);
  CHECK(fitted.low() < 1);
  CHECK(fitted.high() > 11);
  CHECK(detail::fit_axis({}, {0.1, 10}, 0, 1).low() == 0);
  CHECK(detail::fit_axis({.low = 0.5, .high = 3}, {1, 11}, 0, 1).high() == 3);
  const auto one = detail::fit_axis({.scale = axis_scale::log}, {8}, 0, 1);
  CHECK(one.low() == 4);
  CHECK(one.high() == 16);
  CHECK(plot_axis{.title = "latency", .unit = "ms"}.full_title() == "latency (ms)");
}

}  // namespace
