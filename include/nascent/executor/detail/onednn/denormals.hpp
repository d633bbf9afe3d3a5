// SPDX-License-Identifier: Apache-2.0
/// \file
/// Numbers below 2^-126 count as zero while a network runs.
#pragma once

#include "nascent/executor/detail/onednn/openmp_runtime.hpp"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace nascent::onednn::detail {

/// While it lives, the calling thread and the OpenMP threads that compute for it read and write denormal numbers as
/// zeros. A processor takes some 150 cycles for each vector that has one: a convolution of 64 pixels whose inputs had
/// faded took 500 us instead of 70. The OpenMP threads keep that setting; they belong to the calling thread alone.
class denormal_scope {
 public:
  explicit denormal_scope([[maybe_unused]] int threads) {
#if defined(__x86_64__)
    before_ = _mm_getcsr();
    if ((before_ & as_zero) != as_zero) _mm_setcsr(before_ | as_zero);
    // Threads that are started from now on have what this one has; those that were started before are told once.
    thread_local int told = 1;
    if (told >= threads || !openmp_runtime::get().runs_functions()) return;
    openmp_runtime::get().parallel([](void*) { _mm_setcsr(_mm_getcsr() | as_zero); }, nullptr,
                                   static_cast<unsigned>(threads), 0);
    told = threads;
#endif
  }
#if defined(__x86_64__)
  ~denormal_scope() {
    if ((before_ & as_zero) != as_zero) _mm_setcsr((_mm_getcsr() & ~as_zero) | (before_ & as_zero));
  }
#else
  ~denormal_scope() = default;
#endif
  denormal_scope(const denormal_scope&) = delete;
  denormal_scope& operator=(const denormal_scope&) = delete;

 private:
  static constexpr unsigned as_zero = 0x8040;  ///< of the register MXCSR: results (bit 15) and operands (bit 6)
  unsigned before_ = 0;
};

}  // namespace nascent::onednn::detail
