// SPDX-License-Identifier: Apache-2.0
/// \file
/// The memory that a network's maps need while it runs: what a small device must have beside the weights.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "nascent/network/kernel.hpp"

namespace nascent {

/// Bytes of the maps that are alive at once, at the most, kernel after kernel in the order of the network, for a batch.
/// A map lives from the kernel that makes it (the input from the beginning) to the last one that reads it, outputs to
/// the end; a residual sum is added in place where nobody reads its second operand later. What a device needs inside of
/// a kernel is not part of it, nor what is lost between maps that lie in one piece of memory.
inline std::int64_t map_memory(const network& graph, data_type type = data_type::f32, int batch = 1) {
  constexpr std::size_t forever = std::numeric_limits<std::size_t>::max();
  const std::vector<kernel> kernels = fuse(graph);
  std::vector<std::size_t> last_read(graph.layers().size() + 1, 0);  // by tensor
  const auto last = [&](int tensor) -> std::size_t& { return last_read[static_cast<std::size_t>(tensor)]; };
  const auto for_each_read = [](const kernel& k, auto&& visit) {
    for (int i = 0; i < k.core.operand_count; ++i) visit(k.core.operands[static_cast<std::size_t>(i)]);
    if (k.residual) visit(k.residual_tensor);
  };
  for (std::size_t k = 0; k < kernels.size(); ++k) for_each_read(kernels[k], [&](int tensor) { last(tensor) = k; });
  for (const network_output& o : graph.outputs()) last(o.tensor) = forever;

  const auto bytes = [&](const shape& s) { return s.elements() * batch * size_of(type); };
  std::vector<std::int64_t> alive(last_read.size(), 0);
  alive[0] = bytes(graph.input());
  std::int64_t sum = alive[0];
  std::int64_t most = sum;
  for (std::size_t k = 0; k < kernels.size(); ++k) {
    const kernel& now = kernels[k];
    const auto made = static_cast<std::size_t>(now.output_tensor);
    const bool in_place = now.residual && last(now.residual_tensor) == k;
    alive[made] = bytes(now.core.output);
    most = std::max(most, sum + (in_place ? 0 : alive[made]));
    sum += alive[made];
    for_each_read(now, [&](int tensor) {
      if (last(tensor) != k) return;
      const auto t = static_cast<std::size_t>(tensor);
      sum -= alive[t];
      alive[t] = 0;  // read twice by one kernel, it is gone once
    });
    if (last(now.output_tensor) == 0 && made != 0) {  // that nobody reads
      sum -= alive[made];
      alive[made] = 0;
    }
  }
  return most;
}

}  // namespace nascent
