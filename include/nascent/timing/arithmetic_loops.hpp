// SPDX-License-Identifier: Apache-2.0
/// \file
/// Loops of nothing but arithmetic: what a processor core can compute at most, whatever an algorithm saves.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "nascent/cost/device_profile.hpp"
#include "nascent/executor/processor.hpp"

namespace nascent {

/// Instructions in a loop. None waits for another, or for memory.
struct arithmetic_loop {
  std::string_view name;      ///< of the instruction
  std::string_view features;  ///< that the processor needs, as /proc/cpuinfo names them
  arithmetic type = arithmetic::f32;
  int instructions = 0;  ///< of one turn
  int operations = 0;    ///< of one instruction; multiplying and adding are two
  void (*run)(std::uint64_t turns) = nullptr;
  bool (*may_run)() = nullptr;  ///< asks the system, where it has to be asked
};

namespace detail {

#if defined(__x86_64__)

// Assembler, so that the loops are the same without optimisation and without compiler flags for the instruction set.
// Fourteen sums hide the latency of two units. They only use registers that every x86-64 processor has by name; a sum
// grows until what is added no longer changes it, so no number ever fades or overflows.
#define NASCENT_DETAIL_FOURTEEN(op) \
  op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7) op(8) op(9) op(10) op(11) op(12) op(13)
#define NASCENT_DETAIL_SEVEN_AND_SEVEN(a, b) a(0) b(1) a(2) b(3) a(4) b(5) a(6) b(7) a(8) b(9) a(10) b(11) a(12) b(13)
#define NASCENT_DETAIL_LOOP(prepare, body, clean)                                                               \
  asm volatile(prepare "1:\n\t" body "dec %0\n\tjnz 1b\n\t" clean                                               \
               : "+r"(turns)                                                                                    \
               : "m"(number)                                                                                    \
               : "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", \
                 "xmm11", "xmm12", "xmm13", "xmm14", "xmm15")
#define NASCENT_DETAIL_ZERO_SSE(n) "xorps %%xmm" #n ", %%xmm" #n "\n\t"
#define NASCENT_DETAIL_ZERO_AVX(n) "vxorps %%xmm" #n ", %%xmm" #n ", %%xmm" #n "\n\t"  // all of the wider ones, too

inline void run_sse_loop(std::uint64_t turns) {
  const float number = 1;
#define NASCENT_DETAIL_MULTIPLY(n) "mulps %%xmm14, %%xmm" #n "\n\t"
#define NASCENT_DETAIL_ADD(n) "addps %%xmm14, %%xmm" #n "\n\t"
  NASCENT_DETAIL_LOOP(
      "movss %1, %%xmm14\n\tshufps $0, %%xmm14, %%xmm14\n\t" NASCENT_DETAIL_FOURTEEN(NASCENT_DETAIL_ZERO_SSE),
      NASCENT_DETAIL_SEVEN_AND_SEVEN(NASCENT_DETAIL_MULTIPLY, NASCENT_DETAIL_ADD), "");
#undef NASCENT_DETAIL_MULTIPLY
#undef NASCENT_DETAIL_ADD
}

inline void run_avx_loop(std::uint64_t turns) {
  const float number = 1;
#define NASCENT_DETAIL_MULTIPLY(n) "vmulps %%ymm14, %%ymm" #n ", %%ymm" #n "\n\t"
#define NASCENT_DETAIL_ADD(n) "vaddps %%ymm14, %%ymm" #n ", %%ymm" #n "\n\t"
  NASCENT_DETAIL_LOOP("vbroadcastss %1, %%ymm14\n\t" NASCENT_DETAIL_FOURTEEN(NASCENT_DETAIL_ZERO_AVX),
                      NASCENT_DETAIL_SEVEN_AND_SEVEN(NASCENT_DETAIL_MULTIPLY, NASCENT_DETAIL_ADD), "vzeroupper\n\t");
#undef NASCENT_DETAIL_MULTIPLY
#undef NASCENT_DETAIL_ADD
}

inline void run_avx2_loop(std::uint64_t turns) {
  const float number = 0.5F;
#define NASCENT_DETAIL_MULTIPLY_ADD(n) "vfmadd231ps %%ymm14, %%ymm15, %%ymm" #n "\n\t"
  NASCENT_DETAIL_LOOP(
      "vbroadcastss %1, %%ymm14\n\tvbroadcastss %1, %%ymm15\n\t" NASCENT_DETAIL_FOURTEEN(NASCENT_DETAIL_ZERO_AVX),
      NASCENT_DETAIL_FOURTEEN(NASCENT_DETAIL_MULTIPLY_ADD), "vzeroupper\n\t");
#undef NASCENT_DETAIL_MULTIPLY_ADD
}

inline void run_avx512_loop(std::uint64_t turns) {
  const float number = 0.5F;
#define NASCENT_DETAIL_MULTIPLY_ADD(n) "vfmadd231ps %%zmm14, %%zmm15, %%zmm" #n "\n\t"
  NASCENT_DETAIL_LOOP(
      "vbroadcastss %1, %%zmm14\n\tvbroadcastss %1, %%zmm15\n\t" NASCENT_DETAIL_FOURTEEN(NASCENT_DETAIL_ZERO_AVX),
      NASCENT_DETAIL_FOURTEEN(NASCENT_DETAIL_MULTIPLY_ADD), "vzeroupper\n\t");
#undef NASCENT_DETAIL_MULTIPLY_ADD
}

inline void run_avx512_bf16_loop(std::uint64_t turns) {
  const std::uint32_t number = 0x3F003F00U;  // 1/2 twice
#define NASCENT_DETAIL_DOT_PRODUCT(n) "vdpbf16ps %%zmm14, %%zmm15, %%zmm" #n "\n\t"
  NASCENT_DETAIL_LOOP(
      "vbroadcastss %1, %%zmm14\n\tvbroadcastss %1, %%zmm15\n\t" NASCENT_DETAIL_FOURTEEN(NASCENT_DETAIL_ZERO_AVX),
      NASCENT_DETAIL_FOURTEEN(NASCENT_DETAIL_DOT_PRODUCT), "vzeroupper\n\t");
#undef NASCENT_DETAIL_DOT_PRODUCT
}

inline void run_avx512_i8_loop(std::uint64_t turns) {
  const std::uint32_t number = 0x01010101U;
#define NASCENT_DETAIL_DOT_PRODUCT(n) "vpdpbusd %%zmm14, %%zmm15, %%zmm" #n "\n\t"
  NASCENT_DETAIL_LOOP(
      "vbroadcastss %1, %%zmm14\n\tvbroadcastss %1, %%zmm15\n\t" NASCENT_DETAIL_FOURTEEN(NASCENT_DETAIL_ZERO_AVX),
      NASCENT_DETAIL_FOURTEEN(NASCENT_DETAIL_DOT_PRODUCT), "vzeroupper\n\t");
#undef NASCENT_DETAIL_DOT_PRODUCT
}

/// Asks the system once for the registers of AMX: Linux, from 5.16 on, keeps them only for programs that did, and ends
/// others at their first tile.
inline bool may_use_tiles() {
#if defined(__linux__)
  static const bool granted = [] {
    constexpr long request_permission = 0x1023;  // ARCH_REQ_XCOMP_PERM of <asm/prctl.h>
    constexpr long tile_data = 18;               // the number of these registers among those that XSAVE keeps
    return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
  }();
  return granted;
#else
  return false;
#endif
}

/// What LDTILECFG reads: eight tiles of 16 rows of 64 bytes, as large as they can be.
struct tile_configuration {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::array<std::uint8_t, 14> reserved{};
  std::array<std::uint16_t, 16> row_bytes{64, 64, 64, 64, 64, 64, 64, 64};
  std::array<std::uint8_t, 16> rows{16, 16, 16, 16, 16, 16, 16, 16};
};
static_assert(sizeof(tile_configuration) == 64);

// Six sums hide the latency of 52 cycles of the one unit, which takes a product each 16. Compilers give tiles to
// nobody, so there are none to name as used.
#define NASCENT_DETAIL_SIX(op) op(0) op(1) op(2) op(3) op(4) op(5)
#define NASCENT_DETAIL_ZERO_TILE(n) "tilezero %%tmm" #n "\n\t"
#define NASCENT_DETAIL_TILE_LOOP(body)                                                                              \
  asm volatile("ldtilecfg %1\n\ttileloadd (%2,%3,1), %%tmm6\n\ttileloadd (%2,%3,1), %%tmm7\n\t" NASCENT_DETAIL_SIX( \
                   NASCENT_DETAIL_ZERO_TILE) "1:\n\t" body "dec %0\n\tjnz 1b\n\ttilerelease"                        \
               : "+r"(turns)                                                                                        \
               : "m"(tiles), "r"(numbers.data()), "r"(std::int64_t{64})                                             \
               : "cc", "memory")

inline void run_amx_bf16_loop(std::uint64_t turns) {
  const tile_configuration tiles;
  std::array<std::uint16_t, 512> numbers;
  numbers.fill(0x3F00);  // 1/2
#define NASCENT_DETAIL_DOT_PRODUCT(n) "tdpbf16ps %%tmm7, %%tmm6, %%tmm" #n "\n\t"
  NASCENT_DETAIL_TILE_LOOP(NASCENT_DETAIL_SIX(NASCENT_DETAIL_DOT_PRODUCT));
#undef NASCENT_DETAIL_DOT_PRODUCT
}

inline void run_amx_i8_loop(std::uint64_t turns) {
  const tile_configuration tiles;
  std::array<std::uint8_t, 1024> numbers;
  numbers.fill(1);
#define NASCENT_DETAIL_DOT_PRODUCT(n) "tdpbssd %%tmm7, %%tmm6, %%tmm" #n "\n\t"
  NASCENT_DETAIL_TILE_LOOP(NASCENT_DETAIL_SIX(NASCENT_DETAIL_DOT_PRODUCT));
#undef NASCENT_DETAIL_DOT_PRODUCT
}

#undef NASCENT_DETAIL_TILE_LOOP
#undef NASCENT_DETAIL_ZERO_TILE
#undef NASCENT_DETAIL_SIX
#undef NASCENT_DETAIL_ZERO_AVX
#undef NASCENT_DETAIL_ZERO_SSE
#undef NASCENT_DETAIL_LOOP
#undef NASCENT_DETAIL_SEVEN_AND_SEVEN
#undef NASCENT_DETAIL_FOURTEEN

inline constexpr std::array<arithmetic_loop, 8> loops{{
    {"SSE multiplications and additions", "", arithmetic::f32, 14, 4, run_sse_loop},
    {"AVX multiplications and additions", "avx", arithmetic::f32, 14, 8, run_avx_loop},
    {"AVX2 multiply-adds", "avx2 fma", arithmetic::f32, 14, 8 * 2, run_avx2_loop},
    {"AVX-512 multiply-adds", "avx512f", arithmetic::f32, 14, 16 * 2, run_avx512_loop},
    {"AVX-512 products of bf16 pairs", "avx512f avx512_bf16", arithmetic::bf16, 14, 16 * 4, run_avx512_bf16_loop},
    {"AVX-512 products of four i8", "avx512f avx512_vnni", arithmetic::i8, 14, 16 * 8, run_avx512_i8_loop},
    {"AMX products of bf16 tiles", "amx_tile amx_bf16", arithmetic::bf16, 6, 16 * 16 * 32 * 2, run_amx_bf16_loop,
     may_use_tiles},
    {"AMX products of i8 tiles", "amx_tile amx_int8", arithmetic::i8, 6, 16 * 16 * 64 * 2, run_amx_i8_loop,
     may_use_tiles},
}};

#else
inline constexpr std::array<arithmetic_loop, 0> loops{};  // of others the matrix products are all that is known
#endif

/// Whether an executor's instruction set, by its name in `device_description::isa`, includes that of a loop. A name
/// that says nothing about it, such as "any", limits nothing.
constexpr bool isa_includes(std::string_view isa, std::string_view features) {
  const auto width = [](std::string_view name, int otherwise) {
    return name.find("amx") != name.npos ? 4
           : name.starts_with("avx512")  ? 3
           : name.starts_with("avx2")    ? 2
           : name.starts_with("avx")     ? 1
           : name.starts_with("sse")     ? 0
                                         : otherwise;
  };
  return width(features, 0) <= width(isa, 4);
}

}  // namespace detail

/// All loops that there are, whatever this processor has; none but on x86-64.
constexpr std::span<const arithmetic_loop> arithmetic_loops() { return detail::loops; }

/// Whether this processor has the instructions of a loop, and the system lets them be used.
inline bool can_run(const arithmetic_loop& l) {
  return processor_has(l.features) && (l.may_run == nullptr || l.may_run());
}

/// The loop whose instructions do most, that computes in a type, that this processor can run and an executor's
/// instruction set includes; null where there is none.
inline const arithmetic_loop* widest_loop(arithmetic type, std::string_view isa = "any") {
  const arithmetic_loop* widest = nullptr;
  for (const arithmetic_loop& l : arithmetic_loops())
    if (l.type == type && detail::isa_includes(isa, l.features) && can_run(l) &&
        (widest == nullptr || l.operations > widest->operations))
      widest = &l;
  return widest;
}

}  // namespace nascent
