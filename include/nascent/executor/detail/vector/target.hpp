// SPDX-License-Identifier: Apache-2.0
/// \file
/// Regions of functions that are compiled for an instruction set which the rest of the program need not have:
///
///     NASCENT_DETAIL_TARGET_BEGIN("avx2,fma");
///     ...
///     NASCENT_DETAIL_TARGET_END();
///
/// Programs need no compiler flag for them, and run on any processor as long as nobody calls these functions where the
/// instructions are missing. What such a region instantiates of the standard library stays without them, as long as its
/// headers are included before. Lambdas in a region need not get its target: they may name functions, but not call
/// those that are forced to be inlined.
#pragma once

#include "nascent/base/language.hpp"

#define NASCENT_DETAIL_PRAGMA(text) _Pragma(#text)

#if defined(__clang__)
#define NASCENT_DETAIL_TARGET_BEGIN(features)                                                         \
  NASCENT_DETAIL_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function)) \
  static_assert(true)
#define NASCENT_DETAIL_TARGET_END()          \
  NASCENT_DETAIL_PRAGMA(clang attribute pop) \
  static_assert(true)
#else
// g++ 12 takes the operand that an unmasked instruction of AVX-512 ignores for a forgotten one (its bug 105593), and
// its intrinsics without optimisation, and arrays of vectors, convert signs.
#define NASCENT_DETAIL_TARGET_BEGIN(features)                           \
  NASCENT_DETAIL_PRAGMA(GCC push_options)                               \
  NASCENT_DETAIL_PRAGMA(GCC target(features))                           \
  NASCENT_DETAIL_PRAGMA(GCC diagnostic push)                            \
  NASCENT_DETAIL_PRAGMA(GCC diagnostic ignored "-Wmaybe-uninitialized") \
  NASCENT_DETAIL_PRAGMA(GCC diagnostic ignored "-Wsign-conversion")     \
  static_assert(true)
#define NASCENT_DETAIL_TARGET_END()         \
  NASCENT_DETAIL_PRAGMA(GCC diagnostic pop) \
  NASCENT_DETAIL_PRAGMA(GCC pop_options)    \
  static_assert(true)
#endif
