// SPDX-License-Identifier: Apache-2.0
/// \file
/// How the cuDNN executor runs.
#pragma once

#include <cstdint>
#include <filesystem>

#include "nascent/network/shape.hpp"

namespace nascent::cudnn {

/// How an executor runs. Biases have the maps' type as well: cuDNN's tuned engines want it.
struct options {
  int device = 0;  ///< number of the GPU in this machine
  data_type type = data_type::f16;
  int candidates =
      6;  ///< plans measured for each kernel; 1 believes cuDNN's heuristics, and only checks that the plan runs
  int compiled_candidates =
      2;  ///< of them, those that are compiled at run time, 0.3 to 1 s each; more only where these fail
  int compile_threads = 1;  ///< with more, kernels whose first proposal is compiled at run time take that one, and are
                            ///< compiled side by side
  std::int64_t workspace_limit = std::int64_t{256} << 20;  ///< bytes, one workspace for all kernels
  std::filesystem::path plan_cache{};  ///< file for plans, so that they are made and measured once; none where empty
  double lowest_clock = 0.75;  ///< share of the highest clock below which a timed pass is marked as disturbed; 0: only
                               ///< where the device is braked
};

}  // namespace nascent::cudnn
