// SPDX-License-Identifier: Apache-2.0
// Stands in for NVIDIA's management library, so that a test can say how fast the clocks are.
#include <cstdio>

#include "device.hpp"

namespace pretended_nvml {

clock_state& clocks() {
  static clock_state state;
  return state;
}

}  // namespace pretended_nvml

namespace {

int told(unsigned* into, unsigned value) {
  if (!pretended_nvml::clocks().works) return 999;
  *into = value;
  return 0;
}

}  // namespace

extern "C" {

int nvmlInit_v2() { return pretended_nvml::clocks().works ? 0 : 9; }
int nvmlDeviceGetHandleByPciBusId_v2(const char*, void** device) {
  *device = &pretended_nvml::clocks();
  return 0;
}
int nvmlDeviceGetClockInfo(void*, int which, unsigned* mhz) {
  return told(mhz, which == 2 ? 3201 : pretended_nvml::clocks().mhz);
}
int nvmlDeviceGetMaxClockInfo(void*, int, unsigned* mhz) { return told(mhz, pretended_nvml::clocks().highest_mhz); }
int nvmlDeviceGetCurrentClocksEventReasons(void*, unsigned long long* bits) {
  *bits = pretended_nvml::clocks().reasons;
  return 0;
}
int nvmlDeviceGetTemperature(void*, int, unsigned* celsius) { return told(celsius, 40); }
int nvmlDeviceGetPowerUsage(void*, unsigned* milliwatts) { return told(milliwatts, 250000); }
int nvmlSystemGetDriverVersion(char* text, unsigned room) {
  std::snprintf(text, room, "000.00.00");
  return 0;
}
}
