// SPDX-License-Identifier: Apache-2.0
/// \file
/// What a compiler must be. Every header includes this before all else, itself or through one of its own includes, so
/// that another compiler ends with one line instead of thousands: it goes on after #error, and a missing file ends it.
#pragma once

#if __cplusplus < 202002L
#error "nascent: found C++17 or older; allowed: C++20; add -std=c++20"
#include <nascent_needs_cxx20>
#elif defined(__clang__) && !defined(__apple_build_version__) && __clang_major__ < 17
#error "nascent: found clang 16 or older; allowed: clang 17 or later, or g++ 12 or later"
#include <nascent_needs_clang_17>
#elif !defined(__clang__) && defined(__GNUC__) && __GNUC__ < 12
#error "nascent: found g++ 11 or older; allowed: g++ 12 or later, or clang 17 or later"
#include <nascent_needs_gcc_12>
#endif
