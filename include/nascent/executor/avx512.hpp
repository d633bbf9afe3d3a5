// SPDX-License-Identifier: Apache-2.0
/// \file
/// Kernels of this library for processors with AVX-512: convolutions between all channels, depthwise convolutions and gates, in f32 and
/// (with AVX512_BF16) bf16. Programs need no compiler flag for them; where the processor lacks AVX-512 they are left out.
///
///     onednn::executor cpu{{.threads = 1, .kernels = avx512_kernels()}};
///
/// Including this header costs some seconds of compile time.
#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "nascent/executor/avx512/convolution.hpp"
#include "nascent/executor/avx512/depthwise.hpp"
#include "nascent/executor/avx512/multiply.hpp"
#include "nascent/executor/avx512/numbers.hpp"
#include "nascent/executor/kernel_library.hpp"

namespace nascent {

namespace detail::avx512 {

#if defined(__x86_64__)
template <class T>
compiled_kernel compile(const kernel_request& r) {
  const auto with_weights = [&]<class Kernel>(std::string name, std::type_identity<Kernel>) -> compiled_kernel {
    auto made = std::make_shared<Kernel>(r.what, r.values, r.batch, r.parts);
    return {std::move(name), [made](const void* in, const void*, void* out, int part, int parts) {
              made->run(static_cast<const T*>(in), static_cast<T*>(out), part, parts);
            }};
  };
  if (convolution<T>::supports(r.what)) return with_weights("nascent_convolution:avx512", std::type_identity<convolution<T>>{});
  if (depthwise<T>::supports(r.what)) return with_weights("nascent_depthwise:avx512", std::type_identity<depthwise<T>>{});
  if (multiplication<T>::supports(r.what))
    return {"nascent_multiply:avx512",
            [made = multiplication<T>(r.what, r.batch)](const void* in, const void* other, void* out, int part, int parts) {
              made.run(static_cast<const T*>(in), static_cast<const T*>(other), static_cast<T*>(out), part, parts);
            }};
  return {};
}
#endif

}  // namespace detail::avx512

/// Swish takes about a third of the time that it takes in oneDNN 2.6, and depthwise convolutions in bf16 need no detour (docs/latency.md).
inline kernel_library avx512_kernels(kernel_preference preference = kernel_preference::faster) {
  kernel_library library{.name = "nascent avx512", .features = "avx512f avx512bw avx512dq avx512vl fma", .compile = {}, .preference = preference};
#if defined(__x86_64__)
  library.compile = [](const kernel_request& r) -> compiled_kernel {
    if (r.type == data_type::f32) return detail::avx512::compile<float>(r);
    // The executor refuses bf16 where the processor does not compute it.
    if (r.type == data_type::bf16) return detail::avx512::compile<detail::avx512::bfloat16>(r);
    return {};
  };
#endif
  return library;
}

}  // namespace nascent
