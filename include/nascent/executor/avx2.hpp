// SPDX-License-Identifier: Apache-2.0
/// \file
/// Kernels of this library for processors with AVX2 and FMA, in f32: those of avx512.hpp in registers of half the size.
///
///     onednn::executor cpu{{.threads = 1, .kernels = avx2_kernels()}};
///
/// Including this header costs some seconds of compile time, unless the program links the CMake target
/// nascent::kernels, which has them compiled. own_kernels.hpp has these and those for AVX-512.
#pragma once

#include "nascent/executor/kernel_library.hpp"

#if defined(NASCENT_COMPILED_KERNELS)

namespace nascent {
inline namespace compiled_kernels {

/// As avx512_kernels(), for f32 alone.
kernel_library avx2_kernels(kernel_preference preference = kernel_preference::fastest);

}  // namespace compiled_kernels
}  // namespace nascent

#else

#include "nascent/executor/detail/avx2/library.hpp"

namespace nascent {

/// As avx512_kernels(), for f32 alone.
inline kernel_library avx2_kernels(kernel_preference preference = kernel_preference::fastest) {
  return detail::own::avx2_library(preference);
}

}  // namespace nascent

#endif
