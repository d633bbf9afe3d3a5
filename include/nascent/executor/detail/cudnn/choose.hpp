// SPDX-License-Identifier: Apache-2.0
/// \file
/// Autotuning: of many proposals, the fastest among the first that work.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nascent/executor/executor.hpp"

namespace nascent::cudnn::detail {

/// A proposal that was made and timed.
template <class Plan>
struct timed_plan {
  Plan plan;
  double ms = 0;
};

/// Makes and times proposals in their order until `wanted` of them worked, and returns the fastest of these. A proposal
/// that cannot be made or that fails when it runs leaves its reason in `failures`, and the next one is tried. Nothing
/// where none works.
///
/// `make(i)` gives a plan, `time(plan)` milliseconds; both may throw executor_error.
template <class Make, class Time>
auto choose_fastest(std::size_t proposals, std::size_t wanted, Make&& make, Time&& time,
                    std::vector<std::string>& failures) -> std::optional<timed_plan<decltype(make(std::size_t{}))>> {
  std::optional<timed_plan<decltype(make(std::size_t{}))>> best;
  std::size_t worked = 0;
  for (std::size_t i = 0; i < proposals && worked < wanted; ++i) try {
      auto plan = make(i);
      const double ms = time(plan);
      if (!best || ms < best->ms) best.emplace(std::move(plan), ms);
      ++worked;
    } catch (const executor_error& e) {
      failures.emplace_back(e.what());
    }
  return best;
}

}  // namespace nascent::cudnn::detail
