// SPDX-License-Identifier: Apache-2.0
/// \file
/// The blocks that spaces of the literature add to those of the library, for files of these spaces.
#pragma once

#include "nascent/io/block_catalogue.hpp"
#include "nascent/zoo/mnasnet.hpp"
#include "nascent/zoo/nas_bench_201.hpp"
#include "nascent/zoo/nas_bench_macro.hpp"

namespace nascent {

/// The blocks of the library, and those of `zoo::for_each_space`.
inline block_catalogue zoo_blocks() {
  block_catalogue all = library_blocks();
  all.add<zoo::excited_conv<>>("nascent/zoo/mnasnet.hpp");
  all.add<zoo::nas_bench_201_cell<>>("nascent/zoo/nas_bench_201.hpp");
  all.add<zoo::preactivated_reduction<>>("nascent/zoo/nas_bench_201.hpp");
  all.add<zoo::normalization<>>("nascent/zoo/nas_bench_201.hpp");
  all.add<zoo::macro_layer<>>("nascent/zoo/nas_bench_macro.hpp");
  return all;
}

}  // namespace nascent
