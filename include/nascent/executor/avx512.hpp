// SPDX-License-Identifier: Apache-2.0
/// \file
/// Kernels of this library for processors with AVX-512: convolutions between all channels, depthwise convolutions and
/// gates, in f32 and (with AVX512_BF16) bf16. Programs need no compiler flag for them; where the processor lacks
/// AVX-512 they are left out.
///
///     onednn::executor cpu{{.threads = 1, .kernels = avx512_kernels()}};
///
/// Including this header costs some seconds of compile time, unless the program links the CMake target
/// nascent::kernels, which has them compiled. own_kernels.hpp has these and those for AVX2.
#pragma once

#include "nascent/executor/kernel_library.hpp"

#if defined(NASCENT_COMPILED_KERNELS)

namespace nascent {
inline namespace compiled_kernels {

/// Swish takes about a third of the time that it takes in oneDNN 2.6, 3x3 windows take a quarter of the
/// multiplications, and depthwise convolutions in bf16 need no detour (docs/kernels.md).
kernel_library avx512_kernels(kernel_preference preference = kernel_preference::fastest);

}  // namespace compiled_kernels
}  // namespace nascent

#else

#include "nascent/executor/detail/avx512/library.hpp"

namespace nascent {

/// Swish takes about a third of the time that it takes in oneDNN 2.6, 3x3 windows take a quarter of the
/// multiplications, and depthwise convolutions in bf16 need no detour (docs/kernels.md).
inline kernel_library avx512_kernels(kernel_preference preference = kernel_preference::fastest) {
  return detail::own::avx512_library(preference);
}

}  // namespace nascent

#endif
