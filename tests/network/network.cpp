// SPDX-License-Identifier: Apache-2.0
#include "nascent/network/network.hpp"

#include <span>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>

#include "nascent/block/block.hpp"

using namespace nascent;

namespace {

/// ResNet-50 as in He et al. (2016), with the stride in the 3x3 convolution.
network resnet_50() {
  return make_network("ResNet-50", {1, 224, 224, 3}, [](auto& net, auto x) {
    x = net.conv(x, {.filters = 64, .kernel = 7, .stride = 2, .act = relu});
    x = net.max_pool(x, {.kernel = 3, .stride = 2});
    const int layers[] = {3, 4, 6, 3};
    for (int stage = 0; stage < 4; ++stage) {
      net.stage(stage);
      for (int i = 0; i < layers[stage]; ++i)
        x = bottleneck{.filters = 256 << stage}(net, x, i == 0 && stage > 0 ? 2 : 1);
    }
    net.dense(net.global_pool(x), {.units = 1000});
  });
}

}  // namespace

// torchvision's resnet50: 25557032 parameters, 4.089 G multiply-adds.
TEST_CASE("ResNet-50 is the published one") {
  const network graph = resnet_50();
  std::int64_t sum_params = 0;
  std::int64_t sum_macs = 0;
  for (const layer& l : graph.layers()) {
    sum_params += params(l);
    sum_macs += macs(l);
  }
  CHECK(sum_params == 25'557'032);
  CHECK(sum_macs == 4'089'184'256);
  CHECK(graph.output() == shape{1, 1, 1, 1000});
  CHECK(graph.tensor_shape(static_cast<int>(graph.layers().size()) - 2) == shape{1, 7, 7, 2048});
}

TEST_CASE("a network knows its name, input, tensors") {
  network graph = make_network("two", {1, 8, 8, 3}, [](auto& net, auto x) {
    x = net.conv(x, {.filters = 16, .stride = 2});
    net.global_pool(x);
  });
  CHECK(graph.name() == "two");
  graph.rename("pair");
  CHECK(graph.name() == "pair");
  CHECK(graph.input() == shape{1, 8, 8, 3});
  CHECK(graph.tensor_shape(0) == graph.input());
  CHECK(graph.tensor_shape(1) == shape{1, 4, 4, 16});
  CHECK(graph.output() == shape{1, 1, 1, 16});
  CHECK_THROWS_AS(graph.tensor_shape(3), std::out_of_range);
}

TEST_CASE("an empty network puts its input out") {
  const network graph("empty", {1, 8, 8, 3});
  CHECK(graph.output() == graph.input());
  CHECK(graph.readers() == std::vector{1});
}

TEST_CASE("readers counts each use of a tensor, and the network's output as one") {
  const network graph = make_network("readers", {1, 8, 8, 4}, [](auto& net, auto in) {
    const auto a = net.conv(in, {.filters = 4});
    const auto b = net.conv(a, {.filters = 4});
    net.add(net.add(b, a), in);
  });
  CHECK(graph.readers() == std::vector{2, 2, 1, 1, 1});
}

TEST_CASE("outputs are what was declared, in that order, or the last tensor") {
  const auto build = [](auto& net, auto x) {
    x = net.conv(x, {.filters = 8, .stride = 2});
    net.output(x, "fine");
    const auto y = net.conv(x, {.filters = 16, .stride = 2});
    net.output(net.dense(net.global_pool(y), {.units = 10}), "classes");
    return y;
  };
  const network graph = make_network("three", {1, 8, 8, 3}, build);
  const std::vector<network_output> outputs = graph.outputs();
  REQUIRE(outputs.size() == 3);
  CHECK((outputs[0].name == "fine" && outputs[0].tensor == 1));
  CHECK((outputs[1].name == "classes" && outputs[1].tensor == 4));
  CHECK((outputs[2].name == "output" && outputs[2].tensor == 2));  // what was returned
  CHECK(graph.output_elements() == 4 * 4 * 8 + 10 + 2 * 2 * 16);
  CHECK(graph.readers() == std::vector{1, 2, 2, 1, 1});
  std::vector<float> numbers(2 * (128 + 10 + 64));
  const auto parts = split_outputs(graph, std::span(numbers), 2);
  REQUIRE(parts.size() == 3);
  CHECK((parts[0].size() == 256 && parts[1].size() == 20 && parts[2].size() == 128));
  CHECK(parts[2].data() == numbers.data() + 276);
  CHECK_THROWS_MATCHES(graph.output(), network_error,
                       Catch::Matchers::Message("nascent: network 'three', the output: found 3 of them; allowed: 1; "
                                                "outputs() has all"));
  CHECK_THROWS_AS(split_outputs(graph, std::span(numbers), 1), network_error);

  const network one = make_network("one", {1, 8, 8, 3}, [](auto& net, auto x) { return net.conv(x, {.filters = 4}); });
  REQUIRE(one.outputs().size() == 1);
  CHECK((one.outputs()[0].name == "output" && one.outputs()[0].tensor == 1));
  CHECK(one.output() == shape{1, 8, 8, 4});
}

TEST_CASE("an output is a map of the network, once, under a name of its own") {
  const auto refusal = [](auto build) {
    try {
      make_network("mine", {1, 8, 8, 3}, build);
    } catch (const network_error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  CHECK(
      refusal([](auto& net, auto x) { net.output(x, "same"); }) ==
      "nascent: network 'mine', output 'same': found the network's input; allowed: what a layer of this network made");
  CHECK(refusal([](auto& net, auto x) {
          x = net.conv(x, {.filters = 8});
          x.channels = 800;
          net.output(x, "wide");
        }) ==
        "nascent: network 'mine', output 'wide': found a map that no layer made; allowed: what a layer of this network "
        "made");
  CHECK(refusal([](auto& net, auto x) { net.output(net.conv(x, {.filters = 8}), ""); }) ==
        "nascent: network 'mine', output '': found no name; allowed: a name, such as \"boxes\"");
  CHECK(refusal([](auto& net, auto x) {
          x = net.conv(x, {.filters = 8});
          net.output(x, "a");
          net.output(net.conv(x, {.filters = 8}), "a");
        }) == "nascent: network 'mine', output 'a': found the name twice; allowed: a name of its own");
  CHECK(refusal([](auto& net, auto x) {
          x = net.conv(x, {.filters = 8});
          net.output(x, "a");
          net.output(x, "b");
        }) == "nascent: network 'mine', output 'b': found the map of output 'a'; allowed: a map of its own");
}

TEST_CASE("layers that no output needs are refused, or pruned on request") {
  const auto build = [](auto& net, auto x) {
    net.stage("trunk");
    x = place(net, conv{.filters = 8}, x);
    net.stage("heads");
    place(net, mbconv{.filters = 16, .se = .25}, x);  // lost
    for (int i = 0; i < 2; ++i) x = place(net, mbconv{.filters = 8}, x);
    net.output(x, "features");
    place(net, conv{.filters = 4}, net.conv(x, {.filters = 4}));  // lost
  };
  try {
    make_network("heads", {1, 8, 8, 3}, build);
    FAIL("not refused");
  } catch (const network_error& e) {
    CHECK(e.code() == "network.unused");
    CHECK(std::string(e.what()).starts_with(
        "nascent: network 'heads', layer 1 of stage 'heads' (convolution): found 9 layers that no output needs; "
        "allowed: layers that one needs"));
  }
  const network graph = make_network("heads", {1, 8, 8, 3}, build, unused_layers::prune);
  CHECK(graph.unused().empty());
  REQUIRE(graph.layers().size() == 9);
  CHECK(graph.outputs()[0].tensor == 9);
  CHECK(graph.stage_of(0) == "trunk");
  CHECK(graph.stage_of(1) == "heads");
  REQUIRE(graph.blocks().size() == 3);
  CHECK((graph.blocks()[1].layer == 0 && graph.blocks()[1].first_layer == 1 && graph.blocks()[1].repeat == 0));
  CHECK((graph.blocks()[2].layer == 1 && graph.blocks()[2].first_layer == 5 && graph.blocks()[2].repeat == 1));
  const network same = make_network("heads", {1, 8, 8, 3}, [](auto& net, auto x) {
    net.stage("trunk");
    x = place(net, conv{.filters = 8}, x);
    net.stage("heads");
    for (int i = 0; i < 2; ++i) x = place(net, mbconv{.filters = 8}, x);
  });
  CHECK(graph.layers() == same.layers());
}

TEST_CASE("stages have names") {
  network graph("staged", {1, 8, 8, 4});
  net builder(graph);
  tensor x = builder.conv(builder.input(8, 8, 4), {.filters = 4});
  builder.stage(1);
  builder.conv(x, {.filters = 4});
  graph.name_stages({"first", "second"});
  CHECK(graph.stage_of(0).empty());
  CHECK(graph.stage_of(1) == "second");
}

TEST_CASE("an input may be a batch of maps") {
  const network graph = make_network("batch", {4, 8, 8, 3}, [](auto& net, auto x) { net.batch_to_space(x, 2); });
  CHECK(graph.layers()[0].input == graph.input());
  CHECK(graph.output() == shape{1, 16, 16, 3});
}

TEST_CASE("a network that cannot exist is an exception that says why") {
  const auto build = [] {
    make_network("small", {1, 1, 1, 3},
                 [](auto& net, auto x) { net.conv(x, {.filters = 8, .kernel = 2, .pad = padding::valid}); });
  };
  CHECK_THROWS_MATCHES(
      build(), network_error,
      Catch::Matchers::Message("nascent: network 'small': found 1 against 2; allowed: a feature map of 1x1 or more; "
                               "use a larger input, or padding"));
}

TEST_CASE("equal blocks after one another are counted, within a stage") {
  const network graph = make_network("repeats", {1, 32, 32, 3}, [](auto& n, auto x) {
    n.stage("a");
    x = place(n, conv{.filters = 16}, x);
    for (int i = 0; i < 3; ++i) x = place(n, mbconv{.filters = 16}, x);
    x = place(n, mbconv{.filters = 16, .kernel = 5}, x);
    x = place(n, mbconv{.filters = 16}, x);
    n.stage("b");
    x = place(n, mbconv{.filters = 16}, x);
    place(n, mbconv{.filters = 16}, x);
  });
  std::vector<int> repeats;
  std::vector<int> places;
  for (const block_span& b : graph.blocks()) {
    repeats.push_back(b.repeat);
    places.push_back(b.layer);
  }
  CHECK(repeats == std::vector{0, 0, 1, 2, 0, 0, 0, 1});
  CHECK(places == std::vector{0, 1, 2, 3, 4, 5, 0, 1});
  CHECK(graph.stage_of(graph.blocks()[5]) == "a");
  CHECK(graph.stage_of(graph.blocks()[6]) == "b");
}

TEST_CASE("parts are the outermost blocks and the layers between them") {
  const network graph = make_network("parts", {1, 32, 32, 3}, [](auto& n, auto x) {
    x = n.conv(x, {.filters = 16});
    for (int i = 0; i < 2; ++i) x = n.conv(x, {.filters = 16, .kernel = 3});
    x = place(n, mbconv{.filters = 16, .se = .25}, x);
    n.dense(n.global_pool(x), {.units = 10});
  });
  const std::vector<network_part> parts = graph.parts();
  REQUIRE(parts.size() == 6);
  std::size_t next = 0;
  for (const network_part& p : parts) {
    CHECK(p.first_layer == next);
    next = p.end_layer();
  }
  CHECK(next == graph.layers().size());
  CHECK(parts[1].repeat == 0);
  CHECK(parts[2].repeat == 1);
  CHECK(parts[3].block == 0);
  CHECK(parts[3].layer_count == 8);
  CHECK(parts[4].block == -1);
  CHECK(network{}.parts().empty());
}

TEST_CASE("a replayed network is the network") {
  const network graph = make_network("original", {1, 32, 32, 3}, [](auto& n, auto x) {
    n.stage("a");
    x = place(n, conv{.filters = 16}, x, 2);
    for (int i = 0; i < 2; ++i) x = place(n, mbconv{.filters = 16, .se = .25}, x);
    n.dense(n.global_pool(x), {.units = 10});
  });
  network copy("copy", {});
  graph.replay(copy);
  CHECK(copy.input() == graph.input());
  CHECK(copy.layers() == graph.layers());
  REQUIRE(copy.blocks().size() == graph.blocks().size());
  for (std::size_t i = 0; i < copy.blocks().size(); ++i) {
    const block_span& a = copy.blocks()[i];
    const block_span& b = graph.blocks()[i];
    CHECK(a.name == b.name);
    CHECK(a.first_layer == b.first_layer);
    CHECK(a.layer_count == b.layer_count);
    CHECK(a.parent == b.parent);
    CHECK(a.repeat == b.repeat);
    CHECK(a.values == b.values);
  }
}

TEST_CASE("names are UTF-8: what is written with them can be read back") {
  CHECK(network("gr\xc3\xb6\xc3\x9f"
                "e",
                {1, 8, 8, 3})
            .name()
            .size() == 7);
  CHECK_THROWS_AS(network("gr\xf6\xdf"
                          "e",
                          {1, 8, 8, 3}),
                  network_error);
  network graph("fine", {1, 8, 8, 3});
  CHECK_THROWS_AS(graph.rename("\xff"), network_error);
  CHECK(graph.name() == "fine");
  CHECK_THROWS_AS(make_network("stages", {1, 8, 8, 3},
                               [](auto& net, auto x) {
                                 net.stage("\x80");
                                 net.activate(x, relu);
                               }),
                  network_error);
}
