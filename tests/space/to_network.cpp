// SPDX-License-Identifier: Apache-2.0
#include "nascent/space/to_network.hpp"

#include "spaces.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>

#include "nascent/zoo/efficientnet.hpp"
#include "nascent/zoo/gpunet.hpp"

using namespace nascent;
using namespace test;

TEST_CASE("a network is called like its space, unless it has a name of its own") {
  CHECK(to_network(zoo::efficientnet_b0.only()).name() == "EfficientNet-B0");
  CHECK(to_network(zoo::efficientnet_b0.only(), "B0").name() == "B0");
}

TEST_CASE("layers know the names of their stages") {
  const network graph = to_network(zoo::efficientnet_b0.only());
  CHECK(graph.stage_of(0) == "stem");
  CHECK(graph.stage_of(1) == "1");
  CHECK(graph.stage_of(graph.layers().size() - 1) == "head.dense");
  CHECK(graph.stage_of(graph.layers().size() - 2) == "head.global_pool");
}

TEST_CASE("layers read what comes before them, and every tensor is read") {
  random_engine rng(9);
  for (int i = 0; i < 50; ++i) {
    const network graph = to_network(zoo::gpunet.sample(rng));
    const auto& layers = graph.layers();
    for (std::size_t k = 0; k < layers.size(); ++k) {
      for (int o = 0; o < layers[k].operand_count; ++o) {
        const int operand = layers[k].operands[static_cast<std::size_t>(o)];
        REQUIRE(operand <= static_cast<int>(k));
        if (layers[k].kind != layer_kind::multiply || o == 0) REQUIRE(graph.tensor_shape(operand) == layers[k].input);
      }
    }
    for (const int readers : graph.readers()) REQUIRE(readers > 0);
  }
}

// The plan of Tan and Le (2019): outputs of the stages at 224 px.
TEST_CASE("EfficientNet-B0 has the shapes of its paper") {
  const network graph = to_network(zoo::efficientnet_b0.only());
  const auto output_of = [&](std::string_view stage) {
    shape last{};
    for (std::size_t k = 0; k < graph.layers().size(); ++k)
      if (graph.stage_of(k) == stage) last = graph.layers()[k].output;
    return last;
  };
  CHECK(output_of("stem") == shape{1, 112, 112, 32});
  CHECK(output_of("1") == shape{1, 112, 112, 16});
  CHECK(output_of("2") == shape{1, 56, 56, 24});
  CHECK(output_of("3") == shape{1, 28, 28, 40});
  CHECK(output_of("4") == shape{1, 14, 14, 80});
  CHECK(output_of("5") == shape{1, 14, 14, 112});
  CHECK(output_of("6") == shape{1, 7, 7, 192});
  CHECK(output_of("7") == shape{1, 7, 7, 320});
  CHECK(output_of("head.conv") == shape{1, 7, 7, 1280});
  CHECK(graph.output() == shape{1, 1, 1, 1000});
}

TEST_CASE("a candidate that cannot exist names the stage") {
  const auto small = scaled(zoo::efficientnet_b0.only(), {.resolution = 8});
  CHECK_THROWS_MATCHES(to_network(small), network_error,
                       Catch::Matchers::Message(
                           "nascent: network 'EfficientNet-B0', stage '4': found 1 against 2; allowed: a feature map "
                           "of 1x1 or more; use a larger input or a smaller stride"));
}
