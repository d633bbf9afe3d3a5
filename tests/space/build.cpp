// SPDX-License-Identifier: Apache-2.0
#include "nascent/space/build.hpp"

#include "spaces.hpp"
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include "nascent/space/to_network.hpp"
#include "nascent/zoo/efficientnet.hpp"
#include "nascent/zoo/efficientnet_x.hpp"
#include "nascent/zoo/gpunet.hpp"
#include "nascent/zoo/once_for_all.hpp"
#include "nascent/zoo/tunas.hpp"

using namespace nascent;
using namespace test;

namespace {

constexpr auto convolution = layer_kind::convolution;
constexpr auto add = layer_kind::add;

template <class Candidate>
std::vector<layer_kind> kinds(const Candidate& c) {
  std::vector<layer_kind> all;
  const network graph = to_network(c);
  for (const layer& l : graph.layers()) all.push_back(l.kind);
  return all;
}

/// Adds something up for every layer. The first cannot be told to repeat itself, the second can.
struct sums {
  std::int64_t params = 0;
  std::int64_t macs = 0;
  int layers = 0;
  constexpr void operator()(const layer& l) {
    params += nascent::params(l);
    macs += nascent::macs(l);
    ++layers;
  }
  friend constexpr bool operator==(const sums&, const sums&) = default;
};
struct repeating_sums : sums {
  int repeated = 0;
  constexpr void repeat(const repeating_sums& before, int times) {
    params += (params - before.params) * times;
    macs += (macs - before.macs) * times;
    layers += (layers - before.layers) * times;
    repeated += times;
  }
};
static_assert(!additive_interpreter<sums> && additive_interpreter<repeating_sums>);

template <class Interpreter, class Candidate>
Interpreter interpret(const Candidate& c) {
  Interpreter sink;
  net<Interpreter> n(sink);
  build(c, n);
  REQUIRE(!n.failed());
  CHECK(n.layer_count() == sink.layers);
  return sink;
}

/// One stage after a stem of 16 channels at 16 x 16.
template <class Stage>
constexpr auto after_stem(Stage stage) {
  return search_space("after stem").input(3, 16).stage("stem", conv{.filters = 16}).add_stage(stage);
}

}  // namespace

TEST_CASE("only the first layer of a stage has the stride") {
  constexpr auto space =
      define([] { return search_space("s").input(3, 32).stage("1", conv{.filters = 8}).stride(2).layers(3); });
  const network graph = to_network(space.only());
  REQUIRE(graph.layers().size() == 3);
  CHECK(graph.layers()[0].stride_height == 2);
  CHECK(graph.layers()[1].stride_height == 1);
  CHECK(graph.layers()[2].stride_height == 1);
  CHECK(graph.output() == shape{1, 16, 16, 8});
}

TEST_CASE("a searched stride, width, depth and resolution are built") {
  const auto graph = to_network(
      depths::space.decode(std::array{1, 1, 1, 2, 2, 1}));  // 32 px, 16 filters, stride 2, 2 layers, kernel 7
  CHECK(graph.input() == shape{1, 32, 32, 3});
  CHECK(graph.layers()[0].output == shape{1, 16, 16, 16});
  CHECK(graph.layers()[1].output == shape{1, 16, 16, 16});
  CHECK(graph.layers()[3].kernel_height == 7);
  CHECK(graph.layers().size() == 2 + 4);  // mbconv: three convolutions and a sum
}

TEST_CASE("a stage without layers is not there") {
  CHECK(kinds(depths::space.decode(std::array{0, -1, -1, 0, 0, 1})).size() == 3);
}

TEST_CASE("the chosen block is built, in every layer of the stage") {
  CHECK(kinds(alternating::space.decode(std::array{0, 1, -1, 2, 0, -1})) ==
        std::vector{convolution, convolution, convolution});
  const network graph = to_network(alternating::space.decode(std::array{2, -1, -1, 1, 0, -1}));
  CHECK(graph.layers()[0].is_depthwise());
}

TEST_CASE("layers that choose on their own are built on their own, skipped ones not at all") {
  const auto graph = to_network(skipping::space.decode(std::array{1, 0, 0, 1, -1, 0, 1}));
  CHECK(graph.layers()[1].kernel_height == 3);  // the depthwise convolution of layer 0
  CHECK(graph.layers()[4].kernel_height == 5);  // of layer 2
  CHECK(graph.layers().size() == 3 + 4 + 1);
  CHECK(to_network(skipping::space.decode(std::array{1, 0, 0, 1, -1, 1, -1})).layers().size() == 3 + 1);
}

TEST_CASE("connections: none, a plain sum, or with a projection") {
  const auto at = [](int filters, int two, int layers, int three) {
    return connected::space.decode(std::array{filters, two, three, layers});
  };
  CHECK(kinds(at(1, 0, 0, -1)) == std::vector{convolution, convolution});
  // 2 from 1: stride 2 is pooled, 8 channels are projected to 16 and 16 are not.
  CHECK(kinds(at(1, 1, 0, -1)) == std::vector{convolution, convolution, layer_kind::average_pool, add});
  CHECK(kinds(at(0, 1, 0, -1)) == std::vector{convolution, convolution, layer_kind::average_pool, convolution, add});
  CHECK(kinds(at(1, 0, 1, 2)) == std::vector{convolution, convolution, convolution, add});  // 3 from 2
  CHECK(kinds(at(1, 0, 1, 0)) ==
        std::vector{convolution, convolution, convolution, convolution, add});  // 3 from 1, strided
  const network strided = to_network(at(1, 0, 1, 0));
  CHECK(strided.layers()[3].stride_height == 2);
  CHECK(strided.layers()[3].operands[0] == 1);
  CHECK(strided.layers()[4].operands[1] == 4);
}

TEST_CASE("a connection starts after what its stage itself is connected to") {
  constexpr auto space = define([] {
    return search_space("s")
        .input(3, 16)
        .stage("1", conv{.filters = 8})
        .stage("2", conv{.filters = 8})
        .skip("1")
        .stage("3", conv{.filters = 8})
        .skip("2");
  });
  const network graph = to_network(space.only());
  REQUIRE(graph.layers().size() == 5);
  CHECK(graph.layers()[4].operands[1] == 3);  // the sum of stage 2, not its convolution
}

TEST_CASE("the stride of a connection is that between its stages, on every map") {
  for (int height = 1; height < 40; ++height)
    for (int width = 1; width < 40; ++width)
      for (const int stride : {1, 2, 4, 8, 16}) {
        CAPTURE(height, width, stride);
        const tensor from{1, height, width, 8};
        const tensor to{1, (height + stride - 1) / stride, (width + stride - 1) / stride, 8};
        const strides found = detail::stride_between(from, to);
        REQUIRE(found.height == found.width);
        REQUIRE(same_size(height, found.height) == to.height);
        REQUIRE(same_size(width, found.width) == to.width);
      }
  CHECK(detail::stride_between({1, 5, 5, 8}, {1, 2, 2, 8}) == 4);   // 3 would do, too
  CHECK(detail::stride_between({1, 9, 17, 8}, {1, 3, 5, 8}) == 4);  // and no square map
  CHECK(detail::stride_between({1, 9, 9, 8}, {1, 3, 3, 8}) == 4);
  CHECK(detail::stride_between({1, 12, 12, 8}, {1, 4, 4, 8}) == 3);
  CHECK(detail::stride_between({1, 8, 8, 8}, {1, 16, 16, 8}) == 1);
  CHECK(detail::stride_between({1, 16, 16, 8}, {1, 8, 16, 8}) == strides{2, 1});
  CHECK(detail::stride_between({1, 12, 16, 8}, {1, 4, 4, 8}) == strides{3, 4});
  CHECK(detail::stride_between({1, 16, 8, 8}, {1, 8, 16, 8}) == 1);
}

TEST_CASE("a connection that is declared as identity is a fault where shapes differ") {
  constexpr auto space = define([] {
    return search_space("s")
        .input(3, 16)
        .stage("1", conv{.filters = one_of(8, 16)})
        .stage("2", conv{.filters = 8})
        .skip("1", residual::identity);
  });
  null_interpreter sink;
  net<null_interpreter> fine(sink);
  build(space.unrank(0), fine);
  CHECK(!fine.fault());
  net<null_interpreter> broken(sink);
  build(space.unrank(1), broken);
  CHECK(broken.fault().what == network_fault::shape_mismatch);
  CHECK(broken.fault().stage == 2);
}

TEMPLATE_TEST_CASE("equal layers counted once and multiplied are the layers one by one", "", decltype(zoo::gpunet),
                   decltype(zoo::once_for_all), decltype(zoo::mobilenet_v3_like), decltype(zoo::efficientnet_x)) {
  constexpr std::remove_const_t<TestType> space;
  constexpr std::uint64_t seed = 3;
  CAPTURE(seed);
  random_engine rng(seed);
  for (int i = 0; i < 300; ++i) {
    const auto c = space.sample(rng);
    REQUIRE(interpret<repeating_sums>(c) == interpret<sums>(c));
    const auto larger = scaled(c, {.width = 1.3, .depth = 1.7, .resolution = 301});
    REQUIRE(interpret<repeating_sums>(larger) == interpret<sums>(larger));
  }
}

TEST_CASE("layers are multiplied only once they leave their shape alone") {
  constexpr auto space = define([] {
    return after_stem(stage_declaration<mbconv<>, int>{"1", false, {.filters = 24}, 5, 2, {}});
  });
  const auto sink = interpret<repeating_sums>(space.only());
  CHECK(sink.repeated == 3);
  // Space-to-depth halves the map each time: no layer is like another.
  constexpr auto shrinking = define([] {
    return after_stem(stage_declaration<space_to_depth<>, int>{"1", false, {.factor = 2}, 3, 1, {}});
  });
  CHECK(interpret<repeating_sums>(shrinking.only()).repeated == 0);
  CHECK(to_network(shrinking.only()).output() == shape{1, 2, 2, 16 * 64});
}

// --- compound scaling

TEST_CASE("scaling by one changes nothing") {
  const auto c = zoo::efficientnet_b0.only();
  CHECK(to_network(scaled(c, {})).layers() == to_network(c).layers());
}

TEST_CASE("width scales filters by the 10 % rule, resolution replaces the input's") {
  constexpr auto space = define([] {
    return search_space("s")
        .input(3, 32)
        .stage("1", conv{.filters = 24})
        .stage("2", mbconv{.filters = 40})
        .head(global_pool{}, dense{10});
  });
  const network graph = to_network(scaled(space.only(), {.width = 1.4, .resolution = 45}));
  CHECK(graph.input() == shape{1, 45, 45, 3});
  CHECK(graph.layers()[0].output.channels == 32);  // 33.6
  CHECK(graph.layers()[3].output.channels == 56);
  CHECK(graph.output().channels == 10);
}

TEST_CASE("depth scales stages that declare layers, and leaves the others alone") {
  constexpr auto space = define([] {
    return search_space("s")
        .input(3, 32)
        .stage("stem", conv{.filters = 8})
        .stage("1", conv{.filters = 8})
        .layers(2)
        .stage("2", conv{.filters = 8})
        .layers(range(0, 3))
        .stage("3", mbconv{.filters = 8, .kernel = one_of(3, 5), .residual = residual::none})
        .layers(independent(2));
  });
  const auto layers = [&](int second, double depth) {
    return to_network(scaled(space.decode(std::array{second, 0, 1}), {.depth = depth})).layers().size();
  };
  CHECK(layers(0, 1.) == 1 + 2 + 0 + 2 * 3);
  CHECK(layers(3, 1.) == 1 + 2 + 3 + 2 * 3);
  CHECK(layers(3, 1.5) == 1 + 3 + 5 + 3 * 3);
  CHECK(layers(0, 2.) == 1 + 4 + 0 + 4 * 3);  // what is absent stays absent
}

TEST_CASE("layers past the declared ones repeat the last configuration") {
  const auto c =
      growing::space.decode(std::array{0, 0, 1, -1, 2, 0, -1, -1, -1, 1});  // kernels 3 and 5, then one convolution
  const network graph = to_network(scaled(c, {.depth = 2}));
  std::vector<int> kernels;
  for (const layer& l : graph.layers())
    if (l.is_depthwise()) kernels.push_back(l.kernel_height);
  CHECK(kernels == std::vector{3, 5, 5, 5});
}

TEST_CASE("the stages of a candidate on a map that is there already, as a part with names") {
  const auto c = zoo::efficientnet_b0.only();
  network graph("part", {});
  net<network> n(graph);
  const tensor entry = n.conv(n.input(64, 64, 3), {.filters = 3});
  const tensor out = build(scaled(c, {.depth = 2, .resolution = 224}), n, entry);
  const network alone = to_network(scaled(c, {.depth = 2, .resolution = 64}));
  CHECK_FALSE(n.fault());
  CHECK(out.shape() == alone.output());
  REQUIRE(graph.layers().size() == alone.layers().size() + 1);
  for (std::size_t i = 0; i < alone.layers().size(); ++i) {
    CHECK(graph.layers()[i + 1].output == alone.layers()[i].output);
    CHECK(graph.layers()[i + 1].operands[0] == alone.layers()[i].operands[0] + 1);
    CHECK(graph.stage_of(i + 1) == alone.stage_of(i));
  }
}
