// SPDX-License-Identifier: Apache-2.0
// What a supernet shares, before it is trained: no PyTorch.
#include "nascent/training/supernet_layout.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "refusal.hpp"
#include "supernet_space.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/base/random.hpp"
#include "nascent/block/block.hpp"
#include "nascent/space/constraint.hpp"
#include "nascent/zoo/tunas.hpp"

using namespace nascent;

namespace {

template <class Space>
std::string refusal(const Space& s, weight_sharing sharing) {
  return test::refusal([&] { supernet_layout layout(s, sharing); });
}

/// Sets of stage "1" of `test::supernet_space`.
template <class Layout>
std::vector<shared_weights> of_stage(const Layout& layout, int stage, int layer) {
  std::vector<shared_weights> all;
  for (const shared_weights& s : layout.sets())
    if (s.stage == stage && s.layer == layer) all.push_back(s);
  return all;
}

}  // namespace

// By hand: 12 channels enter at most, kernel 5 and expansion 3 are the largest.
TEST_CASE("supernet_layout: alternatives share the largest expansion, kernel and projection") {
  const supernet_layout layout(test::supernet_space, weight_sharing::between_alternatives);
  const auto sets = of_stage(layout, 2, 1);
  REQUIRE(sets.size() == 3);
  CHECK(sets[0].whole.input.channels == 12);
  CHECK(sets[0].whole.output.channels == 36);
  CHECK(sets[1].whole.kernel_height == 5);
  CHECK(sets[1].whole.output.channels == 36);
  CHECK(sets[1].whole.input.channels == 1);
  CHECK(sets[2].whole.input.channels == 36);
  CHECK(sets[2].whole.output.channels == 12);
  for (const shared_weights& s : sets) CHECK(s.alternatives.size() == 4);
  CHECK(layout.text().find("stage 1, layer 1, place 1: 5x5 convolution of 1 channels, 36 filters, ") !=
        std::string::npos);
}

TEST_CASE("supernet_layout: without sharing each alternative has its own") {
  const supernet_layout layout(test::supernet_space, weight_sharing::within_alternatives);
  const auto sets = of_stage(layout, 2, 1);
  CHECK(sets.size() == 12);  // two kernels, two expansions, three layers
  for (const shared_weights& s : sets) CHECK(s.alternatives == std::vector<std::string>{s.alternative});
}

// The trellis lists every layer, so a sample can have no other; and some network has the largest of each.
TEST_CASE("supernet_layout: every network of a space finds its weights, and none is larger than it must be") {
  const auto check = [](const auto& space, int samples) {
    for (const auto sharing : {weight_sharing::within_alternatives, weight_sharing::between_alternatives}) {
      const supernet_layout layout(space, sharing);
      random_engine rng(7);
      std::set<int> used;
      std::vector<int> filters(layout.sets().size());
      for (int i = 0; i < samples; ++i) {
        const auto c = space.sample(rng);
        const network graph = to_network(space, c);
        const std::vector<int> sets = layout.sets_of(c);
        REQUIRE(sets.size() == graph.layers().size());
        for (std::size_t k = 0; k < sets.size(); ++k) {
          CHECK((sets[k] >= 0) == (params(graph.layers()[k]) > 0));
          if (sets[k] < 0) continue;
          const bool is_new = used.insert(sets[k]).second;
          int& most = filters[static_cast<std::size_t>(sets[k])];
          most = is_new ? graph.layers()[k].output.channels : std::max(most, graph.layers()[k].output.channels);
        }
      }
      CHECK(used.size() == layout.sets().size());
      for (const int set : used)
        CHECK(filters[static_cast<std::size_t>(set)] ==
              layout.sets()[static_cast<std::size_t>(set)].whole.output.channels);
    }
  };
  check(test::supernet_space, 400);
  check(zoo::proxylessnas, 200);
}

// A network has no place twice: else it would be two layers with one set of weights.
TEST_CASE("supernet_layout: no network uses a set twice") {
  const supernet_layout layout(zoo::mobilenet_v3_like);
  random_engine rng(8);
  for (int i = 0; i < 50; ++i) {
    std::vector<int> sets = layout.sets_of(zoo::mobilenet_v3_like.sample(rng));
    std::erase(sets, -1);
    std::ranges::sort(sets);
    CHECK(std::ranges::adjacent_find(sets) == sets.end());
  }
}

// What stands before does not say what a layer is: with layer 1 skipped, layer 2 is layer 2.
TEST_CASE("supernet_layout: a skipped layer leaves the others where they are") {
  const supernet_layout layout(test::supernet_space);
  random_engine rng(9);
  for (int i = 0; i < 200; ++i) {
    const auto c = test::supernet_space.sample(rng);
    std::set<int> layers;
    for (const int set : layout.sets_of(c))
      if (set >= 0 && layout.sets()[static_cast<std::size_t>(set)].stage == 2)
        layers.insert(layout.sets()[static_cast<std::size_t>(set)].layer);
    for (int layer = 1; layer < 3; ++layer) {
      const auto block = test::supernet_space.find("1[" + std::to_string(layer) + "].block");
      REQUIRE(block < test::supernet_space.slot_count);
      CHECK(layers.contains(layer) == (c.digits[block] == 0));
    }
  }
}

TEST_CASE("supernet_layout: layers that cannot share are refused by name") {
  constexpr auto kernels = define([] {
    return search_space("odd and even")
        .input(3, 16)
        .stage("1", conv{.filters = 8, .kernel = one_of(3, 4)})
        .head(global_pool{}, dense{4});
  });
  const std::string found = refusal(kernels, weight_sharing::between_alternatives);
  CHECK(found.starts_with("training.supernet, nascent: supernet of space 'odd and even', stage 1, layer 0, place 0: "));
  CHECK(found.find("3x3 convolution of 3 channels, 8 filters") != std::string::npos);
  CHECK(found.find("4x4 convolution of 3 channels, 8 filters") != std::string::npos);
  CHECK(refusal(kernels, weight_sharing::within_alternatives) == "none");
  constexpr auto groups = define([] {
    return search_space("groups")
        .input(16, 16)
        .stage("1", bottleneck{.filters = 16, .ratio = 1., .groups = one_of(2, 4)})
        .head(global_pool{}, dense{4});
  });
  CHECK(refusal(groups, weight_sharing::between_alternatives).find("groups of as many channels") != std::string::npos);
  CHECK(refusal(groups, weight_sharing::within_alternatives) == "none");
}
