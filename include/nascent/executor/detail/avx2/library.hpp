// SPDX-License-Identifier: Apache-2.0
/// \file
/// The kernels for AVX2 as a library, compiled wherever this is included.
#pragma once

#include "nascent/executor/detail/avx2/vector.hpp"
#include "nascent/executor/detail/vector/implementation.hpp"
#include "nascent/executor/kernel_library.hpp"

#if defined(__x86_64__)
#define NASCENT_DETAIL_SET avx2
#define NASCENT_DETAIL_FEATURES NASCENT_DETAIL_AVX2
#include "nascent/executor/detail/vector/kernels.inc"
#include "nascent/executor/detail/vector/next_set.inc"
#endif

namespace nascent::detail::own {

inline kernel_library avx2_library(kernel_preference preference) {
  kernel_library library{.name = library_name("nascent avx2"), .features = "avx2 fma", .preference = preference};
#if defined(__x86_64__)
  library.implementations = {
      implementation<avx2::convolution, float>("nascent_convolution:avx2"),
      implementation<avx2::winograd, float>("nascent_winograd:avx2"),
      implementation<avx2::depthwise, float>("nascent_depthwise:avx2"),
      implementation<avx2::global_pool, float>("nascent_pool:avx2"),
      implementation<avx2::multiplication, float>("nascent_multiply:avx2"),
  };
#endif
  return library;
}

}  // namespace nascent::detail::own
