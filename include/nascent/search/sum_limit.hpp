// SPDX-License-Identifier: Apache-2.0
/// \file
/// A limit of a search: what a network may cost.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "nascent/kernels/trellis.hpp"

namespace nascent {

/// A sum over the paths of a trellis that networks may not exceed, each of any unit:
/// `{.name = "latency_ms", .sum = latency_sum(trellis, predictor), .most = 8}`, `{"macs", macs_sum(trellis), 3e8}`.
struct sum_limit {
  std::string name{};
  std::function<double(std::size_t step, const trellis_path& path)> sum{};
  double most = 0;
};

}  // namespace nascent
