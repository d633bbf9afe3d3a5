// SPDX-License-Identifier: Apache-2.0
/// \file
/// Candidates that have between them every layer that a network of the space can have.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "nascent/kernels/space_kernels.hpp"

namespace nascent::detail {

/// Calls `visit(candidate)` until every path through the trellis was taken that leads to an end: every decision of a
/// layer or a stage on every map that can reach it.
template <layered_space Space, class Visit>
void for_each_covering_candidate(const kernel_trellis<Space>& trellis, Visit&& visit) {
  using paths = std::vector<trellis_path>;
  const std::size_t steps = trellis.steps();
  std::vector<std::vector<std::optional<trellis_path>>> into(steps + 1);  // by state: one that leads there
  std::vector<std::vector<paths>> left(steps);                            // by state: those not taken
  std::vector<std::vector<std::optional<trellis_path>>> any(steps);
  into[0].resize(1);
  for (std::size_t p = 0; p < steps; ++p) {
    into[p + 1].resize(trellis.states(p + 1).size());
    left[p].resize(into[p].size());
    any[p].resize(into[p].size());
    for (std::size_t s = 0; s < into[p].size(); ++s) {
      if (p > 0 && !into[p][s]) continue;
      trellis.for_each_path(p, s, [&](const trellis_path& path) {
        if (trellis.completions(p + 1, path.to) == 0) return;
        left[p][s].push_back(path);
        any[p][s] = path;
        if (!into[p + 1][path.to]) into[p + 1][path.to] = path;
      });
    }
  }
  paths all(steps);
  for (std::size_t p = 0; p < steps; ++p)
    for (std::size_t s = 0; s < left[p].size(); ++s)
      while (!left[p][s].empty()) {
        std::size_t state = s;
        for (std::size_t q = p; q-- > 0;) {
          all[q] = *into[q + 1][state];
          state = all[q].from;
        }
        state = s;
        for (std::size_t q = p; q < steps; ++q) {
          all[q] = *any[q][state];
          if (!left[q][state].empty()) {
            all[q] = left[q][state].back();
            left[q][state].pop_back();
          }
          state = all[q].to;
        }
        visit(trellis.candidate_of(all));
      }
}

}  // namespace nascent::detail
