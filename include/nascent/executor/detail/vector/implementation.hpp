// SPDX-License-Identifier: Apache-2.0
/// \file
/// Kernels of this folder as implementations of a kernel library.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include "nascent/executor/detail/vector/memory.hpp"
#include "nascent/executor/kernel_library.hpp"

namespace nascent::detail::own {

/// The name of a library of these kernels. Without optimisation they are about twenty times as slow: another library,
/// so that tables do not mix the times of both.
inline std::string library_name(const std::string& name) {
#if defined(__OPTIMIZE__)
  return name;
#else
  return name + " without optimisation";
#endif
}

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
    else made->run(static_cast<const T*>(in), static_cast<T*>(out), part, parts);
  });
  if constexpr (requires { made->packed(); }) result.weights = made->packed();
  if constexpr (requires { made->bring({}); })
    result.bring = [made](std::vector<std::span<const std::byte>> later) { made->bring(std::move(later)); };
  return result;
}

template <class T>
constexpr data_type type_of = std::is_same_v<T, float> ? data_type::f32 : data_type::bf16;

/// An implementation by `Kernel<T>` for each of the types `T`: float, bfloat16, or both.
template <template <class> class Kernel, class... T>
kernel_implementation implementation(std::string name) {  // NOLINT(performance-unnecessary-value-param): moved
  return {.name = std::move(name),
          // An executor refuses bf16 where the processor does not compute it.
          .supports =
              [](const kernel_request& r) { return ((r.type == type_of<T> && Kernel<T>::supports(r.what)) || ...); },
          .compile =
              [](const kernel_request& r) {
                compiled_kernel made;
                ((r.type == type_of<T> ? void(made = compile<Kernel, T>(r)) : void()), ...);
                return made;
              }};
}

}  // namespace nascent::detail::own
