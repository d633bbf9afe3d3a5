// SPDX-License-Identifier: Apache-2.0
#include "nascent/cost/device_profile.hpp"

#include <limits>
#include <string>

#include <catch2/catch_test_macros.hpp>

using namespace nascent;

namespace {

device_figures figures(double f32 = 1) {
  return {.name = "mine",
          .peaks = {{arithmetic::f32, f32, "here"}, {arithmetic::bf16, 2, "here"}},
          .memory = {.name = "DRAM", .gb_per_s = 20}};
}

std::string refusal(const device_figures& f) {
  try {
    const device_profile made(f);
  } catch (const profile_error& e) {
    return e.what();
  }
  return "";
}

// EfficientNet-X paper, section 2 and Figure 2: ridge points of TPU and GPU lie far to the right of the CPU's, both
// peaks near 35 times it.
static_assert(devices::tpu_v3.peak(data_type::bf16).tops == 123);
static_assert(devices::v100.peak(data_type::f16).tops == 125);
static_assert(devices::xeon_8180.peak(data_type::f32).tops == 28 * 2 * 16 * 2 * 2.5e-3);
static_assert(devices::xeon_8180.memory().gb_per_s == 128);
static_assert(devices::h200.memory().gb_per_s > devices::h100.memory().gb_per_s);
static_assert(devices::v100.fastest_type() == data_type::f16);
static_assert(devices::a100.fastest_type() == data_type::bf16);
static_assert(devices::xeon_8180.fastest_type() == data_type::f32);
static_assert(devices::a100.peak(data_type::int8).tops == 624);
static_assert(devices::find("A100") == &devices::a100);
static_assert(devices::find("A1000") == nullptr);

}  // namespace

TEST_CASE("every figure of every profile says where it comes from") {
  for (const device_profile* device : devices::all) {
    CAPTURE(device->name());
    for (const peak_rate& peak : device->peaks()) CHECK_FALSE(peak.source.view().empty());
    CHECK_FALSE(device->memory().source.view().empty());
    CHECK(devices::find(device->name()) == device);
  }
}

TEST_CASE("the paper's remarks on devices against their public figures") {
  // "TPUv3 has 2X peak performance of TPUv2" is 2.7 chip by chip, "35X of a CPU" 27 at the CPU's base clock.
  const double generation = devices::tpu_v3.peak(data_type::bf16).tops / devices::tpu_v2.peak(data_type::bf16).tops;
  CHECK(generation > 2.7);
  CHECK(generation < 2.8);
  const double cpu = devices::tpu_v3.peak(data_type::bf16).tops / devices::xeon_8180.peak(data_type::f32).tops;
  CHECK(cpu > 27);
  CHECK(cpu < 28);
}

TEST_CASE("rates that no device has are refused by profile and field") {
  CHECK(refusal(figures()) == "");
  CHECK(refusal(figures(0)) == "nascent: device profile 'mine', f32: found a peak rate of 0; allowed: above 0");
  CHECK(refusal(figures(-3.5)) == "nascent: device profile 'mine', f32: found a peak rate of -3.5; allowed: above 0");
  CHECK(refusal(figures(std::numeric_limits<double>::quiet_NaN())) ==
        "nascent: device profile 'mine', f32: found a peak rate of nan; allowed: above 0");
  CHECK(refusal(figures(std::numeric_limits<double>::infinity())) ==
        "nascent: device profile 'mine', f32: found a peak rate of inf; allowed: above 0");
  CHECK(refusal(figures(-std::numeric_limits<double>::infinity())) ==
        "nascent: device profile 'mine', f32: found a peak rate of -inf; allowed: above 0");
  CHECK(refusal(figures(-1e300)) ==
        "nascent: device profile 'mine', f32: found a peak rate of -1e300; allowed: above 0");
  device_figures f = figures();
  f.memory.gb_per_s = 0;
  CHECK(refusal(f) == "nascent: device profile 'mine', memory: found a bandwidth of 0; allowed: above 0");
  f = figures();
  f.caches = {{.name = "L2", .gb_per_s = -1, .bytes = 1 << 20}};
  CHECK(refusal(f) == "nascent: device profile 'mine', L2: found a bandwidth of -1; allowed: above 0");
  f.caches = {{.name = "L2", .gb_per_s = 100, .bytes = -1}};
  CHECK(refusal(f) == "nascent: device profile 'mine', L2: found a negative size; allowed: 0 where unknown, or above");
}

TEST_CASE("profiles that say too little or too much are refused") {
  device_figures f = figures();
  f.name = "";
  CHECK(refusal(f) == "nascent: device profile '', name: found none; allowed: a name");
  f.name = std::string(128, 'x');
  CHECK(refusal(f).ends_with("name: found 128 characters or more; allowed: 127"));
  f = figures();
  f.peaks = {};
  CHECK(refusal(f) == "nascent: device profile 'mine', peaks: found none; allowed: 1 to 6");
  for (int i = 0; i < 7; ++i) f.peaks.add({arithmetic::f32, 1, "here"});
  CHECK(refusal(f) == "nascent: device profile 'mine', peaks: found more than 6; allowed: 1 to 6");
  f.peaks = {{arithmetic::f32, 1, "here"}, {arithmetic::f32, 2, "there"}};
  CHECK(refusal(f) == "nascent: device profile 'mine', f32: found two peak rates; allowed: one for each type");
  f = figures();
  f.caches = {{.gb_per_s = 5}};
  CHECK(refusal(f) == "nascent: device profile 'mine', caches: found a cache without a name; allowed: a name for each");
}

TEST_CASE("a profile answers only what it knows") {
  const device_profile mine(figures());
  CHECK(mine.peak(data_type::bf16).ops_per_s() == 2e12);
  CHECK(mine.fastest_type() == data_type::bf16);
  std::string message;
  try {
    static_cast<void>(mine.peak(data_type::f16));
  } catch (const profile_error& e) {
    message = e.what();
  }
  CHECK(message == "nascent: device profile 'mine', f16: found no peak rate; allowed: f32, bf16");
}

TEST_CASE("the nearest memory that holds a working set") {
  device_figures f = figures();
  f.caches = {{.name = "L1", .gb_per_s = 200, .bytes = 48 << 10}, {.name = "L2", .gb_per_s = 100, .bytes = 1 << 20}};
  const device_profile mine(f);
  CHECK(mine.level_that_holds(1000).name.view() == "L1");
  CHECK(mine.level_that_holds(1 << 20).name.view() == "L2");
  CHECK(mine.level_that_holds((1 << 20) + 1).name.view() == "DRAM");
  CHECK(mine.caches().size() == 2);
}
