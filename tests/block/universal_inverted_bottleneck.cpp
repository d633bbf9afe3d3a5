// SPDX-License-Identifier: Apache-2.0
#include "nascent/block/universal_inverted_bottleneck.hpp"

#include "build_block.hpp"
#include <catch2/catch_test_macros.hpp>

using namespace nascent;
using test::build_block;

namespace {

std::vector<int> depthwise_kernels(const network& graph) {
  std::vector<int> kernels;
  for (const layer& l : graph.layers())
    if (l.is_depthwise()) kernels.push_back(l.kernel_height);
  return kernels;
}

}  // namespace

TEST_CASE("the four forms of a universal inverted bottleneck") {
  const auto kernels = [](int start, int middle, int stride = 1) {
    return depthwise_kernels(build_block(
        universal_inverted_bottleneck{.filters = 16, .kernel = middle, .start_kernel = start}, {1, 8, 8, 16}, stride));
  };
  CHECK(kernels(5, 3) == std::vector{5, 3});
  CHECK(kernels(0, 3) == std::vector{3});
  CHECK(kernels(7, 0) == std::vector{7});
  CHECK(kernels(0, 0).empty());
  const network strided =
      build_block(universal_inverted_bottleneck{.filters = 24, .kernel = 0, .start_kernel = 5}, {1, 8, 8, 16}, 2);
  CHECK(strided.output() == shape{1, 4, 4, 24});
}

TEST_CASE("an expansion is rounded to a multiple of 8") {
  const network graph = build_block(universal_inverted_bottleneck{.filters = 16, .expand = 3}, {1, 8, 8, 20});
  CHECK(graph.layers()[0].output.channels == 64);
}
