// SPDX-License-Identifier: Apache-2.0
/// \file
/// The kernels for AVX-512 as a library, compiled wherever this is included.
#pragma once

#include "nascent/executor/detail/avx512/vector.hpp"
#include "nascent/executor/detail/vector/implementation.hpp"
#include "nascent/executor/kernel_library.hpp"

#if defined(__x86_64__)
#define NASCENT_DETAIL_SET avx512
#define NASCENT_DETAIL_FEATURES NASCENT_DETAIL_AVX512
#include "nascent/executor/detail/vector/kernels.inc"
#include "nascent/executor/detail/vector/next_set.inc"
#endif

namespace nascent::detail::own {

inline kernel_library avx512_library(kernel_preference preference) {
  kernel_library library{.name = library_name("nascent avx512"),
                         .features = "avx512f avx512bw avx512dq avx512vl fma",
                         .preference = preference};
#if defined(__x86_64__)
  library.implementations = {
      implementation<avx512::convolution, float, bfloat16>("nascent_convolution:avx512"),
      implementation<avx512::widened_convolution, bfloat16>("nascent_widened_convolution:avx512"),
      implementation<avx512::winograd, float, bfloat16>("nascent_winograd:avx512"),
      implementation<avx512::depthwise, float, bfloat16>("nascent_depthwise:avx512"),
      implementation<avx512::global_pool, float, bfloat16>("nascent_pool:avx512"),
      implementation<avx512::multiplication, float, bfloat16>("nascent_multiply:avx512"),
  };
#endif
  return library;
}

}  // namespace nascent::detail::own
