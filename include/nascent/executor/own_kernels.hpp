// SPDX-License-Identifier: Apache-2.0
/// \file
/// Kernels of this library for whatever the processor has: AVX-512, else AVX2.
///
///     onednn::executor cpu{{.threads = 1, .kernels = own_kernels()}};
///
/// Including this header costs the compile time of avx512.hpp and avx2.hpp. Who knows the processor includes one of
/// them.
#pragma once

#include "nascent/executor/avx2.hpp"
#include "nascent/executor/avx512.hpp"
#include "nascent/executor/kernel_library.hpp"

namespace nascent {

/// The executor takes those for AVX-512 where the processor has it and the executor's instruction set is not limited
/// below it, else those for AVX2 under the same conditions, else none.
inline kernel_library own_kernels(kernel_preference preference = kernel_preference::fastest) {
  kernel_library library = avx512_kernels(preference);
  library.otherwise = {avx2_kernels(preference)};
  return library;
}

}  // namespace nascent
