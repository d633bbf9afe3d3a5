// SPDX-License-Identifier: Apache-2.0
/// \file
/// How fast a device's clocks run while something is timed. NVIDIA's management library (NVML) knows; it comes with the
/// driver and is loaded by its name, so that nothing is linked for it. Where it is missing the clocks are unknown,
/// which is said, and nothing else changes.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <type_traits>

#include <dlfcn.h>

#include "nascent/base/language.hpp"

namespace nascent::cudnn {

/// One look at a device's clocks.
struct clock_reading {
  bool known = false;      ///< else all else is 0
  int sm_mhz = 0;          ///< of the multiprocessors, now
  int highest_sm_mhz = 0;  ///< that the device can reach
  int memory_mhz = 0;
  std::uint64_t reasons = 0;  ///< why the clock is not higher, as NVML's bits; 0 where it does not say
  int celsius = 0;
  double watts = 0;

  /// Slowed for protection: too hot, or a brake of hardware. A cap of power is none: it is how the device was built.
  bool is_braked() const {
    constexpr std::uint64_t hardware_slowdown = 0x8, software_thermal = 0x20, hardware_thermal = 0x40,
                            power_brake = 0x80;
    return (reasons & (hardware_slowdown | software_thermal | hardware_thermal | power_brake)) != 0;
  }
  /// True where what was timed now is no good: braked, or below a share of the highest clock (NVBench throws samples
  /// away below 0.75).
  bool is_slow(double lowest_share) const { return known && (is_braked() || sm_mhz < lowest_share * highest_sm_mhz); }

  std::string text() const {
    if (!known) return "unknown";
    return std::to_string(sm_mhz) + " of " + std::to_string(highest_sm_mhz) + " MHz, memory " +
           std::to_string(memory_mhz) + " MHz, " + std::to_string(celsius) + " degrees, " +
           std::to_string(static_cast<int>(watts + .5)) + " W" + (is_braked() ? ", slowed down for protection" : "");
  }
};

/// The functions of NVML that are used here; null where the library lacks one. All return 0 where they could do it.
struct nvml_functions {
  int (*initialise)() = nullptr;
  int (*device_by_bus)(const char* bus, void** device) = nullptr;
  int (*clock)(void* device, int which, unsigned* mhz) = nullptr;
  int (*highest_clock)(void* device, int which, unsigned* mhz) = nullptr;
  int (*reasons)(void* device, unsigned long long* bits) = nullptr;
  int (*temperature)(void* device, int sensor, unsigned* celsius) = nullptr;
  int (*power)(void* device, unsigned* milliwatts) = nullptr;
  int (*driver_version)(char* text, unsigned room) = nullptr;
};

namespace detail {

/// NVML by the name of its library; what is not found stays null.
inline nvml_functions load_nvml(const std::string& library) {
  nvml_functions f;
  void* nvml = dlopen(library.c_str(), RTLD_LAZY | RTLD_LOCAL);  // never closed: the functions are kept
  if (nvml == nullptr) return f;
  const auto find = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(nvml, name));
  };
  find(f.initialise, "nvmlInit_v2");
  find(f.device_by_bus, "nvmlDeviceGetHandleByPciBusId_v2");
  find(f.clock, "nvmlDeviceGetClockInfo");
  find(f.highest_clock, "nvmlDeviceGetMaxClockInfo");
  find(f.reasons, "nvmlDeviceGetCurrentClocksEventReasons");
  if (f.reasons == nullptr) find(f.reasons, "nvmlDeviceGetCurrentClocksThrottleReasons");  // its name in older drivers
  find(f.temperature, "nvmlDeviceGetTemperature");
  find(f.power, "nvmlDeviceGetPowerUsage");
  find(f.driver_version, "nvmlSystemGetDriverVersion");
  return f;
}

}  // namespace detail

/// Watches one device's clocks.
class clock_monitor {
 public:
  /// `bus`: where the device is, as cudaDeviceGetPCIBusId says it.
  explicit clock_monitor(const std::string& bus, const std::string& library = "libnvidia-ml.so.1")
      : clock_monitor(bus, detail::load_nvml(library)) {
    if (functions_.initialise == nullptr) unknown_ = "there is no NVML (" + library + ")";
  }

  clock_monitor(const std::string& bus, const nvml_functions& functions) : functions_(functions) {
    if (functions_.initialise == nullptr || functions_.device_by_bus == nullptr || functions_.clock == nullptr ||
        functions_.highest_clock == nullptr)
      unknown_ = "NVML lacks a function";
    else if (const int status = functions_.initialise(); status != 0)
      unknown_ = "NVML does not start (its status " + std::to_string(status) + ")";
    else if (const int found = functions_.device_by_bus(bus.c_str(), &device_); found != 0)
      unknown_ = "NVML does not know device " + bus + " (its status " + std::to_string(found) + ")";
    else if (const clock_reading r = read(); r.known) highest_mhz_ = r.highest_sm_mhz;
    else unknown_ = "NVML does not tell the clocks of device " + bus;
  }

  bool known() const { return unknown_.empty(); }
  /// Why the clocks cannot be told; empty where they can.
  const std::string& why_unknown() const { return unknown_; }

  clock_reading read() const {
    clock_reading r;
    if (!known()) return r;
    constexpr int memory = 2, gpu_sensor = 0;
    unsigned now = 0, highest = 0, other = 0;
    if (functions_.clock(device_, multiprocessors, &now) != 0 ||
        functions_.highest_clock(device_, multiprocessors, &highest) != 0)
      return r;
    r.known = true;
    r.sm_mhz = static_cast<int>(now);
    r.highest_sm_mhz = static_cast<int>(highest);
    if (functions_.clock(device_, memory, &other) == 0) r.memory_mhz = static_cast<int>(other);
    unsigned long long bits = 0;
    if (functions_.reasons != nullptr && functions_.reasons(device_, &bits) == 0) r.reasons = bits;
    if (functions_.temperature != nullptr && functions_.temperature(device_, gpu_sensor, &other) == 0)
      r.celsius = static_cast<int>(other);
    if (functions_.power != nullptr && functions_.power(device_, &other) == 0) r.watts = other * 1e-3;
    return r;
  }

  /// `read().is_slow(lowest_share)`, with no question to NVML but those two: for every pass of a measurement.
  bool is_slow(double lowest_share) const {
    clock_reading r{.known = known(), .highest_sm_mhz = highest_mhz_};
    unsigned now = 0;
    unsigned long long bits = 0;
    if (!r.known || functions_.clock(device_, multiprocessors, &now) != 0) return false;
    r.sm_mhz = static_cast<int>(now);
    if (functions_.reasons != nullptr && functions_.reasons(device_, &bits) == 0) r.reasons = bits;
    return r.is_slow(lowest_share);
  }

  /// "580.65.06"; empty where NVML does not say.
  std::string driver_version() const {
    std::array<char, 96> text{};
    if (!known() || functions_.driver_version == nullptr ||
        functions_.driver_version(text.data(), static_cast<unsigned>(text.size())) != 0)
      return {};
    return text.data();
  }

 private:
  static constexpr int multiprocessors = 1;  ///< of NVML's kinds of clocks

  nvml_functions functions_;
  void* device_ = nullptr;
  int highest_mhz_ = 0;
  std::string unknown_{};
};

}  // namespace nascent::cudnn
