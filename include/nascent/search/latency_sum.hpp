// SPDX-License-Identifier: Apache-2.0
/// \file
/// The time of a network as a sum over its kernels, for the exact methods, and the fastest network of a space.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>

#include "nascent/latency/predictor.hpp"
#include "nascent/search/detail/network_limit.hpp"
#include "nascent/search/exact_front.hpp"
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

/// The network that takes the least time, by `predictor.ms`, which is its cost: no network of the space is below. What
/// kernels of one network do to each other is part of it.
/// \throws search_error where the predictor's table lacks kernels, or where no network can be built
template <space Space>
exact_network<Space> fastest(const kernel_trellis<Space>& trellis, const latency_predictor<Space>& predictor) {
  const sum_over_kernels ms = latency_sum(trellis, predictor);
  const sum_over_kernels parameters = params_sum(trellis);
  const auto plain = cheapest(trellis, ms);
  const double limit = predictor.ms(plain.what);  // of any faster one
  const double most =
      -cheapest(trellis, [&](std::size_t step, const trellis_path& path) { return -parameters(step, path); }).cost;
  // Between these slopes a weight more takes of the ms that a network may have, at this limit and at any lower one.
  const placement_effects& effects = predictor.effects();
  const double least = smallest(trellis).cost;
  const double most_ms = detail::network_limit(effects, limit, least, most).most_ms();
  const auto [falling, rising] = effects.size_slopes(least, most);
  const double steepest = most_ms / (least * (1 + effects.length_slopes(1e-6 * most_ms, most_ms).first));
  const double low = std::min(falling, 0.0) * steepest;
  const double high = std::max(rising, 0.0) * steepest;
  const auto seen_by = [&](double slope) {
    return [&ms, &parameters, slope](std::size_t step, const trellis_path& path) {
      return ms(step, path) + slope * parameters(step, path);
    };
  };
  const auto far = seen_by(high);
  const price p{.cost = seen_by(low),
                .gain = [&](std::size_t step, const trellis_path& path) { return -far(step, path); }};
  exact_network<Space> best{.what = plain.what, .cost = limit};
  for (const auto& point : pareto_front(trellis, p).points)
    if (const double time = predictor.ms(point.what); time < best.cost) best = {.what = point.what, .cost = time};
  return best;
}

}  // namespace nascent
