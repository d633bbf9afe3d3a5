// SPDX-License-Identifier: Apache-2.0
/// \file
/// The time of a network as a sum over its kernels, for the exact methods.
#pragma once

#include <cstddef>
#include <string>

#include "nascent/latency/predictor.hpp"
#include "nascent/search/path_sum.hpp"

namespace nascent {

/// Milliseconds of the kernels, by a predictor of the same space. What kernels of one network do to each other is not a
/// sum (`placement_effects::network_factor`): `predictor.ms` says it of a network, `fastest` and `best_under` with a
/// predictor reckon with it. \throws search_error where the predictor's table lacks kernels; it names the first.
template <space Space>
sum_over_kernels latency_sum(const kernel_trellis<Space>& trellis, const latency_predictor<Space>& predictor) {
  if (predictor.missing() > 0)
    throw search_error(
        "search.sum", "latency_sum",
        std::to_string(predictor.missing()) + " kernels of space '" + trellis.space().name() +
            "' without a time, first '" + predictor.missing_kernel() + "'",
        "tables with all kernels of the space (build_table measures them, or estimates with estimate_rest)");
  std::size_t next = 0;
  return {trellis, [&](const space_kernel&) { return predictor.kernel_ms()[next++]; }};
}

}  // namespace nascent
