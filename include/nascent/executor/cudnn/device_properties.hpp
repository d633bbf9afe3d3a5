// SPDX-License-Identifier: Apache-2.0
/// \file
/// What cuDNN wants to know of a device in order to plan for it: enough to plan for a GPU that is not there.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cudnn_graph.h>

#include "nascent/executor/detail/cudnn/descriptor.hpp"

namespace nascent::cudnn {

/// The properties of a device, named after CUDA's. The defaults are what all devices of compute capability 8.0 to 10.0
/// share, by the table of technical specifications in the CUDA C++ Programming Guide.
struct device_properties {
  std::string name{};
  std::int64_t compute_capability = 0;  ///< 100 times major + 10 times minor: 900 is 9.0, 890 is 8.9
  std::int64_t multiprocessors = 0;
  std::int64_t shared_bytes_per_block_opt_in = 0;
  std::int64_t blocks_per_multiprocessor = 32;
  std::int64_t threads_per_multiprocessor = 2048;
  std::int64_t memory_bytes = 0;
  std::int64_t l2_bytes = 0;
  std::int64_t clock_khz = 0;  ///< the highest of the multiprocessors
  std::int64_t memory_clock_khz = 0;
  std::int64_t driver_version = 13000;  ///< of CUDA: 13000 is 13.0

  std::array<std::int64_t, 3> grid_size{2147483647, 65535, 65535};
  std::array<std::int64_t, 3> block_size{1024, 1024, 64};
  std::int64_t registers_per_block = 65536;
  std::int64_t registers_per_multiprocessor = 65536;
  std::int64_t threads_per_block = 1024;
  std::int64_t warp_size = 32;
  std::int64_t shared_bytes_per_block = 49152;
  std::int64_t shared_bytes_reserved = 1024;
  std::int64_t cooperative_launch = 1;
  std::int64_t tcc_driver = 0;  ///< of Windows
  std::int64_t pci_device = 0;
  std::int64_t device = 0;  ///< number in its machine

  std::int64_t cudnn_version =
      0;  ///< of the library that wrote the description, 91900 is 9.19.0; 0 where it was written by hand
  std::vector<std::pair<std::string, std::string>>
      others{};  ///< keys that only a newer cuDNN knows, and their values as JSON

  friend bool operator==(const device_properties&, const device_properties&) = default;
};

/// Calls `visit(key, member)` for each property by the name that cuDNN gives it; `p` may be constant.
template <class Properties, class Visit>
void for_each_property(Properties& p, Visit&& visit) {
  visit("maxGridSize", p.grid_size);
  visit("maxBlockSize", p.block_size);
  visit("regsPerBlock", p.registers_per_block);
  visit("multiProcessorCount", p.multiprocessors);
  visit("warpSize", p.warp_size);
  visit("maxSharedMemoryPerBlock", p.shared_bytes_per_block);
  visit("maxSharedMemoryPerBlockOptin", p.shared_bytes_per_block_opt_in);
  visit("reservedSharedMemoryPerBlock", p.shared_bytes_reserved);
  visit("maxRegistersPerSM", p.registers_per_multiprocessor);
  visit("maxCtasPerSM", p.blocks_per_multiprocessor);
  visit("maxThreadsPerBlock", p.threads_per_block);
  visit("maxThreadsPerSM", p.threads_per_multiprocessor);
  visit("pciDeviceId", p.pci_device);
  visit("isTccDriver", p.tcc_driver);
  visit("supportCoopLaunch", p.cooperative_launch);
  visit("totalGlobalMem", p.memory_bytes);
  visit("smClockRateKHz", p.clock_khz);
  visit("memClockRateKHz", p.memory_clock_khz);
  visit("l2CacheSize", p.l2_bytes);
  visit("cudaDeviceId", p.device);
  visit("deviceVer", p.compute_capability);
  visit("driverVer", p.driver_version);
  visit("deviceName", p.name);
}

/// Devices by hand, from public figures. Sizes of shared memory, blocks and threads are those of the compute capability
/// (CUDA C++ Programming Guide, technical specifications); counts of multiprocessors are those of the data sheets.
/// Guessed in all of them: the memory that is left of the nominal size, the clocks' exact values, the numbers of device
/// and driver. A description that cuDNN itself wrote on the device (`read_device`) is better.
namespace devices {

/// The SXM module. L2: 60 MiB, as users report it; the H100's data sheet says 50 MB.
inline device_properties h200() {
  return {.name = "NVIDIA H200",
          .compute_capability = 900,
          .multiprocessors = 132,
          .shared_bytes_per_block_opt_in = 227 * 1024,
          .memory_bytes = 150121545728,
          .l2_bytes = 62914560,
          .clock_khz = 1980000,
          .memory_clock_khz = 3201000};
}

/// The SXM module of 80 GB. NVIDIA H100 white paper: 132 multiprocessors, 50 MB of L2.
inline device_properties h100() {
  return {.name = "NVIDIA H100 80GB HBM3",
          .compute_capability = 900,
          .multiprocessors = 132,
          .shared_bytes_per_block_opt_in = 227 * 1024,
          .memory_bytes = 85899345920,
          .l2_bytes = 52428800,
          .clock_khz = 1980000,
          .memory_clock_khz = 2619000};
}

/// The SXM module of 80 GB. NVIDIA A100 white paper: 108 multiprocessors, 40 MB of L2, 1410 MHz.
inline device_properties a100() {
  return {.name = "NVIDIA A100-SXM4-80GB",
          .compute_capability = 800,
          .multiprocessors = 108,
          .shared_bytes_per_block_opt_in = 163 * 1024,
          .memory_bytes = 85899345920,
          .l2_bytes = 41943040,
          .clock_khz = 1410000,
          .memory_clock_khz = 1593000};
}

/// NVIDIA Ada white paper and L4 data sheet: 58 multiprocessors, 48 MB of L2, 24 GB.
inline device_properties l4() {
  return {.name = "NVIDIA L4",
          .compute_capability = 890,
          .multiprocessors = 58,
          .shared_bytes_per_block_opt_in = 99 * 1024,
          .blocks_per_multiprocessor = 24,
          .threads_per_multiprocessor = 1536,
          .memory_bytes = 25769803776,
          .l2_bytes = 50331648,
          .clock_khz = 2040000,
          .memory_clock_khz = 6251000};
}

/// 148 multiprocessors and 126 MB of L2 are what public measurements report; no data sheet lists them, both are
/// guesses.
inline device_properties b200() {
  return {.name = "NVIDIA B200",
          .compute_capability = 1000,
          .multiprocessors = 148,
          .shared_bytes_per_block_opt_in = 227 * 1024,
          .memory_bytes = 193273528320,
          .l2_bytes = 132120576,
          .clock_khz = 1965000,
          .memory_clock_khz = 3996000};
}

/// All of the above with the short names that programs take.
inline std::vector<std::pair<std::string_view, device_properties>> all() {
  return {{"h200", h200()}, {"h100", h100()}, {"a100", a100()}, {"l4", l4()}, {"b200", b200()}};
}

}  // namespace devices

}  // namespace nascent::cudnn
