// SPDX-License-Identifier: Apache-2.0
/// \file
/// Kernels that an executor may run in place of its own: ours, or a user's.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
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

/// Runs a kernel that was compiled for one shape. Computes part `part` of `parts`; several threads compute one part
/// each at the same time. Maps are NHWC in the executor's type. `other` is the second operand of a product, null
/// elsewhere. A residual sum adds to what stands in `out`.
using kernel_function = std::function<void(const void* in, const void* other, void* out, int part, int parts)>;

/// What an implementation makes of a kernel. A `kernel_function` alone is one, too.
struct compiled_kernel {
  compiled_kernel() = default;
  template <class F>
  requires std::convertible_to<F, kernel_function> compiled_kernel(F function)
      : run(std::move(function)) {}  // NOLINT(google-explicit-constructor)

  kernel_function run;
  std::span<const std::byte> weights{};  ///< what every run reads; empty where that is not known
  /// Told once, before the first run: what later kernels read, and would wait for. Every run brings it into the second
  /// cache on the side, each part its share of each. Empty where the kernel cannot do that.
  std::function<void(std::vector<std::span<const std::byte>>)> bring{};
};

/// One way to run some kernels.
struct kernel_implementation {
  std::string name;  ///< e.g. "nascent_depthwise:avx512"
  std::function<bool(const kernel_request&)> supports;
  std::function<compiled_kernel(const kernel_request&)> compile;  ///< asked only for what it supports
};

/// When an executor takes a kernel of a library.
enum class kernel_preference : std::uint8_t {
  fastest,  ///< where it is faster here than all others: measured when the first network with that kernel is compiled,
            ///< then kept
  always,   ///< wherever there is one; of several the first
};

/// Implementations beside those that an executor has. Empty: none.
struct kernel_library {
  std::string name{};      ///< part of the executor's description, and so of every row of a latency table
  std::string features{};  ///< of the processor, as /proc/cpuinfo names them, e.g. "avx2 fma"; without one the library
                           ///< is left out
  std::vector<kernel_implementation> implementations{};
  kernel_preference preference = kernel_preference::fastest;
  std::vector<kernel_library>
      otherwise{};  ///< the first of these that can be used stands in where this one is left out
};

}  // namespace nascent
