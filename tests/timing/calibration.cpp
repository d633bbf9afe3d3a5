// SPDX-License-Identifier: Apache-2.0
#include "nascent/timing/calibration.hpp"

#include <algorithm>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "nascent/executor/onednn.hpp"

using namespace nascent;

namespace {

// Memory is read by memchr. A sanitizer has its own, which looks at one byte after another and never waits for memory.
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
constexpr bool waits_for_memory = false;
#else
constexpr bool waits_for_memory = true;
#endif

}  // namespace

TEST_CASE("a small working set is read at least as fast as a large one", "[measures]") {
  double small = 0;
  double large = 0;
  // Another program may have the core during one of the two.
  for (int attempt = 0; attempt < 5 && small <= large; ++attempt) {
    small = measure_read_bandwidth(std::size_t{256} << 10);
    large = measure_read_bandwidth(std::size_t{256} << 20);
  }
  CHECK(large > 0.1);
  if (waits_for_memory) CHECK(small > large);
}

TEST_CASE("a loop of arithmetic is as fast as its instructions are wide", "[measures]") {
  for (const arithmetic_loop& l : arithmetic_loops()) {
    if (!can_run(l)) continue;
    INFO(l.name);
    const double gops = measure_arithmetic(l, 1, 50);
    // One instruction in two cycles (wide registers that are run in halves) up to four in one (two units that multiply,
    // two that add), at 0.5 to 7 GHz; of tiles one in 16, in a unit that more than one core may share.
    const bool tiles = l.features.starts_with("amx");
    CHECK(gops > (tiles ? 0.5 / 32 : 0.5 * 0.5) * l.operations);
    CHECK(gops < (tiles ? 7.0 / 16 : 4 * 7.0) * l.operations);
  }
}

TEST_CASE("the loop for an executor is the widest that its instruction set has") {
  CHECK(detail::isa_includes("sse41", ""));
  CHECK_FALSE(detail::isa_includes("sse41", "avx"));
  CHECK(detail::isa_includes("avx", "avx"));
  CHECK_FALSE(detail::isa_includes("avx", "avx2 fma"));
  CHECK(detail::isa_includes("avx2_vnni", "avx2 fma"));
  CHECK_FALSE(detail::isa_includes("avx2", "avx512f"));
  CHECK(detail::isa_includes("avx512_core_amx", "avx512f avx512_bf16"));
  CHECK(detail::isa_includes("any", "avx512f"));
  CHECK(detail::isa_includes("any", "amx_tile amx_bf16"));
  CHECK(detail::isa_includes("avx512_core_amx", "amx_tile amx_bf16"));
  CHECK_FALSE(detail::isa_includes("avx512_core_bf16", "amx_tile amx_bf16"));
  const arithmetic_loop* widest = widest_loop(arithmetic::f32);
  const arithmetic_loop* narrow = widest_loop(arithmetic::f32, "sse41");
  if (arithmetic_loops().empty()) return;
  REQUIRE(widest != nullptr);
  REQUIRE(narrow != nullptr);
  CHECK(narrow->features.empty());
  CHECK(widest->operations >= narrow->operations);
  CHECK(widest_loop(arithmetic::f16) == nullptr);
}

// A tile has 16 rows of 64 bytes: 16 x 16 sums of 32 products of bf16, or of 64 of i8 (Intel, instruction set
// extensions reference, TDPBF16PS and TDPBSSD).
TEST_CASE("loops of AMX do what a tile holds, and run only where the system says so") {
  int tiles = 0;
  for (const arithmetic_loop& l : arithmetic_loops()) {
    if (l.features.find("amx") == std::string_view::npos) {
      CHECK(l.may_run == nullptr);
      continue;
    }
    ++tiles;
    REQUIRE(l.may_run != nullptr);
    CHECK(l.operations == (l.type == arithmetic::bf16 ? 16384 : 32768));
    CHECK(can_run(l) == (processor_has(l.features) && l.may_run()));
    if (!processor_has("amx_tile")) CHECK_FALSE(l.may_run());
    const arithmetic_loop* found = widest_loop(l.type, "avx512_core_amx");
    if (can_run(l)) {
      CHECK(found == &l);
      l.run(2);
    } else {
      CHECK((found == nullptr || found->features.find("amx") == std::string_view::npos));
    }
    CHECK(widest_loop(l.type, "avx512_core_bf16") != &l);
  }
  CHECK(tiles == (arithmetic_loops().empty() ? 0 : 2));
}

// Winograd's algorithm makes a 3x3 convolution of so many channels up to 2.25 or 4 times as fast as its arithmetic.
TEST_CASE("the peak is arithmetic: no matrix product is far above the loop, whatever a 3x3 convolution reaches",
          "[measures]") {
  onednn::executor cpu{{.threads = 1}};
  const measured_peak peak = measure_peak(cpu, 100);
  CHECK(peak.product_gops > 1);
  CHECK(peak.gops() == std::max(peak.loop_gops, peak.product_gops));
  if (arithmetic_loops().empty()) return;
  REQUIRE_FALSE(peak.loop.empty());
  // A core that another program shares has half of its units for a while; Winograd's algorithm would show more.
  CHECK(peak.product_gops < 2 * peak.loop_gops);
  CHECK(peak.source().find(peak.loop) != std::string::npos);
  CHECK(peak.source().find(peak.product) != std::string::npos);
}

TEST_CASE("a measured profile has a peak with type and instruction set, its caches, and memory", "[measures]") {
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
  CHECK(mine.caches()[0].gb_per_s > 0.1);  // above memory's where nothing else has the core: the first test
  CHECK(mine.memory().gb_per_s > 0.1);
}

TEST_CASE("threads read together, each its own memory", "[measures]") {
  const double one = measure_read_bandwidth(64 << 10, 1, 20);
  const double two = measure_read_bandwidth(64 << 10, 2, 20);
  CHECK(one > 0.1);
  CHECK(two > 0);  // on a busy machine the two wait for each other most of the time
  CHECK_THROWS_AS(measure_read_bandwidth(64 << 10, 2, 0), nascent::error);
  CHECK(two < 20 * one);  // on two cores 2 x one, on one busy core less
}

TEST_CASE("two executors of one type are no profile") {
  onednn::executor cpu{{.threads = 1}};
  onednn::executor again{{.threads = 1}};
  CHECK_THROWS_AS(measure_profile({.budget_ms = 1, .caches = {}}, cpu, again), profile_error);
}
