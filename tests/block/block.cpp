// SPDX-License-Identifier: Apache-2.0
#include "nascent/block/block.hpp"

#include "build_block.hpp"
#include <catch2/catch_test_macros.hpp>

using namespace nascent;
using test::build_block;
using test::kinds;

namespace {

// One by one: some kinds are called like blocks.
constexpr auto convolution = layer_kind::convolution;
constexpr auto global_average_pool = layer_kind::global_average_pool;
constexpr auto multiply = layer_kind::multiply;
constexpr auto add = layer_kind::add;

}  // namespace

// Parameters are those of weights, biases, gamma and beta; MACs are per image.

TEST_CASE("conv") {
  const network graph = build_block(conv{.filters = 32}, {1, 224, 224, 3}, 2);
  CHECK(graph.output() == shape{1, 112, 112, 32});
  CHECK(test::params(graph) == 3 * 3 * 3 * 32 + 2 * 32);
  CHECK(test::macs(graph) == 112LL * 112 * 3 * 3 * 3 * 32);
  CHECK(graph.layers()[0].act == relu);
  CHECK(graph.layers()[0].batch_norm);
}

TEST_CASE("conv in groups, with a residual") {
  const network graph = build_block(conv{.filters = 64, .groups = 4, .residual = residual::identity}, {1, 8, 8, 64});
  CHECK(kinds(graph) == std::vector{convolution, add});
  CHECK(test::params(graph) == 3 * 3 * (64 / 4) * 64 + 2 * 64);
}

TEST_CASE("depthwise_conv keeps the channels") {
  const network graph = build_block(depthwise_conv{.kernel = 5, .act = swish}, {1, 15, 15, 24}, 2);
  CHECK(graph.output() == shape{1, 8, 8, 24});
  CHECK(graph.layers()[0].is_depthwise());
  CHECK(test::params(graph) == 5 * 5 * 24 + 2 * 24);
  CHECK(test::macs(graph) == 8 * 8 * 5 * 5 * 24);
}

// Second block of EfficientNet-B0's stage 2: 10710 parameters in every public implementation.
TEST_CASE("mbconv") {
  const network graph =
      build_block(mbconv{.filters = 24, .kernel = 3, .expand = 6, .se = .25, .act = swish}, {1, 56, 56, 24});
  CHECK(kinds(graph) == std::vector{convolution, convolution, global_average_pool, convolution, convolution, multiply,
                                    convolution, add});
  const std::int64_t expand = 24 * 144 + 2 * 144;
  const std::int64_t depthwise = 9 * 144 + 2 * 144;
  const std::int64_t gate = (144 * 6 + 6) + (6 * 144 + 144);
  const std::int64_t project = 144 * 24 + 2 * 24;
  CHECK(expand + depthwise + gate + project == 10'710);
  CHECK(test::params(graph) == 10'710);
  CHECK(test::macs(graph) == 56 * 56 * (24 * 144 + 9 * 144 + 144 * 24) + 2 * 144 * 6);
  CHECK(graph.layers()[6].act == identity);
  CHECK(graph.layers()[7].act == identity);
}

TEST_CASE("mbconv leaves the expansion out at ratio 1, unless told otherwise") {
  CHECK(kinds(build_block(mbconv{.filters = 16, .expand = 1}, {1, 8, 8, 32})) == std::vector{convolution, convolution});
  CHECK(kinds(build_block(mbconv{.filters = 16, .expand = 1, .always_expand = true}, {1, 8, 8, 32})) ==
        std::vector{convolution, convolution, convolution});
}

TEST_CASE("mbconv adds its input only where shapes match") {
  CHECK(kinds(build_block(mbconv{.filters = 32}, {1, 8, 8, 32})).back() == add);
  CHECK(kinds(build_block(mbconv{.filters = 32}, {1, 8, 8, 32}, 2)).back() == convolution);
  CHECK(kinds(build_block(mbconv{.filters = 40}, {1, 8, 8, 32})).back() == convolution);
  CHECK(kinds(build_block(mbconv{.filters = 32, .residual = residual::none}, {1, 8, 8, 32})).back() == convolution);
}

TEST_CASE("conv, mbconv and fused_mbconv pad as told") {
  const auto pads = [](const network& graph) {
    std::vector<padding> all;
    for (const layer& l : graph.layers()) all.push_back(l.pad);
    return all;
  };
  CHECK(pads(build_block(conv{.filters = 8}, {1, 8, 8, 8}, 2)) == std::vector{padding::same});
  CHECK(pads(build_block(conv{.filters = 8, .pad = padding::symmetric}, {1, 8, 8, 8}, 2)) ==
        std::vector{padding::symmetric});
  CHECK(pads(build_block(mbconv{.filters = 8, .pad = padding::symmetric}, {1, 8, 8, 8}, 2)) ==
        std::vector{padding::same, padding::symmetric, padding::same});  // 1x1 convolutions have nothing to pad
  CHECK(build_block(conv{.filters = 8, .pad = padding::valid}, {1, 8, 8, 8}).output() == shape{1, 6, 6, 8});
  CHECK(pads(build_block(fused_mbconv{.filters = 8, .pad = padding::symmetric}, {1, 8, 8, 8}, 2)) ==
        std::vector{padding::symmetric, padding::same});
  CHECK(build_block(fused_mbconv{.filters = 8, .pad = padding::valid}, {1, 8, 8, 8}, 2).output() == shape{1, 3, 3, 8});
}

// Block 2 of EfficientNet-X-B0 (its layers 8 to 10): 31392 + 7080 + 3504 parameters.
TEST_CASE("fused_mbconv") {
  const network graph = build_block(fused_mbconv{.filters = 24, .expand = 6, .se = 1., .act = swish}, {1, 56, 56, 24});
  CHECK(kinds(graph) ==
        std::vector{convolution, global_average_pool, convolution, convolution, multiply, convolution, add});
  CHECK(test::params(graph) == 31'392 + 7'080 + 3'504);
  CHECK(test::macs(graph) == 97'542'144 + 6'912 + 10'838'016);
}

// torchvision resnet50: layer1.0 has 75008 parameters, layer2.0 has 379392; the 3x3 convolution carries the stride.
TEST_CASE("bottleneck is ResNet's") {
  const network first = build_block(bottleneck{.filters = 256}, {1, 56, 56, 64});
  CHECK(kinds(first) == std::vector{convolution, convolution, convolution, convolution, add});
  CHECK(test::params(first) == 75'008);
  const network second = build_block(bottleneck{.filters = 512}, {1, 56, 56, 256}, 2);
  CHECK(test::params(second) == 379'392);
  CHECK(second.layers()[0].stride_height == 1);
  CHECK(second.layers()[1].stride_height == 2);
  CHECK(second.layers()[4].act == relu);
  CHECK(second.output() == shape{1, 28, 28, 512});
}

// torchvision resnext50_32x4d: layer1.0 has 63488 parameters.
TEST_CASE("bottleneck in groups is ResNeXt's") {
  CHECK(test::params(build_block(bottleneck{.filters = 256, .ratio = .5, .groups = 32}, {1, 56, 56, 64})) == 63'488);
}

// Hu et al., 2018: a gate of 256 channels with ratio 1/16 has 2 * 256 * 16 + 16 + 256 parameters.
TEST_CASE("bottleneck gates its last convolution where told, as SE-ResNet does") {
  const network last = build_block(bottleneck{.filters = 256, .se = 1. / 16, .se_last = true}, {1, 56, 56, 64});
  CHECK(test::params(last) == 75'008 + 8'464);
  CHECK(last.layers()[3].kind == global_average_pool);
  CHECK(last.layers()[3].output.channels == 256);
  const network before = build_block(bottleneck{.filters = 256, .se = 1. / 16}, {1, 56, 56, 64});
  CHECK(before.layers()[2].kind == global_average_pool);
  CHECK(before.layers()[2].output.channels == 64);
}

TEST_CASE("bottleneck pads its strided convolution as told") {
  CHECK(build_block(bottleneck{.filters = 64}, {1, 8, 8, 64}, 2).layers()[1].pad == padding::same);
  CHECK(build_block(bottleneck{.filters = 64, .pad = padding::symmetric}, {1, 8, 8, 64}, 2).layers()[1].pad ==
        padding::symmetric);
}

TEST_CASE("space_to_depth is a convolution of n x n with stride n") {
  const network graph = build_block(space_to_depth{.factor = 2}, {1, 112, 112, 32});
  CHECK(kinds(graph) == std::vector{convolution});
  CHECK(graph.output() == shape{1, 56, 56, 128});
  CHECK(test::params(graph) == 16'640);  // row 1 of effnetx_b0_layers.csv
  CHECK(test::macs(graph) == 51'380'224);
}

TEST_CASE("the pure copies move elements and have no parameters") {
  const network depth = build_block(space_to_depth_copy{.factor = 4}, {1, 8, 12, 3});
  CHECK(depth.output() == shape{1, 2, 3, 48});
  const network batch = build_block(space_to_batch{.factor = 2}, {1, 8, 12, 3});
  CHECK(batch.output() == shape{4, 4, 6, 3});
  CHECK(build_block(batch_to_space{.factor = 2}, batch.output()).output() == shape{1, 8, 12, 3});
  CHECK(test::params(depth) + test::params(batch) + test::macs(depth) + test::macs(batch) == 0);
}

TEST_CASE("the pure copies need a factor that divides") {
  CHECK_THROWS_AS(build_block(space_to_depth_copy{.factor = 2}, {1, 7, 8, 3}), network_error);
  CHECK_THROWS_AS(build_block(space_to_batch{.factor = 3}, {1, 9, 8, 3}), network_error);
  CHECK_THROWS_AS(build_block(batch_to_space{.factor = 2}, {3, 9, 8, 3}), network_error);
}

TEST_CASE("pooling and the classifier") {
  CHECK(build_block(max_pool{}, {1, 112, 112, 64}, 2).output() == shape{1, 56, 56, 64});
  CHECK(build_block(average_pool{.kernel = 2}, {1, 7, 7, 64}, 2).output() == shape{1, 4, 4, 64});
  CHECK(build_block(global_pool{}, {1, 7, 7, 1280}).output() == shape{1, 1, 1, 1280});
  const network classifier = build_block(dense{1000}, {1, 1, 1, 1280});
  CHECK(test::params(classifier) == 1'281'000);
  CHECK(test::macs(classifier) == 1'280'000);
  CHECK(classifier.layers()[0].act == identity);
}
