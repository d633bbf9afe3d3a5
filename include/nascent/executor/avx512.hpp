// SPDX-License-Identifier: Apache-2.0
/// \file
/// Kernels of this library for processors with AVX-512: convolutions between all channels, depthwise convolutions and
/// gates, in f32 and (with AVX512_BF16) bf16. Programs need no compiler flag for them; where the processor lacks
/// AVX-512 they are left out.
///
///     onednn::executor cpu{{.threads = 1, .kernels = avx512_kernels()}};
///
/// Including this header costs some seconds of compile time. own_kernels.hpp has these and those for AVX2.
#pragma once

#include "nascent/executor/detail/avx512/vector.hpp"
#include "nascent/executor/detail/vector/implementation.hpp"
#include "nascent/executor/kernel_library.hpp"

#if defined(__x86_64__)
#define NASCENT_DETAIL_ISA avx512
#define NASCENT_DETAIL_TARGET NASCENT_DETAIL_AVX512
#include "nascent/executor/detail/vector/kernels.inc"
#undef NASCENT_DETAIL_TARGET
#undef NASCENT_DETAIL_ISA
#endif

namespace nascent {

/// Swish takes about a third of the time that it takes in oneDNN 2.6, 3x3 windows take a quarter of the
/// multiplications, and depthwise convolutions in bf16 need no detour (docs/kernels.md).
inline kernel_library avx512_kernels(kernel_preference preference = kernel_preference::fastest) {
  kernel_library library{
      .name = "nascent avx512", .features = "avx512f avx512bw avx512dq avx512vl fma", .preference = preference};
#if defined(__x86_64__)
  namespace own = detail::own;
  library.implementations = {
      own::implementation<own::avx512::convolution, float, own::bfloat16>("nascent_convolution:avx512"),
      own::implementation<own::avx512::widened_convolution, own::bfloat16>("nascent_widened_convolution:avx512"),
      own::implementation<own::avx512::winograd, float, own::bfloat16>("nascent_winograd:avx512"),
      own::implementation<own::avx512::depthwise, float, own::bfloat16>("nascent_depthwise:avx512"),
      own::implementation<own::avx512::global_pool, float, own::bfloat16>("nascent_pool:avx512"),
      own::implementation<own::avx512::multiplication, float, own::bfloat16>("nascent_multiply:avx512"),
  };
#endif
  return library;
}

}  // namespace nascent
