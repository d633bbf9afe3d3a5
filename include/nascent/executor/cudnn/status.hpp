// SPDX-License-Identifier: Apache-2.0
/// \file
/// What cuDNN and the CUDA runtime answer, as exceptions: the one place where a status is looked at.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include <cuda_runtime_api.h>
#include <cudnn_graph.h>

#include "nascent/executor/executor.hpp"

namespace nascent::cudnn {

static_assert(CUDNN_VERSION >= 90800,
              "nascent: cuDNN 9.8 is the first that plans without a device; install a newer one");

/// A call of cuDNN that failed: which call, on what, and cuDNN's own last words about it.
struct library_error : executor_error {
  library_error(const std::string& where, const std::string& found, cudnnStatus_t the_status)
      : executor_error("executor.library", where, found, "success"), status(the_status) {}
  cudnnStatus_t status;
};

/// A call of the CUDA runtime that failed.
struct runtime_error : executor_error {
  runtime_error(const std::string& where, const std::string& found, cudaError_t the_status)
      : executor_error("executor.runtime", where, found, "success"), status(the_status) {}
  cudaError_t status;
};

/// No driver, only the stand-in for one, no device, or a device that cannot do what was asked.
struct device_error : executor_error {
  using executor_error::executor_error;
};

/// The device has not enough memory.
struct memory_error : executor_error {
  using executor_error::executor_error;
};

/// "9.19.0": of the library that runs, which may be newer than the headers.
inline std::string library_version() {
  const std::size_t v = cudnnGetVersion();
  return std::to_string(v / 10000) + "." + std::to_string(v / 100 % 100) + "." + std::to_string(v % 100);
}

namespace detail {

/// cuDNN keeps the reasons of this thread's last failure; empty where it has none. Asking for them forgets them.
inline std::string last_words() {
  std::array<char, 4096> text{};
  cudnnGetLastErrorString(text.data(), text.size());
  std::string words(text.data());
  while (!words.empty() && (words.back() == '\n' || words.back() == ' ')) words.pop_back();
  return words;
}

/// \throws library_error unless the status is success; `what` says what was tried, e.g. "finalising a convolution"
inline void check(cudnnStatus_t status, std::string_view what) {
  if (status == CUDNN_STATUS_SUCCESS) return;
  const std::string words = last_words();
  throw library_error("cudnn, " + std::string(what),
                      cudnnGetErrorString(status) + (words.empty() ? std::string() : " (" + words + ")"), status);
}

/// \throws memory_error where the device has no memory left, runtime_error where something else is wrong
inline void check(cudaError_t status, std::string_view what) {
  if (status == cudaSuccess) return;
  static_cast<void>(cudaGetLastError());  // else a later, innocent call would return it again
  const std::string where = "cudnn, " + std::string(what);
  const std::string found = std::string(cudaGetErrorName(status)) + " (" + cudaGetErrorString(status) + ")";
  if (status == cudaErrorMemoryAllocation)
    throw memory_error("executor.memory", where, found, "memory that is free; use a smaller batch");
  throw runtime_error(where, found, status);
}

}  // namespace detail

}  // namespace nascent::cudnn
