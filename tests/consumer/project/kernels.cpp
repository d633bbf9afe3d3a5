// SPDX-License-Identifier: Apache-2.0
// The component's headers declare what its library has.
#include <nascent/executor/own_kernels.hpp>

#if !defined(NASCENT_COMPILED_KERNELS)
#error "nascent::kernels does not say that it is linked"
#endif

bool has_kernels();

bool has_kernels() { return !nascent::own_kernels().implementations.empty(); }
