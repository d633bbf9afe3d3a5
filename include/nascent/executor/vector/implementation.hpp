// SPDX-License-Identifier: Apache-2.0
/// \file
/// Kernels of executor/vector as implementations of a kernel library.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "nascent/executor/kernel_library.hpp"
#include "nascent/executor/vector/memory.hpp"

namespace nascent::detail::own {

/// A kernel that was compiled for one shape and type.
template <template <class> class Kernel, class T>
compiled_kernel compile(const kernel_request& r) {
  // Executors copy functions, the packed weights need not be copied with them.
  auto made = std::make_shared<Kernel<T>>(r.what, r.values, r.batch, r.parts);
  compiled_kernel result([made](const void* in, const void* other, void* out, int part, int parts) {
    if constexpr (requires {
                    made->run(static_cast<const T*>(in), static_cast<const T*>(other), static_cast<T*>(out), 0, 1);
                  })
      made->run(static_cast<const T*>(in), static_cast<const T*>(other), static_cast<T*>(out), part, parts);
    else
      made->run(static_cast<const T*>(in), static_cast<T*>(out), part, parts);
  });
  if constexpr (requires { made->packed(); }) result.weights = made->packed();
  if constexpr (requires { made->bring({}); }) result.bring = [made](std::vector<std::span<const std::byte>> later) { made->bring(std::move(later)); };
  return result;
}

/// An implementation by `Kernel<float>` and, where the instruction set has it (`Bf16`), `Kernel<bfloat16>`.
template <template <class> class Kernel, bool Bf16>
kernel_implementation implementation(std::string name) {
  return {.name = std::move(name),
          // An executor refuses bf16 where the processor does not compute it.
          .supports =
              [](const kernel_request& r) {
                return (r.type == data_type::f32 || (Bf16 && r.type == data_type::bf16)) &&
                       Kernel<float>::supports(r.what);
              },
          .compile = [](const kernel_request& r) -> compiled_kernel {
            if constexpr (Bf16)
              if (r.type == data_type::bf16) return compile<Kernel, bfloat16>(r);
            return compile<Kernel, float>(r);
          }};
}

/// An implementation by `Kernel<bfloat16>` of what computes otherwise than in bf16, and so is for that type alone.
template <template <class> class Kernel>
kernel_implementation widened_implementation(std::string name) {
  return {.name = std::move(name),
          .supports = [](const kernel_request& r) { return r.type == data_type::bf16 && Kernel<bfloat16>::supports(r.what); },
          .compile = [](const kernel_request& r) { return compile<Kernel, bfloat16>(r); }};
}

}  // namespace nascent::detail::own
