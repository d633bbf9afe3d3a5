// SPDX-License-Identifier: Apache-2.0
/// \file
/// Kernels that an executor may run in place of its own: ours, or a user's.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "nascent/executor/weights.hpp"
#include "nascent/network/kernel.hpp"

namespace nascent {

/// What a kernel is compiled for: maps and weights of one type, `batch` images, at most `parts` threads.
struct kernel_request {
  const kernel& what;
  const layer_weights& values;
  data_type type = data_type::f32;
  int batch = 1;
  int parts = 1;
};

/// Runs a kernel that was compiled for one shape. Computes part `part` of `parts`; several threads compute one part each at the same time.
/// Maps are NHWC in the executor's type. `other` is the second operand of a product, null elsewhere. A residual sum adds to what stands
/// in `out`.
using kernel_function = std::function<void(const void* in, const void* other, void* out, int part, int parts)>;

/// One way to run some kernels.
struct kernel_implementation {
  std::string name;  ///< e.g. "nascent_depthwise:avx512"
  std::function<bool(const kernel_request&)> supports;
  std::function<kernel_function(const kernel_request&)> compile;  ///< asked only for what it supports
};

/// When an executor takes a kernel of a library.
enum class kernel_preference : std::uint8_t {
  fastest,  ///< where it is faster here than all others: measured when the first network with that kernel is compiled, then kept
  always,   ///< wherever there is one; of several the first
};

/// Implementations beside those that an executor has. Empty: none.
struct kernel_library {
  std::string name{};      ///< part of the executor's description, and so of every row of a latency table
  std::string features{};  ///< of the processor, as /proc/cpuinfo names them, e.g. "avx2 fma"; without one the library is left out
  std::vector<kernel_implementation> implementations{};
  kernel_preference preference = kernel_preference::fastest;
  std::vector<kernel_library> otherwise{};  ///< the first of these that can be used stands in where this one is left out
};

}  // namespace nascent
