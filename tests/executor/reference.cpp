// SPDX-License-Identifier: Apache-2.0
// Numbers worked out by hand, so that the reference is checked against something outside of this library.
#include "nascent/executor/reference.hpp"

#include <cmath>
#include <numeric>

#include "networks.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/block/block.hpp"

using namespace nascent;

namespace {

using numbers = std::vector<float>;

/// 1, 2, 3, ...
numbers count_up(std::size_t n) {
  numbers result(n);
  std::iota(result.begin(), result.end(), 1.0F);
  return result;
}

/// Runs a network whose only layer with weights, if any, is the first.
template <class Build>
numbers run(shape input, const numbers& in, layer_weights first, Build&& build, int batch = 1) {
  const network graph = make_network("by hand", input, build);
  weights values(graph.layers().size());
  values[0] = std::move(first);
  return test::run_once(reference::executor{}, graph, values, in, batch);
}

/// One convolution.
numbers convolve(shape input, const numbers& in, const conv_options& o, const numbers& kernel, const numbers& bias) {
  return run(input, in, {kernel, bias}, [&](auto& net, tensor x) { net.conv(x, o); });
}

const numbers ones9(9, 1.0F);

}  // namespace

TEST_CASE("reference: 3x3 convolution with SAME padding") {
  // 1 2 3
  // 4 5 6   each output is the sum of the pixel and its neighbours
  // 7 8 9
  CHECK(convolve({1, 3, 3, 1}, count_up(9), {.filters = 1, .kernel = 3}, ones9, {0}) ==
        numbers{12, 21, 16, 27, 45, 33, 24, 39, 28});
  CHECK(convolve({1, 3, 3, 1}, count_up(9), {.filters = 1, .kernel = 3}, ones9, {0.5F}) ==
        numbers{12.5F, 21.5F, 16.5F, 27.5F, 45.5F, 33.5F, 24.5F, 39.5F, 28.5F});
}

TEST_CASE("reference: the kernel is not flipped, and even kernels pad after") {
  // rows 1 2 3, taps 10 and 1: 10 * left + right
  CHECK(convolve({1, 1, 3, 1}, {1, 2, 3}, {.filters = 1, .kernel = {1, 2}}, {10, 1}, {0}) == numbers{12, 23, 30});
}

// Figures of PyTorch 2 (conv2d, max_pool2d, avg_pool2d without padded positions), of ONNX Runtime's Conv for
// SAME_UPPER, on a map of 5 x 6 that counts up from 1, with taps 1 to 9.
TEST_CASE("reference: strides that differ between rows and columns") {
  const auto convolved = [](strides by, padding pad) {
    return convolve({1, 5, 6, 1}, count_up(30), {.filters = 1, .kernel = 3, .stride = by, .pad = pad}, count_up(9),
                    {0});
  };
  CHECK(convolved({2, 1}, padding::same) ==
        numbers{145, 226, 265, 304, 343, 223, 519, 744, 789, 834, 879, 546, 379, 514, 535, 556, 577, 337});
  CHECK(convolved({1, 2}, padding::same) ==
        numbers{226, 304, 223, 474, 564, 384, 744, 834, 546, 1014, 1104, 708, 514, 556, 337});
  CHECK(convolved({3, 2}, padding::same) == numbers{474, 564, 384, 514, 556, 337});
  CHECK(convolved({2, 1}, padding::symmetric) == convolved({2, 1}, padding::same));
  CHECK(convolved({1, 2}, padding::symmetric) ==
        numbers{145, 265, 343, 321, 519, 609, 519, 789, 879, 717, 1059, 1149, 379, 535, 577});
  CHECK(convolved({3, 2}, padding::symmetric) == numbers{145, 265, 343, 717, 1059, 1149});
  CHECK(run({1, 5, 6, 1}, count_up(30), {}, [](auto& net, tensor x) {
          net.max_pool(x, {.kernel = {3, 2}, .stride = {2, 1}});
        }) == numbers{8, 9, 10, 11, 12, 12, 20, 21, 22, 23, 24, 24, 26, 27, 28, 29, 30, 30});
  CHECK(run({1, 5, 6, 1}, count_up(30), {}, [](auto& net, tensor x) {
          net.average_pool(x, {.kernel = 3, .stride = {1, 2}, .pad = padding::symmetric});
        }) == numbers{4.5F, 6, 8, 7.5F, 9, 11, 13.5F, 15, 17, 19.5F, 21, 23, 22.5F, 24, 26});
}

TEST_CASE("reference: stride 2 on an even map pads at the end only, on an odd map on both sides") {
  // 4x4 of 1..16: windows start at rows and columns 0 and 2
  CHECK(convolve({1, 4, 4, 1}, count_up(16), {.filters = 1, .kernel = 3, .stride = 2}, ones9, {0}) ==
        numbers{54, 45, 72, 54});
  // 3x3 of 1..9: windows start at -1 and 1
  CHECK(convolve({1, 3, 3, 1}, count_up(9), {.filters = 1, .kernel = 3, .stride = 2}, ones9, {0}) ==
        numbers{12, 16, 24, 28});
}

TEST_CASE("reference: symmetric padding starts before the map, valid windows stay inside") {
  // 4x4 of 1..16: windows start at rows and columns -1 and 1
  const auto sum = [](int size, const conv_options& o) {
    return convolve({1, size, size, 1}, count_up(static_cast<std::size_t>(size * size)), o, ones9, {0});
  };
  CHECK(sum(4, {.filters = 1, .kernel = 3, .stride = 2, .pad = padding::symmetric}) == numbers{14, 30, 57, 99});
  CHECK(sum(4, {.filters = 1, .kernel = 3, .pad = padding::valid}) == numbers{54, 63, 90, 99});
  CHECK(sum(4, {.filters = 1, .kernel = 3, .stride = 2, .pad = padding::valid}) == numbers{54});
  // 5x5 of 1..25, every second pixel
  CHECK(sum(5, {.filters = 1, .kernel = 3, .dilation = 2, .pad = padding::valid}) == numbers{117});
  // rows 1 2 3 4, taps 10 and 1: an even kernel pads nothing symmetrically
  CHECK(convolve({1, 1, 4, 1}, {1, 2, 3, 4}, {.filters = 1, .kernel = {1, 2}, .pad = padding::symmetric}, {10, 1},
                 {0}) == numbers{12, 23, 34});
  CHECK(run({1, 1, 4, 1}, count_up(4), {{1, 2, 4}, {0}}, [](auto& net, tensor x) {
          net.depthwise_conv(x, {.kernel = {1, 3}, .pad = padding::valid});
        }) == numbers{17, 24});
}

TEST_CASE("reference: a stride larger than the kernel skips pixels") {
  CHECK(convolve({1, 1, 7, 1}, count_up(7), {.filters = 1, .kernel = {1, 1}, .stride = 1}, {2}, {0}) ==
        numbers{2, 4, 6, 8, 10, 12, 14});
  CHECK(convolve({1, 3, 3, 1}, count_up(9), {.filters = 1, .kernel = 1, .stride = 2}, {1}, {0}) == numbers{1, 3, 7, 9});
}

TEST_CASE("reference: dilation 2 reads every second pixel") {
  const numbers out = convolve({1, 5, 5, 1}, count_up(25), {.filters = 1, .kernel = 3, .dilation = 2}, ones9, {0});
  CHECK(out[12] == 1 + 3 + 5 + 11 + 13 + 15 + 21 + 23 + 25);
  CHECK(out[0] == 1 + 3 + 11 + 13);
  CHECK(out[24] == 13 + 15 + 23 + 25);
}

TEST_CASE("reference: asymmetric kernels") {
  CHECK(convolve({1, 1, 3, 1}, {1, 2, 3}, {.filters = 1, .kernel = {1, 3}}, {1, 2, 3}, {0}) == numbers{8, 14, 8});
  CHECK(convolve({1, 3, 1, 1}, {1, 2, 3}, {.filters = 1, .kernel = {3, 1}}, {1, 2, 3}, {0}) == numbers{8, 14, 8});
  CHECK(convolve({1, 1, 3, 1}, {1, 2, 3}, {.filters = 1, .kernel = {3, 1}}, {1, 2, 3}, {0}) == numbers{2, 4, 6});
}

TEST_CASE("reference: channels, filters and groups") {
  // pixel (1, 2), filters 1*a + 10*b and 100*a + 1000*b
  CHECK(convolve({1, 1, 1, 2}, {1, 2}, {.filters = 2}, {1, 10, 100, 1000}, {0, 0}) == numbers{21, 2100});
  // two groups of two channels, two filters each
  CHECK(convolve({1, 1, 1, 4}, {1, 2, 3, 4}, {.filters = 4, .groups = 2}, {1, 10, 2, 20, 3, 30, 4, 40}, {0, 0, 0, 1}) ==
        numbers{21, 42, 129, 173});
  // depthwise: one filter per channel
  CHECK(run({1, 1, 3, 2}, {1, 10, 2, 20, 3, 30}, {{1, 1, 1, 0, 0, 2}, {0, 5}}, [](auto& net, tensor x) {
          net.depthwise_conv(x, {.kernel = {1, 3}});
        }) == numbers{3, 45, 6, 65, 5, 5});
}

TEST_CASE("reference: max pool ignores padding even where all numbers are negative") {
  CHECK(run({1, 3, 3, 1}, {-1, -2, -3, -4, -5, -6, -7, -8, -9}, {},
            [](auto& net, tensor x) { net.max_pool(x, {.kernel = 3, .stride = 2}); }) == numbers{-1, -2, -4, -5});
}

TEST_CASE("reference: average pool does not count padding") {
  CHECK(run({1, 3, 3, 1}, count_up(9), {}, [](auto& net, tensor x) { net.average_pool(x, {}); }) ==
        numbers{3, 4.5F, 7.5F, 9});
}

TEST_CASE("reference: pools with other paddings") {
  const auto pool = [](bool largest, const pool_options& o) {
    return run({1, 4, 4, 1}, count_up(16), {},
               [&](auto& net, tensor x) { largest ? net.max_pool(x, o) : net.average_pool(x, o); });
  };
  CHECK(pool(true, {.kernel = 3, .stride = 2}) == numbers{11, 12, 15, 16});
  CHECK(pool(true, {.kernel = 3, .stride = 2, .pad = padding::symmetric}) == numbers{6, 8, 14, 16});
  CHECK(pool(true, {.kernel = 3, .stride = 1, .pad = padding::valid}) == numbers{11, 12, 15, 16});
  CHECK(pool(false, {.kernel = 3, .stride = 2, .pad = padding::symmetric}) == numbers{3.5F, 5, 9.5F, 11});
  CHECK(pool(false, {.kernel = 3, .stride = 2, .pad = padding::valid}) == numbers{6});
}

TEST_CASE("reference: pools as PyTorch prints them, with padding that counts and windows rounded up") {
  const auto pool = [](bool largest, const pool_options& o) {
    return run({1, 4, 4, 1}, count_up(16), {},
               [&](auto& net, tensor x) { largest ? net.max_pool(x, o) : net.average_pool(x, o); });
  };
  CHECK(pool(false, {.kernel = 3, .stride = 2, .pad = padding::symmetric, .count_padding = true}) ==
        numbers{14 / 9.F, 30 / 9.F, 57 / 9.F, 11});
  CHECK(pool(false, {.kernel = 3, .stride = 1, .count_padding = true}) ==
        numbers{14 / 9.F, 24 / 9.F, 30 / 9.F, 22 / 9.F, 33 / 9.F, 6, 7, 5, 57 / 9.F, 10, 11, 69 / 9.F, 46 / 9.F, 8,
                78 / 9.F, 6});
  CHECK(pool(true, {.kernel = 3, .stride = 2, .pad = padding::valid, .ceil = true}) == numbers{11, 12, 15, 16});
  CHECK(pool(false, {.kernel = 3, .stride = 2, .pad = padding::valid, .ceil = true}) == numbers{6, 7.5F, 12, 13.5F});
}

TEST_CASE("reference: pools over whole maps and over equal parts of them") {
  const auto block = [](const auto& b) {
    return run({1, 4, 4, 1}, count_up(16), {}, [&](auto& net, tensor x) { b(net, x, 1); });
  };
  CHECK(block(global_max_pool{}) == numbers{16});
  CHECK(block(adaptive_pool{.size = 2}) == numbers{3.5F, 5.5F, 11.5F, 13.5F});
  CHECK(block(adaptive_pool{.size = 1}) == numbers{8.5F});
}

TEST_CASE("reference: slices") {
  // two images of two pixels with three channels
  const numbers maps = count_up(12);
  const auto part = [&](int first, int channels) {
    return run(
        {1, 1, 2, 3}, maps, {}, [&](auto& net, tensor x) { net.slice(x, first, channels); }, 2);
  };
  CHECK(part(0, 1) == numbers{1, 4, 7, 10});
  CHECK(part(1, 2) == numbers{2, 3, 5, 6, 8, 9, 11, 12});
  CHECK(part(0, 3) == maps);
}

TEST_CASE("reference: softmax over parts") {
  // e^log(n) is n: two parts of two channels, channel 0 has 1 and 3, channel 1 has 2 and 2; then everything equal
  const float two = std::log(2.0F);
  const float three = std::log(3.0F);
  CHECK(test::distance(
            run(
                {1, 1, 1, 4}, {0, two, three, two, 9, 9, 9, 9}, {}, [](auto& net, tensor x) { net.softmax(x, 2); }, 2),
            numbers{0.25F, 0.5F, 0.75F, 0.5F, 0.5F, 0.5F, 0.5F, 0.5F}) < 1e-7);
  CHECK(test::distance(run({1, 1, 1, 3}, {0, two, three}, {}, [](auto& net, tensor x) { net.softmax(x, 3); }),
                       numbers{1 / 6.0F, 2 / 6.0F, 3 / 6.0F}) < 1e-7);
  CHECK(run({1, 1, 1, 2}, {5, -5}, {}, [](auto& net, tensor x) { net.softmax(x, 1); }) == numbers{1, 1});
  CHECK(run({1, 1, 1, 2}, {1000, -1000}, {}, [](auto& net, tensor x) { net.softmax(x, 2); }) == numbers{1, 0});
}

TEST_CASE("reference: global pool, dense, batch") {
  CHECK(run({1, 2, 2, 2}, {1, 10, 2, 20, 3, 30, 4, 40}, {}, [](auto& net, tensor x) { net.global_pool(x); }) ==
        numbers{2.5F, 25});
  CHECK(run(
            {1, 1, 1, 2}, {1, 2, 3, 4}, {{1, 10, 100, 1000, 0, -1}, {0, 0, 7}},
            [](auto& net, tensor x) { net.dense(x, {.units = 3}); }, 2) == numbers{21, 2100, 5, 43, 4300, 3});
}

TEST_CASE("reference: sums, gates, concatenation") {
  CHECK(run({1, 1, 2, 1}, {1, -3}, {}, [](auto& net, tensor x) { net.add(x, x, relu); }) == numbers{2, 0});
  // two images, two pixels, two channels; the gate is the channels' mean
  CHECK(run(
            {1, 1, 2, 2}, {1, 10, 3, 30, 2, 1, 2, 3}, {},
            [](auto& net, tensor x) { net.multiply(x, net.global_pool(x)); },
            2) == numbers{2, 200, 6, 600, 4, 2, 4, 6});
  CHECK(run({1, 1, 2, 2}, {1, 2, 3, 4}, {}, [](auto& net, tensor x) {
          net.concatenate(x, net.max_pool(x, {.kernel = {1, 2}, .stride = 1}), x);
        }) == numbers{1, 2, 3, 4, 1, 2, 3, 4, 3, 4, 3, 4});
}

namespace {

/// What is printed with few digits.
bool about(const numbers& found, const numbers& expected) { return test::distance(found, expected) < 1e-6; }

}  // namespace

// The figures below are PyTorch's 2.6 in f64: conv_transpose2d, interpolate with align_corners false, pixel by pixel.
TEST_CASE("reference: transposed convolutions") {
  const auto transpose = [](shape input, const numbers& in, const transposed_conv_options& o, const numbers& kernel,
                            const numbers& bias) {
    return run(input, in, {kernel, bias}, [&](auto& net, tensor x) { net.transposed_conv(x, o); });
  };
  CHECK(transpose({1, 2, 2, 1}, count_up(4), {.filters = 1, .kernel = 3, .padding = 1, .output_padding = 1},
                  count_up(9), {0}) == numbers{5, 14, 10, 12, 14, 36, 24, 30, 15, 34, 20, 24, 24, 55, 32, 36});
  CHECK(transpose({1, 1, 3, 1}, count_up(3), {.filters = 1, .kernel = {1, 2}, .stride = 1, .dilation = 2}, {1, 2},
                  {0.5F}) == numbers{1.5F, 2.5F, 5.5F, 4.5F, 6.5F});
  CHECK(transpose({1, 1, 2, 2}, {1, 3, 2, 4}, {.filters = 4, .kernel = {1, 2}, .groups = 2}, count_up(8),
                  {0, 0, 0, 0}) == numbers{1, 3, 15, 21, 2, 4, 18, 24, 2, 6, 20, 28, 4, 8, 24, 32});
}

TEST_CASE("reference: resized maps") {
  const auto resize = [](shape input, const resize_options& o) {
    return run(input, count_up(static_cast<std::size_t>(input.elements())), {},
               [&](auto& net, tensor x) { net.resize(x, o); });
  };
  CHECK(resize({1, 1, 3, 1}, {.height = 1, .width = 5}) == numbers{1, 1, 2, 2, 3});
  CHECK(resize({1, 1, 5, 1}, {.height = 1, .width = 3}) == numbers{1, 2, 4});
  CHECK(resize({1, 1, 7, 1}, {.height = 1, .width = 4}) == numbers{1, 2, 4, 6});
  CHECK(resize({1, 1, 2, 2}, {.scale = 2}) == numbers{1, 2, 1, 2, 3, 4, 3, 4, 1, 2, 1, 2, 3, 4, 3, 4});
  constexpr auto linear = interpolation::bilinear;
  CHECK(about(resize({1, 2, 3, 1}, {.height = 4, .width = 5, .how = linear}),
              {1,     1.4F,  2,     2.6F,  3,     1.75F, 2.15F, 2.75F, 3.35F, 3.75F,
               3.25F, 3.65F, 4.25F, 4.85F, 5.25F, 4,     4.4F,  5,     5.6F,  6}));
  CHECK(about(resize({1, 1, 5, 1}, {.height = 1, .width = 3, .how = linear}), {4.0F / 3, 3, 14.0F / 3}));
  CHECK(about(resize({1, 1, 2, 1}, {.height = 1, .width = 5, .how = linear}), {1, 1.1F, 1.5F, 1.9F, 2}));
}

TEST_CASE("reference: frames, parts, shuffled channels") {
  const auto move = [](shape input, auto build) {
    return run(input, count_up(static_cast<std::size_t>(input.elements())), {}, build);
  };
  CHECK(move({1, 1, 2, 1}, [](auto& net, tensor x) { net.pad(x, {.top = 1, .left = 2, .right = 1}); }) ==
        numbers{0, 0, 0, 0, 0, 0, 0, 1, 2, 0});
  CHECK(move({1, 3, 3, 2}, [](auto& net, tensor x) {
          net.slice(x, {.top = 1, .left = 2, .height = 1, .first_channel = 1});
        }) == numbers{12});
  // Three groups of two: the first of each, then the second.
  CHECK(move({1, 1, 1, 6}, [](auto& net, tensor x) { net.channel_shuffle(x, 3); }) == numbers{1, 3, 5, 2, 4, 6});
}

TEST_CASE("reference: a second operand is repeated over positions, channels, or both") {
  const auto combine = [](auto build) { return run({1, 1, 2, 2}, count_up(4), {}, build); };
  const auto gate = [](auto& net, tensor x) { return net.slice(x, {.left = 1}); };                // 3, 4
  const auto plane = [](auto& net, tensor x) { return net.slice(x, {.first_channel = 1}); };      // 2; 4
  const auto one = [](auto& net, tensor x) { return net.slice(x, {.left = 1, .channels = 1}); };  // 3
  CHECK(combine([&](auto& net, tensor x) { net.multiply(x, gate(net, x)); }) == numbers{3, 8, 9, 16});
  CHECK(combine([&](auto& net, tensor x) { net.multiply(x, plane(net, x)); }) == numbers{2, 4, 12, 16});
  CHECK(combine([&](auto& net, tensor x) { net.multiply(x, one(net, x)); }) == numbers{3, 6, 9, 12});
  CHECK(combine([&](auto& net, tensor x) { net.multiply(x, x); }) == numbers{1, 4, 9, 16});
  CHECK(combine([&](auto& net, tensor x) { net.broadcast_add(x, gate(net, x)); }) == numbers{4, 6, 6, 8});
  CHECK(combine([&](auto& net, tensor x) { net.broadcast_add(x, plane(net, x)); }) == numbers{3, 4, 7, 8});
  CHECK(combine([&](auto& net, tensor x) { net.broadcast_add(x, one(net, x)); }) == numbers{4, 5, 6, 7});
}

TEST_CASE("reference: moving pixels") {
  // 1 2 3 4
  // 5 6 7 8
  const numbers map = count_up(8);
  CHECK(run({1, 2, 4, 1}, map, {}, [](auto& net, tensor x) { net.space_to_depth(x, 2); }) ==
        numbers{1, 2, 5, 6, 3, 4, 7, 8});
  CHECK(run({1, 2, 4, 1}, map, {}, [](auto& net, tensor x) { net.space_to_batch(x, 2); }) ==
        numbers{1, 3, 2, 4, 5, 7, 6, 8});
  CHECK(run({1, 2, 4, 1}, map, {}, [](auto& net, tensor x) { net.batch_to_space(net.space_to_batch(x, 2), 2); }) ==
        map);
  // two channels stay together
  CHECK(run({1, 2, 2, 2}, map, {}, [](auto& net, tensor x) { net.space_to_depth(x, 2); }) == map);
  CHECK(run({1, 2, 4, 1}, map, {}, [](auto& net, tensor x) { net.depth_to_space(net.space_to_depth(x, 2), 2); }) ==
        map);
  CHECK(run({1, 2, 4, 1}, map, {}, [](auto& net, tensor x) { net.windows(x, 2); }) == numbers{1, 2, 5, 6, 3, 4, 7, 8});
  CHECK(run({1, 2, 4, 1}, map, {}, [](auto& net, tensor x) { net.join_windows(net.windows(x, 2), 2, 4); }) == map);
  // two images: the maps of the first come first
  CHECK(run(
            {1, 2, 2, 1}, map, {}, [](auto& net, tensor x) { net.space_to_batch(x, 2); }, 2) == map);
}

TEST_CASE("reference: activations") {
  const auto act = [](activation f, const numbers& in) {
    return run({1, 1, static_cast<int>(in.size()), 1}, in, {}, [&](auto& net, tensor x) { net.activate(x, f); });
  };
  CHECK(act(relu, {-1, 0, 2}) == numbers{0, 0, 2});
  CHECK(act(relu6, {-1, 3, 7}) == numbers{0, 3, 6});
  CHECK(act(activation::zero, {-1, 0, 7}) == numbers{0, 0, 0});
  CHECK(act(hswish, {-4, -3, -1.5F, 0, 3, 4}) == numbers{0, 0, -0.375F, 0, 3, 4});
  CHECK(test::distance(act(sigmoid, {0, 1, -1}), numbers{0.5F, 0.731058579F, 0.268941421F}) < 1e-7);
  CHECK(test::distance(act(swish, {0, 1, -1, 100, -1000}), numbers{0, 0.731058579F, -0.268941421F, 100, 0}) < 1e-7);
}

TEST_CASE("reference: kernels are the layers, and each can run alone") {
  const network graph =
      make_network("sum", {1, 2, 2, 1}, [](auto& net, tensor x) { net.add(net.conv(x, {.filters = 1}), x, relu); });
  auto program = reference::executor{}.compile(graph, {{{2}, {1}}, {}});
  REQUIRE(program.kernels().size() == 2);
  CHECK(program.kernels()[0].core.kind == layer_kind::convolution);
  CHECK_FALSE(program.kernels()[0].residual);
  CHECK(program.kernels()[1].core.kind == layer_kind::add);
  numbers out(4);
  program.run(numbers{1, 2, -3, 4}, out);
  CHECK(out == numbers{4, 7, 0, 13});
  program.run_kernel(0);
  program.run_kernel(1);
  CHECK(std::ranges::equal(program.tensor(1), numbers{3, 5, -5, 9}));
  CHECK(std::ranges::equal(program.tensor(2), out));
  CHECK(reference::executor{}.description().library.starts_with("Eigen 3."));
}

TEST_CASE("reference: activations have the values that PyTorch prints") {
  struct row {
    activation act;
    double at_minus_2, at_minus_half, at_1;
  };
  for (const row& r :
       {row{hsigmoid, 1. / 6, 2.5 / 6, 4. / 6}, row{leaky_relu, -.02, -.005, 1}, row{elu, -.8646647, -.3934693, 1},
        row{mish, -.2525015, -.2207438, .8650984}, row{activation::tanh, -.9640276, -.4621172, .7615942},
        row{softplus, .1269280, .4740770, 1.3132617}, row{gelu, -.0455003, -.1542688, .8413447},
        row{gelu_tanh, -.0454023, -.1542860, .8411920}}) {
    CAPTURE(to_string(r.act));
    CHECK(std::abs(reference::apply(r.act, -2) - r.at_minus_2) < 1e-6);
    CHECK(std::abs(reference::apply(r.act, -.5) - r.at_minus_half) < 1e-6);
    CHECK(std::abs(reference::apply(r.act, 1) - r.at_1) < 1e-6);
    CHECK(std::isfinite(reference::apply(r.act, 500)));
    CHECK(std::isfinite(reference::apply(r.act, -500)));
  }
}

// torch.nn.LeakyReLU(0.2), ELU(0.5), Hardtanh(-0.5, 20), PReLU with slopes of 0.5 and -2.
TEST_CASE("reference: activations with numbers of one's own have the values that PyTorch prints") {
  CHECK(reference::apply({leaky_relu, 0.2}, -2) == -0.4);
  CHECK(reference::apply({leaky_relu, 0.2}, 3) == 3);
  CHECK(std::abs(reference::apply({elu, 0.5}, -1) + 0.3160602794) < 1e-9);
  CHECK(reference::apply({activation::clamp, -0.5, 20}, -3) == -0.5);
  CHECK(reference::apply({activation::clamp, -0.5, 20}, 7) == 7);
  CHECK(reference::apply({activation::clamp, -0.5, 20}, 70) == 20);
  CHECK(reference::apply(activation::clamp, 70) == 1);
  CHECK(run({1, 1, 2, 2}, {-1, -1, 3, 4}, {{0.5F, -2}, {}}, [](auto& net, tensor x) { net.prelu(x); }) ==
        numbers{-0.5F, 2, 3, 4});
}

TEST_CASE("reference: normalisations by hand") {
  const auto near = [](const numbers& found, const numbers& expected) {
    return test::distance(found, expected) < 1e-5;
  };
  // Two pixels of channels 1 2 3 and 4 6 8: means 2 and 6, variances 2/3 and 8/3; factors 1 2 3, summands 0 0 1.
  const layer_weights w{{1, 2, 3}, {0, 0, 1}};
  const auto a = static_cast<float>(std::sqrt(1.5));
  CHECK(near(
      run({1, 1, 2, 3}, {1, 2, 3, 4, 6, 8}, w, [](auto& net, tensor x) { net.layer_norm(x, {.epsilon_digits = 12}); }),
      {-a, 0, 3 * a + 1, -a, 0, 3 * a + 1}));
  // With an epsilon of 0.1 the first variance is 2/3 + 0.1.
  const auto b = static_cast<float>(1 / std::sqrt(2. / 3 + .1));
  CHECK(near(run({1, 1, 1, 3}, {1, 2, 3}, w,
                 [](auto& net, tensor x) { net.layer_norm(x, {.epsilon_digits = 1, .act = relu}); }),
             {0, 0, 3 * b + 1}));
  // Squares of 1 2 2: their mean is 3.
  const auto c = static_cast<float>(std::sqrt(1. / 3));
  CHECK(near(run({1, 1, 1, 3}, {1, 2, 2}, {{1, 1, 2}, {0, 0, 0}},
                 [](auto& net, tensor x) { net.rms_norm(x, {.epsilon_digits = 12}); }),
             {c, 2 * c, 4 * c}));
  // Two groups of two channels over two pixels: 1 2 3 4 (mean 2.5, variance 1.25) and 0 0 4 4 (mean 2, variance 4).
  const auto d = static_cast<float>(1 / std::sqrt(1.25));
  CHECK(near(run({1, 2, 1, 4}, {1, 2, 0, 0, 3, 4, 4, 4}, {{1, 1, 1, 1}, {0, 0, 0, 0}},
                 [](auto& net, tensor x) { net.group_norm(x, {.groups = 2, .epsilon_digits = 12}); }),
             {-1.5F * d, -.5F * d, -1, -1, .5F * d, 1.5F * d, 1, 1}));
  CHECK(run({1, 1, 2, 2}, {1, 2, 3, 4}, {{2, 10}, {0, 1}}, [](auto& net, tensor x) { net.batch_norm(x); }) ==
        numbers{2, 21, 6, 41});
  CHECK(run({1, 1, 1, 2}, {1, 2}, {{2, -10}, {0, 0}},
            [](auto& net, tensor x) { net.activate(net.layer_scale(x), relu); }) == numbers{2, 0});
}

TEST_CASE("reference: scores and products by hand, head by head") {
  const auto of = [](shape input, const numbers& in, auto&& build) { return run(input, in, {}, build); };
  // Positions (1 2) and (3 4) against themselves, over sqrt(2).
  const auto r = static_cast<float>(1 / std::sqrt(2.));
  CHECK(test::distance(of({1, 2, 1, 2}, {1, 2, 3, 4}, [](auto& net, tensor x) { net.scores(x, x); }),
                       numbers{5 * r, 11 * r, 11 * r, 25 * r}) < 1e-6);
  // Two heads of one channel each: first the products of the first channels, then those of the second.
  CHECK(of({1, 2, 1, 2}, {1, 2, 3, 4}, [](auto& net, tensor x) { net.scores(x, x, 2); }) ==
        numbers{1, 3, 4, 8, 3, 9, 8, 16});
  // [1 2; 3 4] squared.
  CHECK(of({1, 2, 1, 2}, {1, 2, 3, 4}, [](auto& net, tensor x) { net.matmul(x, x); }) == numbers{7, 10, 15, 22});
  // One position whose two heads weigh the positions of a map: 1 * (10 20) by the first head, 2 by the second.
  CHECK(of({1, 1, 1, 2}, {3, 5}, [](auto& net, tensor x) { net.matmul(x, x, 2); }) == numbers{9, 25});
  CHECK(of({1, 2, 1, 3}, {1, 2, 3, 4, 5, 6}, [](auto& net, tensor x) { net.transpose(x); }) ==
        numbers{1, 4, 2, 5, 3, 6});
  CHECK(of({1, 2, 1, 3}, {1, 2, 3, 4, 5, 6}, [](auto& net, tensor x) { net.reshape(x, 3, 1, 2); }) == count_up(6));
  const auto half = static_cast<float>(1 / (1 + std::exp(1.)));
  CHECK(test::distance(of({1, 1, 1, 4}, {1, 2, 7, 7}, [](auto& net, tensor x) { net.channel_softmax(x, 2); }),
                       numbers{half, 1 - half, .5F, .5F}) < 1e-6);
  CHECK(run({1, 2, 1, 1}, {1, 2}, {{9}, {}}, [](auto& net, tensor x) { net.class_token(x); }) == numbers{9, 1, 2});
  CHECK(run({1, 2, 1, 1}, {1, 2}, {{10, 20}, {}}, [](auto& net, tensor x) { net.position_embedding(x); }) ==
        numbers{11, 22});
}
