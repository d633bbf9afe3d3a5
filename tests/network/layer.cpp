// SPDX-License-Identifier: Apache-2.0
#include "nascent/network/layer.hpp"

#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>

using namespace nascent;
using namespace std::literals;
using Catch::Matchers::WithinRel;

namespace {

constexpr layer convolution(shape input, int filters, int kernel, int stride = 1, int groups = 1) {
  return {.kind = layer_kind::convolution,
          .batch_norm = true,
          .kernel_height = kernel,
          .kernel_width = kernel,
          .stride_height = static_cast<std::uint16_t>(stride),
          .stride_width = static_cast<std::uint16_t>(stride),
          .groups = groups,
          .input = input,
          .output = {input.batch, same_size(input.height, stride), same_size(input.width, stride), filters}};
}

/// Without the shift of a batch normalisation: what the papers' formulas look at.
constexpr layer bare(layer l) {
  l.batch_norm = false;
  return l;
}

}  // namespace

TEST_CASE("a convolution's parameters and MACs") {
  constexpr layer l = convolution({1, 14, 14, 80}, 112, 5, 2);
  STATIC_CHECK(weight_elements(l) == 5 * 5 * 80 * 112);
  STATIC_CHECK(params(l) == 5 * 5 * 80 * 112 + 2 * 112);
  STATIC_CHECK(macs(l) == 7 * 7 * 5 * 5 * 80 * 112);
  STATIC_CHECK(activations(l) == 7 * 7 * 112);
  STATIC_CHECK(!l.is_depthwise());
}

TEST_CASE("groups divide the input channels of each filter") {
  constexpr layer grouped = convolution({1, 8, 8, 64}, 96, 3, 1, 4);
  STATIC_CHECK(weight_elements(grouped) == 3 * 3 * 16 * 96);
  constexpr layer depthwise = convolution({1, 8, 8, 64}, 64, 3, 1, 64);
  STATIC_CHECK(weight_elements(depthwise) == 3 * 3 * 64);
  STATIC_CHECK(depthwise.is_depthwise());
  STATIC_CHECK(!convolution({1, 8, 8, 1}, 1, 3).is_depthwise());
  constexpr layer multiplied = convolution({1, 8, 8, 64}, 128, 3, 1, 64);  // two filters for each channel
  STATIC_CHECK(weight_elements(multiplied) == 3 * 3 * 128);
  STATIC_CHECK(!multiplied.is_depthwise());
}

TEST_CASE("a bias is one parameter for each channel, a batch normalisation two") {
  layer l = convolution({1, 1, 1, 8}, 4, 1);
  CHECK(params(l) == 32 + 8);
  l.batch_norm = false;
  CHECK(params(l) == 32);
  l.bias = true;
  CHECK(params(l) == 32 + 4);
}

TEST_CASE("a map that was split into a batch is convolved once for each part") {
  STATIC_CHECK(macs(convolution({4, 7, 7, 16}, 16, 1)) == 4 * 7 * 7 * 16 * 16);
}

TEST_CASE("MACs do not overflow 32 bits") {
  STATIC_CHECK(macs(convolution({1, 512, 512, 512}, 512, 3)) == std::int64_t{9} << 36);
}

TEST_CASE("layers without weights have no parameters, MACs and activations") {
  for (const layer_kind kind :
       {layer_kind::max_pool, layer_kind::average_pool, layer_kind::global_average_pool, layer_kind::add,
        layer_kind::multiply, layer_kind::concatenate, layer_kind::activate, layer_kind::space_to_depth,
        layer_kind::space_to_batch, layer_kind::batch_to_space, layer_kind::resize_nearest, layer_kind::resize_bilinear,
        layer_kind::pad, layer_kind::channel_shuffle, layer_kind::slice, layer_kind::depth_to_space}) {
    const layer l{.kind = kind, .input = {1, 8, 8, 16}, .output = {1, 8, 8, 16}};
    CAPTURE(to_string(kind));
    CHECK(params(l) == 0);
    CHECK(macs(l) == 0);
    CHECK(activations(l) == 0);
  }
}

TEST_CASE("traffic: inputs and outputs for each image, weights once for the batch") {
  constexpr layer l = convolution({1, 14, 14, 80}, 112, 3, 2);
  constexpr std::int64_t in = 14 * 14 * 80;
  constexpr std::int64_t out = 7 * 7 * 112;
  constexpr std::int64_t constants =
      3 * 3 * 80 * 112 + 112;  // a folded normalisation leaves one shift for each channel
  STATIC_CHECK(traffic(l, false, data_type::f32, 1) == 4 * (in + out + constants));
  STATIC_CHECK(traffic(l, false, data_type::bf16, 128) == 2 * (128 * (in + out) + constants));
}

// torch.nn.ConvTranspose2d(64, 32, 2, 2) has 8224 parameters; each of its weights meets each pixel that enters once.
TEST_CASE("a transposed convolution works at the pixels that enter") {
  constexpr layer l{.kind = layer_kind::transposed_convolution,
                    .bias = true,
                    .kernel_height = 2,
                    .kernel_width = 2,
                    .stride_height = 2,
                    .stride_width = 2,
                    .input = {1, 28, 28, 64},
                    .output = {1, 56, 56, 32}};
  STATIC_CHECK(params(l) == 8224);
  STATIC_CHECK(macs(l) == 28 * 28 * 8192);
  STATIC_CHECK(activations(l) == 56 * 56 * 32);
  STATIC_CHECK(group_of(l) == kernel_group::convolution);
  STATIC_CHECK(!l.is_depthwise());
}

TEST_CASE("traffic of sums and products whose second operand is repeated") {
  constexpr shape map{1, 7, 7, 32};
  const auto elements = [&](layer_kind kind, broadcast over) {
    return traffic({.kind = kind, .over = over, .operand_count = 2, .input = map, .output = map}, false, data_type::f32,
                   1) /
           4;
  };
  constexpr std::int64_t two = 2 * 7 * 7 * 32;
  for (const layer_kind kind : {layer_kind::add, layer_kind::multiply}) {
    CHECK(elements(kind, broadcast::nothing) == two + 7 * 7 * 32);
    CHECK(elements(kind, broadcast::positions) == two + 32);
    CHECK(elements(kind, broadcast::channels) == two + 49);
    CHECK(elements(kind, broadcast::all) == two + 1);
  }
  STATIC_CHECK(second_operand({.over = broadcast::channels, .output = map}) == shape{1, 7, 7, 1});
}

TEST_CASE("a layer has not grown") { STATIC_CHECK(sizeof(layer) == 100); }

TEST_CASE("traffic of element-wise layers") {
  constexpr shape map{1, 7, 7, 32};
  constexpr std::int64_t n = map.elements();
  STATIC_CHECK(traffic({.kind = layer_kind::add, .operand_count = 2, .input = map, .output = map}, false,
                       data_type::f32, 1) == 4 * 3 * n);
  STATIC_CHECK(traffic({.kind = layer_kind::add, .operand_count = 2, .input = map, .output = map}, true, data_type::f32,
                       1) == 4 * n);
  STATIC_CHECK(
      traffic(
          {.kind = layer_kind::multiply, .over = broadcast::positions, .operand_count = 2, .input = map, .output = map},
          false, data_type::f32, 2) == 4 * 2 * (2 * n + 32));
  STATIC_CHECK(traffic({.kind = layer_kind::activate, .input = map, .output = map}, false, data_type::f32, 1) ==
               4 * 2 * n);
  STATIC_CHECK(traffic({.kind = layer_kind::global_average_pool, .input = map, .output = {1, 1, 1, 32}}, false,
                       data_type::f32, 1) == 4 * (n + 32));
}

// EfficientNet-X paper, equation 2. W counts multiply-adds, and I divides by elements, not by bytes; input and output
// have one shape.
TEST_CASE("equation 2: computation and operational intensity of a convolution") {
  struct setting {
    int n, h, w, c, k;
  };
  for (const auto& [n, h, w, c, k] :
       {setting{1, 56, 56, 24, 3}, setting{8, 28, 28, 40, 5}, setting{128, 14, 14, 112, 3}}) {
    CAPTURE(n, h, w, c, k);
    const layer l = bare(convolution({1, h, w, c}, c, k));
    const double work = 1. * n * h * w * c * c * k * k;
    const double elements = 2. * n * h * w * c + 1. * c * c * k * k;
    CHECK(static_cast<double>(n * macs(l)) == work);
    for (const data_type type : {data_type::f32, data_type::bf16})
      CHECK(static_cast<double>(traffic(l, false, type, n) / size_of(type)) == elements);
  }
}

// Its line for depthwise convolutions holds for a depthwise and a pointwise convolution together.
TEST_CASE("equation 2: computation and operational intensity of depthwise plus pointwise convolution") {
  const int n = 128, h = 28, w = 28, c = 48, k = 5;
  const layer depthwise = bare(convolution({1, h, w, c}, c, k, 1, c));
  const layer pointwise = bare(convolution({1, h, w, c}, c, 1));
  const double work = 1. * n * h * w * c * (c + k * k);
  const double elements = 4. * n * h * w * c + 1. * c * k * k + 1. * c * c;
  const auto moved = [](const layer& l) {
    return static_cast<double>(traffic(l, false, data_type::bf16, n) / size_of(data_type::bf16));
  };
  CHECK(static_cast<double>(n * (macs(depthwise) + macs(pointwise))) == work);
  CHECK(moved(depthwise) + moved(pointwise) == elements);
  const layer full = bare(convolution({1, h, w, c}, c, k));
  CHECK(work / elements < static_cast<double>(n * macs(full)) / moved(full));  // why fused blocks can be faster
}

TEST_CASE("every kind has its own name") {
  CHECK(to_string(layer_kind::convolution) == "convolution"sv);
  CHECK(to_string(layer_kind::global_average_pool) == "global_average_pool"sv);
  CHECK(to_string(layer_kind::batch_to_space) == "batch_to_space"sv);
  CHECK(to_string(static_cast<layer_kind>(99)) == "unknown"sv);
}
