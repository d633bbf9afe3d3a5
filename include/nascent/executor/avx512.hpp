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
#include <utility>

#include "nascent/executor/avx512/convolution.hpp"
#include "nascent/executor/avx512/depthwise.hpp"
#include "nascent/executor/avx512/multiply.hpp"
#include "nascent/executor/avx512/numbers.hpp"
#include "nascent/executor/avx512/winograd.hpp"
#include "nascent/executor/kernel_library.hpp"

namespace nascent {

namespace detail::avx512 {

#if defined(__x86_64__)
/// An implementation by `Kernel<float>` and `Kernel<bfloat16>`.
template <template <class> class Kernel>
kernel_implementation implementation(std::string name) {
  const auto compile = []<class T>(const kernel_request& r, T) -> kernel_function {
    // Executors copy functions, the packed weights need not be copied with them.
    auto made = std::make_shared<Kernel<T>>(r.what, r.values, r.batch, r.parts);
    return [made](const void* in, const void* other, void* out, int part, int parts) {
      if constexpr (requires { made->run(static_cast<const T*>(in), static_cast<const T*>(other), static_cast<T*>(out), 0, 1); })
        made->run(static_cast<const T*>(in), static_cast<const T*>(other), static_cast<T*>(out), part, parts);
      else
        made->run(static_cast<const T*>(in), static_cast<T*>(out), part, parts);
    };
  };
  return {.name = std::move(name),
          // An executor refuses bf16 where the processor does not compute it.
          .supports = [](const kernel_request& r) { return r.type != data_type::f16 && Kernel<float>::supports(r.what); },
          .compile = [compile](const kernel_request& r) -> kernel_function {
            return r.type == data_type::f32 ? compile(r, float{}) : compile(r, bfloat16{});
          }};
}
#endif

}  // namespace detail::avx512

/// Swish takes about a third of the time that it takes in oneDNN 2.6, 3x3 windows take a quarter of the multiplications, and depthwise
/// convolutions in bf16 need no detour (docs/latency.md).
inline kernel_library avx512_kernels(kernel_preference preference = kernel_preference::fastest) {
  kernel_library library{.name = "nascent avx512",
                         .features = "avx512f avx512bw avx512dq avx512vl fma",
                         .implementations = {},
                         .preference = preference};
#if defined(__x86_64__)
  library.implementations = {
      detail::avx512::implementation<detail::avx512::convolution>("nascent_convolution:avx512"),
      detail::avx512::implementation<detail::avx512::winograd>("nascent_winograd:avx512"),
      detail::avx512::implementation<detail::avx512::depthwise>("nascent_depthwise:avx512"),
      detail::avx512::implementation<detail::avx512::multiplication>("nascent_multiply:avx512"),
  };
#endif
  return library;
}

}  // namespace nascent
