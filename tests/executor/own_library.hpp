// SPDX-License-Identifier: Apache-2.0
/// \file
/// This library's kernels for tests that need not compile them: one file of this room does, the others link to it.
#pragma once

#include <vector>

#include "nascent/executor/kernel_library.hpp"

namespace test {

/// What this processor runs of this library's kernels for a type, each wherever there is one; once with Winograd's
/// convolutions before the others, and once after them, where they never run. Empty where it runs none.
std::vector<nascent::kernel_library> own_libraries(nascent::data_type type);

/// own_kernels() as that file has them: of nascent::kernels, where this program links it.
nascent::kernel_library linked_kernels(nascent::kernel_preference preference);

}  // namespace test
