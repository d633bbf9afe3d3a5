// SPDX-License-Identifier: Apache-2.0
/// \file
/// How a oneDNN executor runs.
#pragma once

#include <vector>

#include "nascent/executor/kernel_library.hpp"
#include "nascent/executor/onednn/isa.hpp"
#include "nascent/executor/weights.hpp"

namespace nascent::onednn {

/// How an executor runs. `threads` are OpenMP threads, at most the cores of this process; `type` is f32 or bf16 and
/// holds for maps and weights (biases, and the network's input and output at the interface, are always f32).
/// `kernels` are used in place of oneDNN's where they are faster. A batch runs in pieces of `images_at_once` images, 0
/// for all at once: maps of one image stay in the caches where those of many would not, which is often faster. `cores`
/// are the numbers of the cores that the threads run on, at least as many: as many bind each thread to one, more let
/// the threads move among them, none leaves it to the system. The calling thread computes too: it gets its own cores
/// back after each call.
struct options {
  int threads = 1;
  data_type type = data_type::f32;
  onednn::isa isa = onednn::isa::best;
  kernel_library kernels{};
  int images_at_once = 0;
  std::vector<int> cores{};
};

}  // namespace nascent::onednn
