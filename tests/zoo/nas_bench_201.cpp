// SPDX-License-Identifier: Apache-2.0
#include "nascent/zoo/nas_bench_201.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>

#include "nascent/cost/cost.hpp"
#include "nascent/space/to_network.hpp"

using namespace nascent;
using zoo::cell_edges;
using zoo::cell_equality;
using zoo::cell_operation;

namespace {

constexpr cell_edges all(cell_operation operation) {
  cell_edges edges{};
  edges.fill(operation);
  return edges;
}
constexpr auto none = cell_operation::none;
constexpr auto pass = cell_operation::skip_connect;
constexpr auto conv1 = cell_operation::nor_conv_1x1;
constexpr auto conv3 = cell_operation::nor_conv_3x3;
constexpr auto pool3 = cell_operation::avg_pool_3x3;

/// Multiply-adds in millions as the benchmark counts them: without those of the last normalisation, with the
/// classifier's biases.
constexpr double benchmark_flops(const counts& c) { return static_cast<double>(c.macs - 64 * 8 * 8 + 10) / 1e6; }

}  // namespace

// Extremes over the public benchmark on CIFAR-10: 0.073306 to 1.531546 million params, 7.78305 to 220.11969 million
// multiply-adds.
static_assert(count(zoo::nas_bench_201_candidate(all(none))).params == 73'306);
static_assert(count(zoo::nas_bench_201_candidate(all(conv3))).params == 1'531'546);

TEST_CASE("the multiply-adds of the smallest and the largest cell") {
  CHECK(benchmark_flops(count(zoo::nas_bench_201_candidate(all(none)))) == 7.78305);
  CHECK(benchmark_flops(count(zoo::nas_bench_201_candidate(all(pass)))) == 7.78305);
  CHECK(benchmark_flops(count(zoo::nas_bench_201_candidate(all(conv3)))) == 220.11969);
}

TEST_CASE("params of all cells depend on how many convolutions they have") {
  std::map<std::pair<int, int>, std::int64_t> found;
  for (uint128 rank = 0; rank < zoo::nas_bench_201.size(); ++rank) {
    const auto c = zoo::nas_bench_201.unrank(rank);
    const cell_edges edges = zoo::edges_of(c);
    const auto small = static_cast<int>(std::count(edges.begin(), edges.end(), conv1));
    const auto large = static_cast<int>(std::count(edges.begin(), edges.end(), conv3));
    const std::int64_t params = count(c).params;
    const auto [at, is_new] = found.try_emplace({small, large}, params);
    if (!is_new) REQUIRE(at->second == params);
  }
  // Fifteen cells of 16, 32 and 64 channels: weights and normalisations of 1x1 and of 3x3 convolutions.
  for (const auto& [convolutions, params] : found)
    CHECK(params == 73'306 + convolutions.first * 5 * (256 + 1024 + 4096 + 2 * 112) +
                        convolutions.second * 5 * (9 * (256 + 1024 + 4096) + 2 * 112));
  CHECK(found.size() == 28);
}

TEST_CASE("a node without edges is a map of zeros") {
  const auto layers_of = [](const cell_edges& edges, layer_kind kind, activation act) {
    const network graph = to_network(zoo::nas_bench_201_candidate(edges));
    int n = 0;
    for (const layer& l : graph.layers()) n += l.kind == kind && l.act == act ? 1 : 0;
    return n;
  };
  CHECK(layers_of(all(none), layer_kind::activate, activation::zero) == 3 * 15);
  CHECK(layers_of(all(pass), layer_kind::activate, activation::zero) == 0);
  CHECK(layers_of(all(pass), layer_kind::add, activation::identity) == 3 * 15 + 2);
  CHECK(layers_of({none, pass, pass, none, none, conv3}, layer_kind::activate, activation::zero) == 15);
}

TEST_CASE("the counts of cells by what makes them the same") {
  const auto cells = [](cell_equality equality) {
    std::set<std::string> forms;
    for (uint128 rank = 0; rank < zoo::nas_bench_201.size(); ++rank)
      forms.insert(zoo::canonical_form(zoo::edges_of(zoo::nas_bench_201.unrank(rank)), equality));
    return forms.size();
  };
  CHECK(cells(cell_equality::edges) == 15'625);
  CHECK(cells(cell_equality::inlined) == 12'751);
  CHECK(cells(cell_equality::reduced) == 6'466);  // "6,466 unique" in the paper
  CHECK(cells(cell_equality::isomorphic) == 5'260);
  int zero = 0;
  for (uint128 rank = 0; rank < zoo::nas_bench_201.size(); ++rank)
    zero +=
        zoo::canonical_form(zoo::edges_of(zoo::nas_bench_201.unrank(rank)), cell_equality::isomorphic).empty() ? 1 : 0;
  CHECK(zero == 341);
}

TEST_CASE("cells that are the same, and cells that are not") {
  const auto same = [](const cell_edges& a, const cell_edges& b, cell_equality equality) {
    return zoo::canonical_form(a, equality) == zoo::canonical_form(b, equality);
  };
  // One convolution, by way of node 1 or node 2 or directly.
  const cell_edges direct{none, none, none, conv3, none, none};
  const cell_edges by_way_of_1{conv3, none, none, none, pass, none};
  CHECK(!same(direct, by_way_of_1, cell_equality::edges));
  CHECK(!same(direct, by_way_of_1, cell_equality::inlined));
  CHECK(same(direct, by_way_of_1, cell_equality::isomorphic));
  // Two convolutions, and one that is used twice: only the weights differ.
  const cell_edges two{conv1, conv1, none, none, pool3, pool3};
  const cell_edges one_used_twice{conv1, none, pass, none, pool3, pool3};
  CHECK(!same(two, one_used_twice, cell_equality::isomorphic));
  // (A + B) + C and (A + C) + B.
  const cell_edges left{conv1, pool3, pass, conv3, none, pass};
  const cell_edges right{conv3, pool3, pass, conv1, none, pass};
  CHECK(!same(left, right, cell_equality::reduced));
  CHECK(same(left, right, cell_equality::isomorphic));
}

TEST_CASE("names of the public benchmark") {
  CHECK(zoo::nas_bench_201_name({none, conv1, pass, conv3, pool3, none}) ==
        "|none~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_3x3~0|avg_pool_3x3~1|none~2|");
  const cell_edges edges{none, conv1, pass, conv3, pool3, none};
  CHECK(zoo::edges_of(zoo::nas_bench_201_candidate(edges)) == edges);
}
