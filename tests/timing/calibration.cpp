// SPDX-License-Identifier: Apache-2.0
#include "nascent/timing/calibration.hpp"

#include <stdexcept>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "nascent/executor/onednn.hpp"

using namespace nascent;

TEST_CASE("roofs are ordered as memories are: a small working set is read at least as fast as a large one") {
  onednn::executor cpu{{.threads = 1}};
  const device_roofs roofs = measure_roofs(cpu, {std::size_t{256} << 10, std::size_t{256} << 20});
  REQUIRE(roofs.bandwidths.size() == 2);
  CHECK(roofs.bandwidths[0].gb_per_s > roofs.bandwidths[1].gb_per_s);
  CHECK(roofs.bandwidths[1].gb_per_s > 0.1);
  // A processor core since 2010 multiplies and adds at least once per cycle and per f32 lane of SSE at 1 GHz, and none
  // makes 10 Tops of f32.
  CHECK(roofs.peak_gops > 1);
  CHECK(roofs.peak_gops < 10'000);
  CHECK_FALSE(roofs.peak_layer.empty());
}

TEST_CASE("a measured profile has a peak with type and instruction set, its caches, and memory") {
  onednn::executor cpu{{.threads = 1}};
  const calibration_options how{
      .budget_ms = 30, .caches = {{.level = 1, .bytes = 32 << 10}, {.level = 2, .bytes = 256 << 10, .shared_by = 2}}};
  const device_profile mine = measure_profile(how, cpu);
  CHECK(mine.name().find(cpu.description().device) == 0);
  CHECK(mine.name().find(", 1 thread") != std::string_view::npos);
  CHECK(mine.peak(data_type::f32).tops > 1e-3);
  CHECK(mine.peak(data_type::f32).tops < 10);
  CHECK(mine.peak(data_type::f32).source.view().find(cpu.description().isa) != std::string_view::npos);
  CHECK_FALSE(mine.has(arithmetic::bf16));
  REQUIRE(mine.caches().size() == 2);
  CHECK(mine.caches()[0].name.view() == "L1");
  CHECK(mine.caches()[0].bytes == 32 << 10);
  CHECK(mine.caches()[1].bytes == 256 << 10);
  CHECK(mine.caches()[0].gb_per_s > mine.memory().gb_per_s);
  CHECK(mine.memory().gb_per_s > 0.1);
}

TEST_CASE("threads read together, each its own memory") {
  const double one = measure_read_bandwidth_of_threads(1, 64 << 10, 20);
  const double two = measure_read_bandwidth_of_threads(2, 64 << 10, 20);
  CHECK(one > 0.1);
  CHECK(two > 0.1);
  CHECK_THROWS_AS(measure_read_bandwidth_of_threads(2, 64 << 10, 0), nascent::error);
  CHECK(two < 20 * one);  // on two cores 2 x one, on one busy core less
}

TEST_CASE("two executors of one type are no profile") {
  onednn::executor cpu{{.threads = 1}};
  onednn::executor again{{.threads = 1}};
  CHECK_THROWS_AS(measure_profile({.budget_ms = 1, .caches = {}}, cpu, again), profile_error);
}
