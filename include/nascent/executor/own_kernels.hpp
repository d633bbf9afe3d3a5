// SPDX-License-Identifier: Apache-2.0
/// \file
/// Kernels of this library for whatever the processor has: AVX-512, else AVX2.
///
///     onednn::executor cpu{{.threads = 1, .kernels = own_kernels()}};
///
/// Including this header costs the compile time of avx512.hpp and avx2.hpp: seconds, or next to nothing in a program
/// that links the CMake target nascent::kernels. Who knows the processor includes one of them.
#pragma once

#include "nascent/executor/avx2.hpp"
#include "nascent/executor/avx512.hpp"
#include "nascent/executor/kernel_library.hpp"

namespace nascent {

// What calls functions that are compiled elsewhere is itself another function: files that include the kernels and files
// that link them may be parts of one program.
#if defined(NASCENT_COMPILED_KERNELS)
inline namespace compiled_kernels {
#else
inline namespace included_kernels {
#endif

/// The executor takes those for AVX-512 where the processor has it and the executor's instruction set is not limited
/// below it, else those for AVX2 under the same conditions, else none.
inline kernel_library own_kernels(kernel_preference preference = kernel_preference::fastest) {
  kernel_library library = avx512_kernels(preference);
  library.otherwise = {avx2_kernels(preference)};
  return library;
}

}  // one of the two
}  // namespace nascent
