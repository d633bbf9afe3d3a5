// SPDX-License-Identifier: Apache-2.0
#include "nascent/space/declaration.hpp"

#include <catch2/catch_test_macros.hpp>

#include "nascent/block/block.hpp"
#include "nascent/space/space.hpp"
#include "nascent/space/to_network.hpp"
#include "nascent/zoo/nas_bench_201.hpp"

using namespace nascent;
using namespace std::literals;

namespace user {

/// A block of a user's own, in a namespace of their own: a third of the filters are made by a cheap depthwise
/// convolution.
template <class Filters = int, class Kernel = int>
struct ghost {
  Filters filters;
  Kernel kernel{3};

  constexpr auto operator()(auto& net, auto input, int stride) const {
    auto x = net.conv(input, {.filters = filters, .stride = stride, .act = relu});
    return net.concatenate(x, net.depthwise_conv(x, {.kernel = kernel}));
  }
};

}  // namespace user

TEST_CASE("a declaration collects name, channels and stages in order") {
  constexpr auto declared = search_space("s").input(1, 32).stage("a", conv{.filters = 8}).stage("b", dense{.units = 4});
  STATIC_CHECK(declared.name() == "s"sv);
  STATIC_CHECK(declared.channels() == 1);
  STATIC_CHECK(declared.last().name == "b"sv);
  constexpr auto space =
      define([] { return search_space("s").input(1, 32).stage("a", conv{.filters = 8}).stage("b", depthwise_conv{}); });
  STATIC_CHECK(space.stage_count == 3);
  STATIC_CHECK(space.stage(0) == "input");
  STATIC_CHECK(space.stage(1) == "a");
  STATIC_CHECK(space.stage(2) == "b");
  CHECK(to_network(space.only()).input() == shape{1, 32, 32, 1});
}

TEST_CASE("each call gives a new declaration: a common beginning can go on in two ways") {
  constexpr auto start = search_space("s").input(3, 32).stage("1", conv{.filters = one_of(8, 16)});
  constexpr auto more = start.layers(range(1, 3));
  STATIC_CHECK(std::is_same_v<std::remove_cvref_t<decltype(start.last().layers)>, single_layer>);
  STATIC_CHECK(more.last().layers.size() == 3);
}

TEST_CASE("stride, layers and skip come in any order, and the last one counts") {
  constexpr auto a = define([] {
    return search_space("s")
        .input(3, 32)
        .stage("1", conv{.filters = 8})
        .stride(one_of(1, 2))
        .layers(range(1, 2))
        .skip("input");
  });
  constexpr auto b = define([] {
    return search_space("s")
        .input(3, 32)
        .stage("1", conv{.filters = 8})
        .skip("input")
        .layers(range(1, 2))
        .stride(one_of(1, 2));
  });
  constexpr auto c = define([] {
    return search_space("s")
        .input(3, 32)
        .stage("1", conv{.filters = 8})
        .skip("input")
        .layers(4)
        .layers(range(1, 2))
        .stride(4)
        .stride(one_of(1, 2));
  });
  STATIC_CHECK(a.size() == 4);
  STATIC_CHECK(b.size() == 4);
  STATIC_CHECK(c.size() == 4);
  for (uint128 r = 0; r < 4; ++r) {
    CHECK(to_network(a.unrank(r)).layers() == to_network(b.unrank(r)).layers());
    CHECK(to_network(a.unrank(r)).layers() == to_network(c.unrank(r)).layers());
  }
}

TEST_CASE("the head is stages with names of their own") {
  constexpr auto space = define([] {
    return search_space("s")
        .input(3, 32)
        .stage("1", conv{.filters = 8})
        .head(conv{.filters = one_of(16, 24), .kernel = 1}, global_pool{}, dense{8, relu}, dense{10});
  });
  STATIC_CHECK(space.stage_count == 6);
  STATIC_CHECK(space.stage(2) == "head.conv");
  STATIC_CHECK(space.stage(3) == "head.global_pool");
  STATIC_CHECK(space.stage(4) == "head.dense");
  STATIC_CHECK(space.stage(5) == "head.dense2");
  STATIC_CHECK(space.slot(0).path == "head.conv.filters");
}

TEST_CASE("a block of a user's own is a block like any other") {
  constexpr auto space = define([] {
    return search_space("ghosts")
        .input(3, 32)
        .stage("1", user::ghost{.filters = range(8, 24, 8), .kernel = one_of(3, 5)})
        .stride(2)
        .layers(range(0, 2))
        .stage("2", either(user::ghost{.filters = 8}, conv{.filters = one_of(8, 16)}));
  });
  STATIC_CHECK(space.size() == (1 + 3 * 2 * 2) * 3);
  STATIC_CHECK(space.slot(1).path == "1.kernel");
  STATIC_CHECK(space.value(space.find("2.block"), 0).text() == "ghost");
  const network graph = to_network(space.unrank(space.size() - 1));
  CHECK(graph.layers()[2].output == shape{1, 16, 16, 48});
}

TEST_CASE("NAS-Bench-201's cell is a block of six choices") {
  constexpr const auto& space = zoo::nas_bench_201;
  STATIC_CHECK(space.slot_count == 6);
  STATIC_CHECK(space.slot(0).path == "1.edge_01");
  // Besides the cells: the stem, two reductions of six layers, and normalisation, pool and classifier.
  const std::size_t others = 1 + 2 * 6 + 3;
  // A 3x3 convolution on every edge: fifteen cells of six activations and convolutions, and three sums.
  const network graph = to_network(space.decode(std::vector<int>(6, 3)));
  CHECK(graph.layers().size() == others + 15 * (2 * 6 + 3));
  const network passing = to_network(space.decode(std::vector<int>(6, 1)));
  CHECK(passing.layers().size() == others + 15 * 3);
}
