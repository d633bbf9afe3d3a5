// SPDX-License-Identifier: Apache-2.0
// Of nascent::kernels: the kernels for AVX-512.
#include "nascent/executor/avx512.hpp"

#include "nascent/executor/detail/avx512/library.hpp"

nascent::kernel_library nascent::compiled_kernels::avx512_kernels(kernel_preference preference) {
  return detail::own::avx512_library(preference);
}
