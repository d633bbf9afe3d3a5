// SPDX-License-Identifier: Apache-2.0
// Clocks: what is made of NVML's answers, and of none.
#include "nascent/executor/cudnn/clocks.hpp"

#include <cstdio>

#include <catch2/catch_test_macros.hpp>

using namespace nascent::cudnn;

namespace {

unsigned mhz = 1500;
unsigned long long bits = 0;

/// A library that knows one device.
nvml_functions all() {
  return {.initialise = [] { return 0; },
          .device_by_bus =
              [](const char* bus, void** device) {
                *device = &mhz;
                return bus[0] == '0' ? 0 : 6;
              },
          .clock =
              [](void*, int which, unsigned* into) {
                *into = which == 1 ? mhz : 3201;
                return 0;
              },
          .highest_clock =
              [](void*, int, unsigned* into) {
                *into = 2000;
                return 0;
              },
          .reasons =
              [](void*, unsigned long long* into) {
                *into = bits;
                return 0;
              },
          .temperature = nullptr,
          .power =
              [](void*, unsigned* into) {
                *into = 123456;
                return 0;
              },
          .driver_version =
              [](char* text, unsigned room) {
                std::snprintf(text, room, "1.2.3");
                return 0;
              }};
}

}  // namespace

TEST_CASE("clocks: a reading says what NVML says") {
  mhz = 1500, bits = 0;
  const clock_monitor monitor("0000:01:00.0", all());
  REQUIRE(monitor.known());
  const clock_reading r = monitor.read();
  CHECK(r.sm_mhz == 1500);
  CHECK(r.highest_sm_mhz == 2000);
  CHECK(r.memory_mhz == 3201);
  CHECK(r.celsius == 0);  // a function that the library lacks
  CHECK(r.watts == 123.456);
  CHECK(r.text() == "1500 of 2000 MHz, memory 3201 MHz, 0 degrees, 123 W");
  CHECK(monitor.driver_version() == "1.2.3");
}

TEST_CASE("clocks: slow is below the share, or braked for protection; a cap of power is neither") {
  const clock_monitor monitor("0000:01:00.0", all());
  bits = 0x4;
  mhz = 1500;
  CHECK(!monitor.read().is_slow(0.75));
  CHECK(!monitor.is_slow(0.75));
  mhz = 1499;
  CHECK(monitor.read().is_slow(0.75));
  CHECK(monitor.is_slow(0.75));
  mhz = 2000;
  for (const unsigned long long brake : {0x8ULL, 0x20ULL, 0x40ULL, 0x80ULL}) {
    bits = brake;
    CHECK(monitor.read().is_slow(0));
    CHECK(monitor.is_slow(0));
  }
  CHECK(monitor.read().text().find("slowed down for protection") != std::string::npos);
  CHECK(!clock_reading{}.is_slow(1));
}

TEST_CASE("clocks: without NVML they are unknown, and why") {
  const clock_monitor missing("0000:01:00.0", "libnascent-no-such-library.so.1");
  CHECK(!missing.known());
  CHECK(!missing.read().known);
  CHECK(missing.read().text() == "unknown");
  CHECK(!missing.is_slow(1));
  CHECK(missing.why_unknown() == "there is no NVML (libnascent-no-such-library.so.1)");
  CHECK(missing.driver_version().empty());
  CHECK(!clock_monitor("0000:01:00.0", "libm.so.6").known());  // another library
  nvml_functions f = all();
  f.initialise = [] { return 9; };
  CHECK(clock_monitor("0000:01:00.0", f).why_unknown() == "NVML does not start (its status 9)");
  CHECK(clock_monitor("1", all()).why_unknown() == "NVML does not know device 1 (its status 6)");
  f = all();
  f.clock = [](void*, int, unsigned*) { return 3; };  // not supported, as in some virtual machines
  CHECK(clock_monitor("0", f).why_unknown() == "NVML does not tell the clocks of device 0");
  f.clock = nullptr;
  CHECK(clock_monitor("0", f).why_unknown() == "NVML lacks a function");
}
