// SPDX-License-Identifier: Apache-2.0
#include "nascent/cost/map_memory.hpp"

#include <algorithm>
#include <cstdint>
#include <set>

#include <catch2/catch_test_macros.hpp>

#include "nascent/space/to_network.hpp"
#include "nascent/zoo/efficientnet.hpp"
#include "nascent/zoo/gpunet.hpp"
#include "nascent/zoo/mobile.hpp"

using namespace nascent;

namespace {

/// The same by its definition: before, while and after each kernel, all maps that were made and will be read.
std::int64_t memory_by_sets(const network& graph) {
  const auto kernels = fuse(graph);
  const auto reads = [](const kernel& k) {
    std::set<int> tensors(k.core.operands.begin(), k.core.operands.begin() + k.core.operand_count);
    if (k.residual) tensors.insert(k.residual_tensor);
    return tensors;
  };
  std::set<int> to_the_end;
  for (const auto& o : graph.outputs()) to_the_end.insert(o.tensor);
  std::int64_t most = 0;
  for (std::size_t k = 0; k < kernels.size(); ++k) {
    std::set<int> later = to_the_end;
    for (std::size_t n = k + 1; n < kernels.size(); ++n) later.merge(reads(kernels[n]));
    const std::set<int> now = reads(kernels[k]);
    std::int64_t sum = 0;
    for (std::size_t made = 0; made <= k; ++made) {
      const int tensor = made == 0 ? 0 : kernels[made - 1].output_tensor;
      const shape& s = made == 0 ? graph.input() : kernels[made - 1].core.output;
      if (now.contains(tensor) || later.contains(tensor)) sum += 4 * s.elements();
    }
    const bool in_place = kernels[k].residual && !later.contains(kernels[k].residual_tensor);
    most = std::max(most, sum + (in_place ? 0 : 4 * kernels[k].core.output.elements()));
  }
  return most;
}

}  // namespace

TEST_CASE("MobileNetV2 needs most memory around its second block's depthwise convolution, by hand") {
  // 112 x 112 x 96 in and 56 x 56 x 96 out, in bytes.
  const network graph = to_network(zoo::mobilenet_v2);
  CHECK(map_memory(graph, data_type::int8) == 112 * 112 * 96 + 56 * 56 * 96);
  CHECK(map_memory(graph, data_type::bf16, 3) == 3 * 2 * map_memory(graph, data_type::int8));
}

TEST_CASE("the memory of maps is what the definition says, map by map") {
  CHECK(map_memory(to_network(zoo::mobilenet_v2)) == memory_by_sets(to_network(zoo::mobilenet_v2)));
  CHECK(map_memory(to_network(zoo::efficientnet_b0.only())) == memory_by_sets(to_network(zoo::efficientnet_b0.only())));
  random_engine rng(3);
  for (int n = 0; n < 4; ++n) {
    const network graph = to_network(zoo::gpunet.sample(rng));
    CHECK(map_memory(graph) == memory_by_sets(graph));
  }
}
