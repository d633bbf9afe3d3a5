// SPDX-License-Identifier: Apache-2.0
#include "nascent/network/strides.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "nascent/network/fingerprint.hpp"
#include "nascent/network/kernel.hpp"
#include "nascent/network/network.hpp"

using namespace nascent;

namespace {

struct recorder {
  std::vector<layer> layers;
  void operator()(const layer& l) { layers.push_back(l); }
};

/// The one layer that `build` makes.
template <class Build>
layer layer_of(const shape& input, Build build) {
  recorder sink;
  net<recorder> n(sink);
  build(n, n.input(input));
  REQUIRE(!n.fault());
  return sink.layers.at(0);
}

template <class Build>
fault_record fault_of(const shape& input, Build build) {
  recorder sink;
  net<recorder> n(sink);
  build(n, n.input(input));
  return n.fault();
}

uint128 fingerprint_of(const layer& l) {
  network_fingerprint f;
  f(l);
  return f.value();
}

}  // namespace

static_assert(sizeof(layer::stride_height) + sizeof(layer::stride_width) == sizeof(int), "the room of one number");

TEST_CASE("one number means both") {
  CHECK(strides{2} == strides{2, 2});
  CHECK(strides{} == 1);
  CHECK(strides{2, 1} != 2);
  const conv_options o{.filters = 4, .stride = {2, 1}};
  CHECK((o.stride.height == 2 && o.stride.width == 1));
  const kernel_size as_large(strides{3, 2});
  CHECK((as_large.height == 3 && as_large.width == 2));
}

// TensorFlow's guide to padding: out = ceil(in / stride), pad = max((out - 1) * stride + kernel - in, 0), half of it,
// rounded down, before the map. Each axis by itself.
TEST_CASE("SAME is TensorFlow's formula on rows and on columns") {
  for (const int height : {1, 2, 5, 8, 13})
    for (const int width : {1, 3, 6, 16})
      for (const strides& by : {strides{2, 1}, strides{1, 2}, strides{3, 2}, strides{1, 4}})
        for (const kernel_size& k : {kernel_size{1}, kernel_size{3}, kernel_size{2, 5}}) {
          const layer l = layer_of({1, height, width, 4},
                                   [&](auto& n, tensor x) { n.conv(x, {.filters = 4, .kernel = k, .stride = by}); });
          INFO(height << "x" << width << ", kernel " << k.height << "x" << k.width << ", strides " << by.height << "x"
                      << by.width);
          const auto check = [](int in, int kernel, int stride, int out, int before, int after) {
            const int right = (in + stride - 1) / stride;
            CHECK(out == right);
            const int pad = std::max((right - 1) * stride + kernel - in, 0);
            CHECK(before == pad / 2);
            CHECK(after == pad - pad / 2);
          };
          const window_padding around = padding_of(l);
          check(height, k.height, by.height, l.output.height, around.above, around.below);
          check(width, k.width, by.width, l.output.width, around.left, around.right);
        }
}

// torch.nn.Conv2d: out = floor((in + 2 padding - dilation (kernel - 1) - 1) / stride + 1).
TEST_CASE("symmetric padding is PyTorch's formula on rows and on columns") {
  for (const int height : {5, 8, 13})
    for (const int width : {6, 7, 16})
      for (const strides& by : {strides{2, 1}, strides{1, 2}, strides{3, 2}})
        for (const int dilation : {1, 2})
          for (const padding pad : {padding::symmetric, padding::valid}) {
            const layer l = layer_of({1, height, width, 4}, [&](auto& n, tensor x) {
              n.depthwise_conv(x, {.kernel = 3, .stride = by, .dilation = dilation, .pad = pad});
            });
            const int p = pad == padding::symmetric ? dilation : 0;
            CHECK(l.output.height == (height + 2 * p - 2 * dilation - 1) / by.height + 1);
            CHECK(l.output.width == (width + 2 * p - 2 * dilation - 1) / by.width + 1);
          }
}

TEST_CASE("what pads as SAME does on both axes is SAME") {
  const auto pad_of = [](int height, int width, strides by) {
    return layer_of({1, height, width, 4},
                    [&](auto& n, tensor x) {
                      n.conv(x, {.filters = 4, .kernel = 3, .stride = by, .pad = padding::symmetric});
                    })
        .pad;
  };
  // Stride 2 on an even size: SAME pads after the map alone.
  CHECK(pad_of(9, 8, {2, 1}) == padding::same);
  CHECK(pad_of(8, 9, {2, 1}) == padding::symmetric);
  CHECK(pad_of(8, 9, {1, 2}) == padding::same);
  CHECK(pad_of(9, 8, {1, 2}) == padding::symmetric);
}

TEST_CASE("keys and fingerprints tell strides apart, and those of one number are as they were") {
  const auto of = [](strides by) {
    return layer_of({1, 8, 8, 4}, [&](auto& n, tensor x) { n.max_pool(x, {.kernel = 3, .stride = by}); });
  };
  CHECK(kernel{.core = of(2)}.signature() == "max_pool 8x8x4>4x4x4 k3 s2");
  CHECK(kernel{.core = of({2, 1})}.signature() == "max_pool 8x8x4>4x8x4 k3 s2x1");
  layer rows = of({2, 1});
  layer columns = of({1, 2});
  columns.output = rows.output;
  CHECK(fingerprint_of(rows) != fingerprint_of(columns));
}

TEST_CASE("strides are 1 to 32768, each of them") {
  const auto pool = [](strides by) {
    return fault_of({1, 8, 8, 4}, [&](auto& n, tensor x) { n.max_pool(x, {.kernel = 3, .stride = by}); });
  };
  CHECK(pool({2, 0}).what == network_fault::stride);
  CHECK(pool({-1, 2}).what == network_fault::stride);
  CHECK(pool({1, 32769}).what == network_fault::stride);
  CHECK(pool({1, 32769}).allowed == network_limits::stride);
  CHECK(pool(2147483647).found == 2147483647);
  CHECK(!pool({1, 32768}));
  const layer l = layer_of({1, 8, 8, 4}, [](auto& n, tensor x) { n.max_pool(x, {.stride = {1, 32768}}); });
  CHECK(l.output == shape{1, 8, 1, 4});
}

TEST_CASE("a block that ignores one of its strides is at fault") {
  null_interpreter sink;
  net<null_interpreter> n(sink);
  const tensor in = n.input(8, 8, 4);
  n.check_stride(in, {1, 4, 8, 4, 1}, {2, 1}, "fine");
  CHECK(!n.fault());
  n.check_stride(in, {1, 8, 4, 4, 1}, {2, 1}, "turned");
  CHECK(n.fault().what == network_fault::stride_ignored);
  CHECK(n.fault().found == 8);
  CHECK(n.fault().allowed == 4);
}
