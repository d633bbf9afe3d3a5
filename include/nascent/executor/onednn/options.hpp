// SPDX-License-Identifier: Apache-2.0
/// \file
/// How a oneDNN executor runs.
#pragma once

#include <cstdint>
#include <vector>

#include "nascent/executor/kernel_library.hpp"
#include "nascent/executor/onednn/isa.hpp"
#include "nascent/executor/weights.hpp"

namespace nascent::onednn {

/// What an int8 executor makes of a network that was not calibrated.
enum class uncalibrated_networks : std::uint8_t {
  refuse,
  assume_ranges,  ///< `assumed_ranges`: the time is right, the numbers are not
};

/// How an executor runs. `threads` are OpenMP threads, at most the cores of this process; `type` is f32, bf16 or int8
/// and holds for maps and weights (biases, and the network's input and output at the interface, are always f32; int8 is
/// for what `quantize` puts into it, and f32 for the rest). `kernels` are used in place of oneDNN's where they are
/// faster. A batch runs in pieces of `images_at_once` images, 0 for all at once: maps of one image stay in the caches
/// where those of many would not, which is often faster. `cores` are the numbers of the cores that the threads run on,
/// at least as many: as many bind each thread to one, more let the threads move among them, none leaves it to the
/// system. The calling thread computes too: it gets its own cores back after each call.
struct options {
  int threads = 1;
  data_type type = data_type::f32;
  onednn::isa isa = onednn::isa::best;
  kernel_library kernels{};
  int images_at_once = 0;
  std::vector<int> cores{};
  uncalibrated_networks uncalibrated = uncalibrated_networks::refuse;
};

}  // namespace nascent::onednn
