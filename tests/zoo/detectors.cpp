// SPDX-License-Identifier: Apache-2.0
#include "nascent/zoo/detectors.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "nascent/cost/cost.hpp"

using namespace nascent;

// The same module in PyTorch, by FlopCounterMode; the paper prints none of the two.
TEST_CASE("U-Net at its original sizes") {
  const network graph = make_network("U-Net", {1, 572, 572, 1}, zoo::u_net{});
  CHECK(graph.output() == shape{1, 388, 388, 2});
  CHECK(cost(graph).params == 31'030'658);
  CHECK(cost(graph).macs == 150'428'424'448);
  // As it is mostly built today, with batch normalisations behind the biases.
  const network normalised = make_network("U-Net", {1, 572, 572, 1}, zoo::u_net{.batch_norm = true});
  CHECK(cost(normalised).params == 31'042'434);
}

TEST_CASE("U-Net with padding gives out a map as large as its input") {
  const network graph = make_network("U-Net", {1, 64, 96, 3}, zoo::u_net{.width = 8, .pad = padding::same});
  CHECK(graph.output() == shape{1, 64, 96, 2});
  for (const layer& l : graph.layers()) CHECK(l.kind != layer_kind::slice);
}

TEST_CASE("a U-Net needs an image that is left after all its convolutions") {
  CHECK_THROWS_AS(make_network("U-Net", {1, 64, 64, 1}, zoo::u_net{}), network_error);
}

// torchvision 0.21, ssdlite320_mobilenet_v3_large: its parameters, the shapes of its backbone's maps, and the
// multiply-adds of backbone and heads that PyTorch's FlopCounterMode sees.
TEST_CASE("SSDLite320 on MobileNetV3-Large as torchvision has it") {
  const network graph = make_network("SSDLite320-MobileNetV3-Large", {1, 320, 320, 3}, zoo::ssdlite_mobilenet_v3{});
  CHECK(cost(graph).params == 3'440'060);
  CHECK(cost(graph).macs == 583'171'904);
  const std::vector<network_output> outputs = graph.outputs();
  REQUIRE(outputs.size() == 12);
  const int sizes[] = {20, 10, 5, 3, 2, 1};
  int boxes = 0;
  for (int i = 0; i < 6; ++i) {
    const network_output& classes = outputs[static_cast<std::size_t>(2 * i)];
    const network_output& corners = outputs[static_cast<std::size_t>(2 * i + 1)];
    CHECK(classes.name == "classes_" + std::to_string(i));
    CHECK(corners.name == "boxes_" + std::to_string(i));
    CHECK(graph.tensor_shape(classes.tensor) == shape{1, sizes[i], sizes[i], 6 * 91});
    CHECK(graph.tensor_shape(corners.tensor) == shape{1, sizes[i], sizes[i], 6 * 4});
    boxes += 6 * sizes[i] * sizes[i];
  }
  CHECK(boxes == 3234);  // anchors of torchvision's generator at 320 px
}
