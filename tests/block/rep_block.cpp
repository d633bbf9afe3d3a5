// SPDX-License-Identifier: Apache-2.0
#include "nascent/block/rep_block.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "nascent/base/random.hpp"
#include "nascent/executor/reference.hpp"
#include "nascent/network/fold_branches.hpp"

using namespace nascent;

namespace {

network built(bool branches, int channels, int filters, int kernel, int stride) {
  const rep_block block{.filters = filters, .kernel = kernel, .branches = branches};
  return make_network("rep", {1, 9, 12, channels}, [&](auto& net, auto x) { return place(net, block, x, stride); });
}

std::vector<float> run(const network& graph, const weights& values, const std::vector<float>& in) {
  reference::executor executor;
  auto compiled = executor.compile(graph, values, 1);
  std::vector<float> out(static_cast<std::size_t>(graph.output_elements()));
  compiled.run(in, out);
  return out;
}

}  // namespace

TEST_CASE("the sum of a block's branches is one convolution") {
  constexpr std::uint64_t seed = 5;
  CAPTURE(seed);
  struct sizes {
    int channels, filters, kernel, stride;
  };
  for (const sizes& s : {sizes{6, 6, 3, 1}, {6, 10, 3, 1}, {6, 6, 3, 2}, {4, 4, 5, 1}, {5, 5, 1, 1}}) {
    CAPTURE(s.channels, s.filters, s.kernel, s.stride);
    const network branches = built(true, s.channels, s.filters, s.kernel, s.stride);
    const network one = built(false, s.channels, s.filters, s.kernel, s.stride);
    REQUIRE(one.layers().size() == 1);
    const weights values = fold(branches, random_parameters(branches, seed));
    // In the order of the layers: both convolutions, their sum, and where the input passes its normalisation.
    const bool passes = s.stride == 1 && s.channels == s.filters;
    REQUIRE(branches.layers().size() == (passes ? 5U : 3U));
    const weights folded{fold_branches(values[0], values[1], passes ? values[3] : layer_weights{}, s.kernel)};

    random_engine rng(seed);
    std::vector<float> in(static_cast<std::size_t>(branches.input().elements()));
    for (float& x : in) x = static_cast<float>(random_below(rng, std::uint64_t{2001})) / 1000.F - 1.F;
    const std::vector<float> expected = run(branches, values, in);
    const std::vector<float> found = run(one, folded, in);
    REQUIRE(found.size() == expected.size());
    float most = 0;
    for (std::size_t i = 0; i < found.size(); ++i) most = std::max(most, std::abs(found[i] - expected[i]));
    CHECK(most < 1e-5F);
    CHECK(*std::ranges::max_element(expected) > .1F);
  }
}

TEST_CASE("branches that do not fit are refused") {
  const layer_weights large{std::vector<float>(9 * 4 * 4), std::vector<float>(4)};
  const layer_weights point{std::vector<float>(4 * 4), std::vector<float>(4)};
  const layer_weights scale{std::vector<float>(4), std::vector<float>(4)};
  CHECK_NOTHROW(fold_branches(large, point, scale, 3));
  CHECK_THROWS_AS(fold_branches(large, point, scale, 5), network_error);
  CHECK_THROWS_AS(fold_branches(large, point, scale, 2), network_error);
  CHECK_THROWS_AS(fold_branches(large, {}, {}, 3), network_error);
  CHECK_THROWS_AS(fold_branches(large, point, {std::vector<float>(3), std::vector<float>(4)}, 3), network_error);
  CHECK_THROWS_AS(fold_branches({}, {}, {}, 3), network_error);
}
