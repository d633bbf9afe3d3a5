// SPDX-License-Identifier: Apache-2.0
#include "nascent/latency/detail/row_check.hpp"

#include <cstdint>
#include <limits>
#include <string>

#include <catch2/catch_test_macros.hpp>

namespace {

using namespace nascent;

const latency_entry good{.signature = "s",
                         .time = {.median_ms = 5, .trimmed_mean_ms = 6, .low_ms = 4, .high_ms = 7, .count = 12},
                         .network = "n"};

/// The column at fault, and what was found there; "" where there is none.
template <class... Arguments>
std::string fault_of(const Arguments&... row) {
  const auto fault = detail::find_fault(row...);
  return fault ? fault->column + " " + fault->found : "";
}

std::string changed(auto change) {
  latency_entry e = good;
  change(e);
  return fault_of(e);
}

TEST_CASE("each number of a row is 0 or more and finite, and named where it is not") {
  CHECK(fault_of(good).empty());
  constexpr double infinity = std::numeric_limits<double>::infinity();
  int fields = 0;
  detail::for_each_time([&](const std::string& column, double sample_summary::*field) {
    ++fields;
    CHECK(changed([&](latency_entry& e) { e.time.*field = -1; }) == column + " -1");
    CHECK(changed([&](latency_entry& e) { e.time.*field = infinity; }) == column + " inf");
  });
  CHECK(fields == 7);
  CHECK(changed([](latency_entry& e) { e.time = {}; }).empty());  // 0 is a time
  CHECK(changed([](latency_entry& e) { e.network_ms = -1; }) == "network_ms -1");
  CHECK(changed([](latency_entry& e) { e.time.involuntary_switches = -1; }) == "switches -1");
  CHECK(changed([](latency_entry& e) { e.placement = -1; }) == "placement -1");
  CHECK(changed([](latency_entry& e) { e.network_weights = -1; }) == "network_weights -1");
  constexpr std::size_t too_many = std::size_t{1} << 63;
  CHECK(changed([](latency_entry& e) { e.time.count = too_many; }) == "samples 9223372036854775808");
  CHECK(changed([](latency_entry& e) { e.time.spoilt = too_many; }) == "spoilt 9223372036854775808");
  // The first fault is told.
  CHECK(changed([](latency_entry& e) { e.time.high_ms = e.network_ms = -2; }) == "high_ms -2");
}

TEST_CASE("an interval may be a point, and its ends are not the wrong way round") {
  CHECK(changed([](latency_entry& e) { e.time.low_ms = e.time.high_ms; }).empty());
  CHECK(changed([](latency_entry& e) { e.time.low_ms = 7.5; }) == "low_ms 7.5");
}

TEST_CASE("texts are UTF-8, and a kernel has a signature") {
  CHECK(changed([](latency_entry& e) { e.signature = ""; }) == "signature an empty text");
  CHECK(changed([](latency_entry& e) { e.signature = "\xFF"; }) == "signature a text that is no UTF-8");
  CHECK(changed([](latency_entry& e) { e.network = "\xFF"; }) == "network a text that is no UTF-8");
  CHECK(changed([](latency_entry& e) { e.measured_at = "\xFF"; }) == "measured_at a text that is no UTF-8");
}

TEST_CASE("where it was measured is checked in the same way") {
  const device_description device{.device = "d", .library = "l", .isa = "i", .threads = 1};
  const auto of = [&](auto change, int batch = 1) {
    device_description d = device;
    change(d);
    return fault_of(d, batch);
  };
  const auto nothing = [](device_description&) {};
  CHECK(of(nothing).empty());
  CHECK(of(nothing, std::numeric_limits<int>::max()).empty());
  CHECK(of(nothing, 0) == "batch 0");
  CHECK(of([](device_description& d) { d.threads = 0; }) == "threads 0");
  CHECK(of([](device_description& d) { d.device = "\xFF"; }) == "device a text that is no UTF-8");
  CHECK(of([](device_description& d) { d.library = "\xFF"; }) == "library a text that is no UTF-8");
  CHECK(of([](device_description& d) { d.isa = "\xFF"; }) == "isa a text that is no UTF-8");
}

}  // namespace
