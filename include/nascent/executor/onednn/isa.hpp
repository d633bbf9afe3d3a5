// SPDX-License-Identifier: Apache-2.0
/// \file
/// Instruction sets that oneDNN may use.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "nascent/executor/executor.hpp"
#include "nascent/executor/onednn/version.hpp"
#include "nascent/executor/processor.hpp"

namespace nascent::onednn {

/// The largest instruction set that oneDNN may use. It holds for the whole process and is fixed when the first
/// primitive is made; `best` takes what the process still allows.
enum class isa : std::uint8_t {
  best,
  sse41,
  avx,
  avx2,
  avx2_vnni,
  avx2_vnni_2,
  avx512_core,
  avx512_core_vnni,
  avx512_core_bf16,
  avx512_core_fp16,
  avx512_core_amx,
  avx512_core_amx_fp16,
};

namespace detail {

/// What is known of an instruction set: oneDNN's number for it, and the features it needs as /proc/cpuinfo names them.
struct isa_entry {
  isa which;
  const char* name;
  dnnl::cpu_isa value;
  const char* features;
};

inline constexpr isa_entry isa_table[] = {
    {isa::best, "best", api::no_isa, ""},
    {isa::sse41, "sse41", dnnl::cpu_isa::sse41, "sse4_1"},
    {isa::avx, "avx", dnnl::cpu_isa::avx, "avx"},
    {isa::avx2, "avx2", dnnl::cpu_isa::avx2, "avx2 fma"},
    {isa::avx2_vnni, "avx2_vnni", dnnl::cpu_isa::avx2_vnni, "avx2 fma avx_vnni"},
    {isa::avx2_vnni_2, "avx2_vnni_2", api::isa_avx2_vnni_2, "avx2 fma avx_vnni avx_vnni_int8 avx_ne_convert"},
    {isa::avx512_core, "avx512_core", dnnl::cpu_isa::avx512_core, "avx512f avx512bw avx512vl avx512dq"},
    {isa::avx512_core_vnni, "avx512_core_vnni", dnnl::cpu_isa::avx512_core_vnni,
     "avx512f avx512bw avx512vl avx512dq avx512_vnni"},
    {isa::avx512_core_bf16, "avx512_core_bf16", dnnl::cpu_isa::avx512_core_bf16,
     "avx512f avx512bw avx512vl avx512dq avx512_vnni avx512_bf16"},
    {isa::avx512_core_fp16, "avx512_core_fp16", api::isa_avx512_core_fp16, "avx512_bf16 avx512_fp16 avx_vnni"},
    {isa::avx512_core_amx, "avx512_core_amx", dnnl::cpu_isa::avx512_core_amx, "avx512_bf16 amx_tile amx_int8 amx_bf16"},
    {isa::avx512_core_amx_fp16, "avx512_core_amx_fp16", api::isa_avx512_core_amx_fp16,
     "avx512_fp16 amx_tile amx_int8 amx_bf16 amx_fp16"},
};

}  // namespace detail

constexpr const char* to_string(isa which) {
  for (const detail::isa_entry& entry : detail::isa_table)
    if (entry.which == which) return entry.name;
  return "unknown";
}

/// Whether this processor has an instruction set and oneDNN knows it. Fixes nothing for the process.
inline bool is_available(isa which) {
  for (const detail::isa_entry& entry : detail::isa_table)
    if (entry.which == which) return entry.value != api::no_isa && processor_has(entry.features);
  return false;
}

/// The names of those that are available here, the narrowest first: "sse41, avx, avx2".
inline std::string available_isas() {
  std::string names;
  for (const detail::isa_entry& entry : detail::isa_table)
    if (is_available(entry.which)) names += std::string(names.empty() ? "" : ", ") + entry.name;
  return names;
}

/// The instruction set of a name, for programs that take one from the command line. \throws executor_error that lists
/// the names
inline isa parse_isa(std::string_view name) {
  std::string names;
  for (const detail::isa_entry& entry : detail::isa_table) {
    if (name == entry.name) return entry.which;
    names += std::string(names.empty() ? "" : ", ") + entry.name;
  }
  throw executor_error("executor.isa", "onednn, isa", "'" + std::string(name) + "'", names);
}

namespace detail {

/// The name of what oneDNN now uses at most. Asking fixes it for the process.
inline std::string effective_isa() {
  const dnnl::cpu_isa now = dnnl::get_effective_cpu_isa();
  for (const isa_entry& entry : isa_table)
    if (entry.value == now) return entry.name;
  // Sets that only an environment variable asks for, and those newer than this file: by number, as oneDNN gives it.
  return "isa " + std::to_string(static_cast<int>(now));
}

/// True where what oneDNN may use includes an instruction set.
inline bool includes(dnnl::cpu_isa which) {
  const auto needed = static_cast<unsigned>(which);  // one bit per feature
  return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & needed) == needed;
}

}  // namespace detail

/// True where an executor may be of type bf16: this processor, and the instruction set in use, have instructions for
/// it. Without them oneDNN emulates bf16 from avx512_core on, which is slower than f32, and wrong in 2.6.3 and 3.7.2
/// (jit_bf16_1x1:avx512_core where the last block of output channels is not full). Asking fixes the instruction set
/// for the process.
inline bool computes_bf16() { return detail::includes(dnnl::cpu_isa::avx512_core_bf16); }

namespace detail {

/// True where the limit that holds for oneDNN leaves these features (space-separated names of /proc/cpuinfo) to other
/// kernels, too. A vector instruction belongs to the narrowest set that has it; what is no vector instruction is always
/// left.
inline bool isa_allows(std::string_view features) {
  struct entry {
    std::string_view begins;  ///< of names; the first that fits counts
    bool allowed;
  };
  const entry entries[] = {
      {"amx", includes(dnnl::cpu_isa::avx512_core_amx)},
      {"avx512_bf16", includes(dnnl::cpu_isa::avx512_core_bf16)},
      {"avx512_vnni", includes(dnnl::cpu_isa::avx512_core_vnni)},
      {"avx512", includes(dnnl::cpu_isa::avx512_core)},
      {"avx_vnni", includes(dnnl::cpu_isa::avx2_vnni) || includes(dnnl::cpu_isa::avx512_core_vnni)},
      {"avx2", includes(dnnl::cpu_isa::avx2)},
      {"fma", includes(dnnl::cpu_isa::avx2)},
      {"avx", includes(dnnl::cpu_isa::avx)},
      {"f16c", includes(dnnl::cpu_isa::avx)},
  };
  while (!features.empty()) {
    const std::string_view one = features.substr(0, features.find(' '));
    for (const entry& e : entries)
      if (one.starts_with(e.begins)) {
        if (!e.allowed) return false;
        break;
      }
    features.remove_prefix(one.size() == features.size() ? one.size() : one.size() + 1);
  }
  return true;
}

/// Limits oneDNN to an instruction set. \throws executor_error where processor or oneDNN lack it, or it is too late
inline void limit_isa(isa wanted) {
  if (wanted == isa::best) return;
  const std::string name = to_string(wanted);
  for (const isa_entry& entry : isa_table) {
    if (entry.which != wanted) continue;
    if (!processor_has(entry.features))
      throw executor_error("executor.isa", "onednn, isa", name + ", which " + processor_model() + " lacks",
                           available_isas() + "; the other needs " + entry.features);
    if (entry.value == api::no_isa) break;
    if (dnnl::set_max_cpu_isa(entry.value) == dnnl::status::success) return;
    const std::string now = effective_isa();
    if (now != name)
      throw executor_error("executor.isa", "onednn, isa", name + " in a process that already uses " + now,
                           "a choice before the first primitive is made");
    return;
  }
  throw executor_error("executor.isa", "onednn, isa", name, "names that " + api::library_version() + " knows");
}

/// \throws executor_error where the processor, or the instruction set in use, has no bf16
inline void check_bf16() {
  if (!computes_bf16())
    throw executor_error("executor.type", "onednn, type",
                         std::string("bf16 with isa ") + effective_isa() + " on " + processor_model(),
                         "isa avx512_core_bf16 for it, or f32");
}

/// \throws executor_error where the processor, or the instruction set in use, has no products of four 8-bit numbers:
/// those of pairs, which oneDNN uses without them, overflow
inline void check_int8() {
  if (!includes(dnnl::cpu_isa::avx512_core_vnni) && !includes(dnnl::cpu_isa::avx2_vnni))
    throw executor_error("executor.type", "onednn, type",
                         std::string("int8 with isa ") + effective_isa() + " on " + processor_model(),
                         "isa avx512_core_vnni or avx2_vnni for it, or f32");
}

}  // namespace detail
}  // namespace nascent::onednn
