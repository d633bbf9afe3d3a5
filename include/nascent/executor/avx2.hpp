// SPDX-License-Identifier: Apache-2.0
/// \file
/// Kernels of this library for processors with AVX2 and FMA, in f32: those of avx512.hpp in registers of half the size.
///
///     onednn::executor cpu{{.threads = 1, .kernels = avx2_kernels()}};
///
/// Including this header costs some seconds of compile time. own_kernels.hpp has these and those for AVX-512.
#pragma once

#include "nascent/executor/detail/avx2/vector.hpp"
#include "nascent/executor/detail/vector/implementation.hpp"
#include "nascent/executor/kernel_library.hpp"

#if defined(__x86_64__)
#define NASCENT_DETAIL_ISA avx2
#define NASCENT_DETAIL_TARGET NASCENT_DETAIL_AVX2
#include "nascent/executor/detail/vector/kernels.inc"
#undef NASCENT_DETAIL_TARGET
#undef NASCENT_DETAIL_ISA
#endif

namespace nascent {

/// As avx512_kernels(), for f32 alone.
inline kernel_library avx2_kernels(kernel_preference preference = kernel_preference::fastest) {
  kernel_library library{.name = "nascent avx2", .features = "avx2 fma", .preference = preference};
#if defined(__x86_64__)
  namespace own = detail::own;
  library.implementations = {
      own::implementation<own::avx2::convolution, float>("nascent_convolution:avx2"),
      own::implementation<own::avx2::winograd, float>("nascent_winograd:avx2"),
      own::implementation<own::avx2::depthwise, float>("nascent_depthwise:avx2"),
      own::implementation<own::avx2::global_pool, float>("nascent_pool:avx2"),
      own::implementation<own::avx2::multiplication, float>("nascent_multiply:avx2"),
  };
#endif
  return library;
}

}  // namespace nascent
