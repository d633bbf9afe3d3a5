// SPDX-License-Identifier: Apache-2.0
// Of nascent::kernels: the kernels for AVX2.
#include "nascent/executor/avx2.hpp"

#include "nascent/executor/detail/avx2/library.hpp"

nascent::kernel_library nascent::compiled_kernels::avx2_kernels(kernel_preference preference) {
  return detail::own::avx2_library(preference);
}
