// SPDX-License-Identifier: Apache-2.0
/// \file
/// What a device lends: memory, streams, events, graphs, each given back by its owner; and numbers in the types that
/// devices compute with.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <cuda_runtime_api.h>
#include <cudnn_graph.h>

#include "nascent/base/small_float.hpp"
#include "nascent/executor/cudnn/clocks.hpp"
#include "nascent/executor/cudnn/driver.hpp"
#include "nascent/executor/cudnn/planner.hpp"
#include "nascent/executor/cudnn/status.hpp"

namespace nascent::cudnn::detail {

/// Calls a function of CUDA or cuDNN to give something back; what it answers is of no use any more.
template <auto Function>
struct give_back {
  template <class T>
  void operator()(T* thing) const {
    static_cast<void>(Function(thing));
  }
};

using device_memory = std::unique_ptr<std::byte, give_back<&cudaFree>>;
using owned_stream = std::unique_ptr<CUstream_st, give_back<&cudaStreamDestroy>>;
using event = std::unique_ptr<CUevent_st, give_back<&cudaEventDestroy>>;
using cuda_graph = std::unique_ptr<CUgraph_st, give_back<&cudaGraphDestroy>>;
using runnable_graph = std::unique_ptr<CUgraphExec_st, give_back<&cudaGraphExecDestroy>>;
using library_handle = std::unique_ptr<cudnnContext, give_back<&cudnnDestroy>>;

/// \throws memory_error that says how much was asked for and how much is left
inline device_memory allocate(std::size_t bytes, const std::string& what) {
  if (bytes == 0) return nullptr;
  void* memory = nullptr;
  if (const cudaError_t status = cudaMalloc(&memory, bytes); status == cudaErrorMemoryAllocation) {
    static_cast<void>(cudaGetLastError());
    std::size_t left = 0;
    std::size_t all = 0;
    static_cast<void>(cudaMemGetInfo(&left, &all));
    throw memory_error("executor.memory", "cudnn, memory",
                       "no room for " + std::to_string(bytes) + " bytes (" + what + ")",
                       "fewer: " + std::to_string(left) + " of the device's " + std::to_string(all) +
                           " bytes are free; use a smaller batch");
  } else {
    check(status, "allocating " + what);
  }
  return device_memory(static_cast<std::byte*>(memory));
}

inline event make_event() {
  cudaEvent_t e = nullptr;
  check(cudaEventCreate(&e), "making an event");
  return event(e);
}

/// One device of this machine with a stream and a handle of cuDNN on it. Shared by an executor and what it compiled:
/// all of them belong to one thread at a time. The stream does not wait for CUDA's default stream, so nothing is done
/// on that one.
class session {
 public:
  /// \throws device_error without a driver or a device
  explicit session(int device) : device_(device) {
    switch (find_driver()) {
      case driver_kind::none:
        throw device_error("executor.driver", "cudnn, driver", "no driver library (libcuda.so.1), so no device",
                           "NVIDIA's; install NVIDIA's driver, or plan without one: cudnn::planner");
      case driver_kind::stand_in:
        throw device_error("executor.driver", "cudnn, driver", "a stand-in, behind which there is no device",
                           "NVIDIA's driver; the stand-in is good for cudnn::planner only");
      case driver_kind::real: break;
    }
    int count = 0;
    if (const cudaError_t status = cudaGetDeviceCount(&count); status != cudaSuccess || count == 0) {
      static_cast<void>(cudaGetLastError());
      throw device_error(
          "executor.device", "cudnn, devices",
          std::string("none") + (status == cudaSuccess ? "" : std::string(" (") + cudaGetErrorString(status) + ")"),
          "1 or more");
    }
    if (device < 0 || device >= count)
      throw device_error("executor.device", "cudnn, device", std::to_string(device),
                         "0 to " + std::to_string(count - 1));
    use();
    check(cudaGetDeviceProperties(&properties_, device), "reading the device's properties");
    cudaStream_t s = nullptr;
    check(cudaStreamCreateWithFlags(&s, cudaStreamNonBlocking), "making a stream");
    stream_.reset(s);
    cudnnHandle_t h = nullptr;
    check(cudnnCreate(&h), "making a handle");
    handle_.reset(h);
    check(cudnnSetStream(h, s), "giving the handle its stream");
    std::array<char, 32> bus{};
    check(cudaDeviceGetPCIBusId(bus.data(), static_cast<int>(bus.size()), device), "asking where the device is");
    clocks_.emplace(bus.data());
  }

  /// CUDA keeps the current device for each thread.
  void use() const { check(cudaSetDevice(device_), "choosing device " + std::to_string(device_)); }
  void wait() const { check(cudaStreamSynchronize(stream_.get()), "running on the device"); }

  /// On the stream, and waited for: what was copied or cleared is there for the next kernel, and the bytes may go.
  void copy_to(std::byte* to, std::span<const std::byte> from, const std::string& what) const {
    check(cudaMemcpyAsync(to, from.data(), from.size(), cudaMemcpyHostToDevice, stream_.get()), what);
    wait();
  }
  /// On the stream, and not waited for; gives the place after the last byte.
  std::byte* copy_from(const std::byte* from, std::size_t bytes, std::byte* to) const {
    check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream_.get()), "copying an output from the device");
    return to + bytes;
  }
  void clear(std::byte* memory, std::size_t bytes, const std::string& what) const {
    if (bytes == 0) return;
    check(cudaMemsetAsync(memory, 0, bytes, stream_.get()), what);
    wait();
  }

  cudnnHandle_t handle() const { return handle_.get(); }
  cudaStream_t stream() const { return stream_.get(); }
  const cudaDeviceProp& properties() const { return properties_; }
  const clock_monitor& clocks() const { return *clocks_; }
  /// When a timed pass last ended, of whichever network: an idle device lowers its clocks.
  std::int64_t& last_pass_ns() const { return last_pass_ns_; }
  std::string name() const { return properties_.name; }
  /// Of the multiprocessors, the highest that the device can reach; 0 where CUDA does not say.
  int highest_mhz() const {
    int khz = 0;
    if (cudaDeviceGetAttribute(&khz, cudaDevAttrClockRate, device_) != cudaSuccess)
      static_cast<void>(cudaGetLastError());
    return khz / 1000;
  }
  /// "driver 580.65.06", or where NVML is missing the CUDA that the driver is made for: "driver for CUDA 13.0".
  std::string driver() const {
    if (const std::string version = clocks_->driver_version(); !version.empty()) return "driver " + version;
    int version = 0;
    check(cudaDriverGetVersion(&version), "asking for the driver's version");
    return "driver for CUDA " + std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
  }
  std::int64_t compute_capability() const { return std::int64_t{properties_.major} * 100 + properties_.minor * 10; }

 private:
  int device_;
  cudaDeviceProp properties_{};
  std::optional<clock_monitor> clocks_;
  mutable std::int64_t last_pass_ns_ = 0;
  owned_stream stream_;
  library_handle handle_;
};

/// Numbers in the type of the maps, as bytes for the device.
inline std::vector<std::byte> encode(std::span<const float> numbers, data_type type) {
  std::vector<std::byte> bytes(numbers.size() * static_cast<std::size_t>(size_of(type)));
  if (type == data_type::f32) {
    std::ranges::copy(std::as_bytes(numbers), bytes.begin());
    return bytes;
  }
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const std::uint16_t value = type == data_type::f16 ? to_f16(numbers[i]) : to_bf16(numbers[i]);
    bytes[2 * i] = static_cast<std::byte>(value & 0xffU);
    bytes[2 * i + 1] = static_cast<std::byte>(value >> 8);
  }
  return bytes;
}

inline void decode(std::span<const std::byte> bytes, data_type type, std::span<float> numbers) {
  if (type == data_type::f32) {
    std::ranges::copy(bytes, std::as_writable_bytes(numbers).begin());
    return;
  }
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto value = static_cast<std::uint16_t>(std::to_integer<unsigned>(bytes[2 * i]) |
                                                  std::to_integer<unsigned>(bytes[2 * i + 1]) << 8);
    numbers[i] = type == data_type::f16 ? from_f16(value) : from_bf16(value);
  }
}

}  // namespace nascent::cudnn::detail
