// SPDX-License-Identifier: Apache-2.0
#include "nascent/network/net.hpp"

#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "nascent/block/block.hpp"
#include "nascent/network/network.hpp"

using namespace nascent;

namespace {

struct recorder {
  std::vector<layer> layers;
  std::vector<int> stages;
  void operator()(const layer& l) { layers.push_back(l); }
  void stage(int number) { stages.push_back(number); }
};

/// The fault that a build runs into, in a net whose stage 3 has begun.
template <class Build>
constexpr fault_record fault_of(const shape& input, Build build) {
  null_interpreter sink;
  net<null_interpreter> n(sink);
  tensor x = n.input(input.height, input.width, input.channels);
  n.stage(3);
  build(n, x);
  return n.fault();
}

}  // namespace

static_assert(interpreter<null_interpreter> && interpreter<recorder> && !interpreter<int>);
static_assert(!additive_interpreter<null_interpreter>);

TEST_CASE("layers are numbered in the order built, tensor 0 is the input") {
  recorder sink;
  net<recorder> n(sink);
  const tensor in = n.input(32, 32, 3);
  const tensor a = n.conv(in, {.filters = 8});
  const tensor b = n.depthwise_conv(a, {});
  const tensor c = n.add(b, a);
  CHECK(in.id == 0);
  CHECK(a.id == 1);
  CHECK(c.id == 3);
  CHECK(n.layer_count() == 3);
  CHECK(sink.layers[2].operands[0] == b.id);
  CHECK(sink.layers[2].operands[1] == a.id);
  CHECK(!n.fault());
  n.skip_ids(2, 5);
  CHECK(n.activate(c, relu).id == 14);
}

TEST_CASE("shapes follow from strides with SAME padding") {
  null_interpreter sink;
  net<null_interpreter> n(sink);
  const tensor in = n.input(225, 150, 3);
  CHECK(n.conv(in, {.filters = 8, .stride = 2}).shape() == shape{1, 113, 75, 8});
  CHECK(n.conv(in, {.filters = 8, .kernel = {1, 7}, .stride = 4, .dilation = 2}).shape() == shape{1, 57, 38, 8});
  CHECK(n.depthwise_conv(in, {.stride = 2}).shape() == shape{1, 113, 75, 3});
  CHECK(n.max_pool(in, {}).shape() == shape{1, 113, 75, 3});
  CHECK(n.average_pool(in, {.kernel = 3, .stride = 3}).shape() == shape{1, 75, 50, 3});
  CHECK(n.global_pool(in).shape() == shape{1, 1, 1, 3});
  CHECK(n.dense(n.global_pool(in), {.units = 10}).shape() == shape{1, 1, 1, 10});
  CHECK(n.space_to_depth(in, 5).shape() == shape{1, 45, 30, 75});
  CHECK(n.space_to_batch(in, 5).shape() == shape{25, 45, 30, 3});
  CHECK(n.batch_to_space(n.space_to_batch(in, 5), 5).shape() == in.shape());
  CHECK(n.depth_to_space(n.space_to_depth(in, 5), 5).shape() == in.shape());
  CHECK(n.windows(in, 75).shape() == shape{6, 75, 75, 3});
  CHECK(n.join_windows(n.windows(in, 75), 225, 150).shape() == in.shape());
  CHECK(n.concatenate(in, in, in).shape() == shape{1, 225, 150, 9});
  CHECK(!n.fault());
}

TEST_CASE("shapes follow from windows with other paddings") {
  null_interpreter sink;
  net<null_interpreter> n(sink);
  const tensor in = n.input(225, 150, 4);
  CHECK(n.conv(in, {.filters = 8, .kernel = 7, .stride = 2, .pad = padding::symmetric}).shape() ==
        shape{1, 113, 75, 8});
  CHECK(n.conv(in, {.filters = 8, .kernel = {1, 7}, .pad = padding::valid}).shape() == shape{1, 225, 144, 8});
  CHECK(n.conv(in, {.filters = 8, .kernel = 3, .dilation = 4, .pad = padding::valid}).shape() == shape{1, 217, 142, 8});
  CHECK(n.depthwise_conv(in, {.kernel = 5, .stride = 2, .pad = padding::valid}).shape() == shape{1, 111, 73, 4});
  CHECK(n.max_pool(in, {.kernel = 3, .stride = 2, .pad = padding::valid}).shape() == shape{1, 112, 74, 4});
  CHECK(n.average_pool(in, {.pad = padding::symmetric}).shape() == shape{1, 112, 75, 4});
  CHECK(n.slice(in, 1, 2).shape() == shape{1, 225, 150, 2});
  CHECK(n.softmax(n.global_pool(in), 2).shape() == shape{1, 1, 1, 4});
  CHECK(!n.fault());
}

TEST_CASE("a window that pads as SAME does is SAME, and one that does not pad is valid") {
  const auto pad_of = [](int size, kernel_size kernel, int stride, padding pad) {
    recorder sink;
    net<recorder> n(sink);
    n.conv(n.input(size, size, 4), {.filters = 4, .kernel = kernel, .stride = stride, .pad = pad});
    return sink.layers[0].pad;
  };
  CHECK(pad_of(224, 3, 2, padding::symmetric) == padding::symmetric);
  CHECK(pad_of(225, 3, 2, padding::symmetric) == padding::same);
  CHECK(pad_of(224, 3, 1, padding::symmetric) == padding::same);
  CHECK(pad_of(224, {1, 7}, 1, padding::symmetric) == padding::same);
  CHECK(pad_of(224, {1, 7}, 1, padding::valid) == padding::valid);
  CHECK(pad_of(224, 1, 2, padding::valid) == padding::same);
  CHECK(pad_of(224, 2, 2, padding::symmetric) == padding::same);
  CHECK(pad_of(225, 2, 2, padding::symmetric) == padding::valid);
  CHECK(pad_of(225, 2, 2, padding::same) == padding::same);
}

TEST_CASE("a layer carries what was asked for") {
  recorder sink;
  net<recorder> n(sink);
  const tensor x = n.conv(n.input(8, 8, 4), {.filters = 8, .kernel = {3, 5}, .groups = 2, .dilation = 2, .act = relu6});
  const layer& l = sink.layers[0];
  CHECK(l.kernel_height == 3);
  CHECK(l.kernel_width == 5);
  CHECK(l.groups == 2);
  CHECK(l.dilation == 2);
  CHECK(l.act == relu6);
  CHECK(l.batch_norm);
  CHECK(!l.bias);
  CHECK(l.input == shape{1, 8, 8, 4});
  CHECK(l.output == x.shape());
}

TEST_CASE("a convolution has a bias or a batch normalisation, never both") {
  recorder sink;
  net<recorder> n(sink);
  const tensor in = n.input(8, 8, 4);
  n.conv(in, {.filters = 8, .bias = true});
  n.conv(in, {.filters = 8, .batch_norm = false});
  n.depthwise_conv(in, {});
  n.depthwise_conv(in, {.batch_norm = false});
  CHECK(sink.layers[2].batch_norm);
  CHECK(!sink.layers[3].batch_norm);
  CHECK(params(sink.layers[2]) == 4 * 9 + 2 * 4);
  CHECK(params(sink.layers[3]) == 4 * 9);
  CHECK(bool{sink.layers[0].bias});
  CHECK(!sink.layers[0].batch_norm);
  CHECK(!sink.layers[1].bias);
  CHECK(!sink.layers[1].batch_norm);
}

TEST_CASE("activate with identity adds no layer") {
  recorder sink;
  net<recorder> n(sink);
  const tensor in = n.input(8, 8, 4);
  CHECK(n.activate(in, identity).id == in.id);
  CHECK(sink.layers.empty());
  CHECK(n.activate(in, swish).id == 1);
  CHECK(sink.layers[0].act == swish);
}

TEST_CASE("concatenate keeps all operands") {
  recorder sink;
  net<recorder> n(sink);
  const tensor in = n.input(8, 8, 4);
  const tensor a = n.conv(in, {.filters = 6});
  const tensor b = n.conv(in, {.filters = 10});
  CHECK(n.concatenate(a, in, b).channels == 20);
  const layer& l = sink.layers[2];
  CHECK(l.operand_count == 3);
  CHECK(l.operands[0] == a.id);
  CHECK(l.operands[1] == in.id);
  CHECK(l.operands[2] == b.id);
  CHECK(l.input.channels == 20);
}

TEST_CASE("slice and softmax carry their channels") {
  recorder sink;
  net<recorder> n(sink);
  const tensor in = n.input(8, 8, 12);
  const tensor part = n.slice(in, 5, 4);
  n.softmax(n.global_pool(in), 3);
  CHECK(part.channels == 4);
  CHECK(sink.layers[0].kind == layer_kind::slice);
  CHECK(sink.layers[0].first_channel() == 5);
  CHECK(sink.layers[0].input.channels == 12);
  CHECK(sink.layers[0].output == part.shape());
  CHECK(sink.layers[2].kind == layer_kind::softmax);
  CHECK(sink.layers[2].groups == 3);
  for (const layer& l : sink.layers) CHECK((params(l) == 0 && macs(l) == 0));
}

TEST_CASE("stages are told to interpreters that want to know") {
  recorder sink;
  net<recorder> n(sink);
  n.stage(1);
  n.stage(2);
  CHECK(sink.stages == std::vector{1, 2});
}

TEST_CASE("faults: what, where, which numbers") {
  const shape map{1, 8, 8, 16};
  const auto filters = fault_of(map, [](auto& n, auto x) { n.conv(x, {.filters = 0}); });
  CHECK(filters.what == network_fault::filters);
  CHECK(filters.stage == 3);
  CHECK(filters.found == 0);
  CHECK(filters.allowed == 1);
  CHECK(fault_of(map, [](auto& n, auto x) { n.conv(x, {.filters = 8, .kernel = 0}); }).what == network_fault::kernel);
  CHECK(fault_of(map, [](auto& n, auto x) { n.depthwise_conv(x, {.kernel = {3, 0}}); }).what == network_fault::kernel);
  CHECK(fault_of(map, [](auto& n, auto x) { n.conv(x, {.filters = 8, .stride = 0}); }).what == network_fault::stride);
  CHECK(fault_of(map, [](auto& n, auto x) { n.max_pool(x, {.stride = -1}); }).what == network_fault::stride);
  CHECK(fault_of(map, [](auto& n, auto x) { n.conv(x, {.filters = 9, .groups = 4}); }).what == network_fault::groups);
  CHECK(fault_of(map, [](auto& n, auto x) { n.conv(x, {.filters = 9, .groups = 3}); }).what == network_fault::groups);
  CHECK(fault_of(map, [](auto& n, auto x) { n.conv(x, {.filters = 8, .groups = 0}); }).what == network_fault::groups);
  CHECK(fault_of(map, [](auto& n, auto x) { n.dense(x, {.units = 0}); }).what == network_fault::filters);
  CHECK(fault_of(map, [](auto& n, auto x) { n.add(x, n.conv(x, {.filters = 8})); }).what ==
        network_fault::shape_mismatch);
  const auto narrow = fault_of(map, [](auto& n, auto x) { n.multiply(x, n.conv(n.global_pool(x), {.filters = 4})); });
  CHECK(narrow.what == network_fault::gate);
  CHECK((narrow.found == 4 && narrow.allowed == 16));
  const auto low = fault_of(map, [](auto& n, auto x) { n.multiply(x, n.max_pool(x, {})); });
  CHECK(low.what == network_fault::gate);
  CHECK((low.found == 4 && low.allowed == 8));
  CHECK(fault_of({1, 1, 8, 16}, [](auto& n, auto x) { n.dense(x, {.units = 8}); }).what == network_fault::not_pooled);
  CHECK(fault_of(map, [](auto& n, auto x) { n.concatenate(x, n.global_pool(x)); }).what ==
        network_fault::shape_mismatch);
  CHECK(fault_of(map, [](auto& n, auto x) { n.space_to_depth(x, 3); }).what == network_fault::not_divisible);
  CHECK(fault_of(map, [](auto& n, auto x) { n.space_to_batch(x, 0); }).what == network_fault::not_divisible);
  CHECK(fault_of(map, [](auto& n, auto x) { n.batch_to_space(x, 2); }).what == network_fault::not_divisible);
  CHECK(fault_of(map, [](auto& n, auto x) { n.slice(x, 8, 9); }).what == network_fault::channels);
  CHECK(fault_of(map, [](auto& n, auto x) { n.slice(x, -1, 4); }).what == network_fault::channels);
  CHECK(fault_of(map, [](auto& n, auto x) { n.slice(x, 4, 0); }).what == network_fault::channels);
  CHECK(!fault_of(map, [](auto& n, auto x) { n.slice(x, 8, 8); }));
  CHECK(fault_of(map, [](auto& n, auto x) { n.softmax(n.global_pool(x), 3); }).what == network_fault::channels);
  CHECK(fault_of(map, [](auto& n, auto x) { n.softmax(n.global_pool(x), 0); }).what == network_fault::channels);
  CHECK(fault_of(map, [](auto& n, auto x) { n.softmax(x, 2); }).what == network_fault::not_pooled);
}

// The sizes are PyTorch's: nn.ConvTranspose2d, F.interpolate, F.pad.
TEST_CASE("shapes of what makes maps larger, and cuts them") {
  null_interpreter sink;
  net<null_interpreter> n(sink);
  const tensor in = n.input(5, 7, 12);
  CHECK(n.transposed_conv(in, {.filters = 8}).shape() == shape{1, 10, 14, 8});
  CHECK(n.transposed_conv(in, {.filters = 8, .kernel = 3, .padding = 1, .output_padding = 1}).shape() ==
        shape{1, 10, 14, 8});
  CHECK(n.transposed_conv(in, {.filters = 6, .kernel = {4, 1}, .stride = 3, .padding = {1, 0}, .groups = 3}).shape() ==
        shape{1, 14, 19, 6});
  CHECK(n.transposed_conv(in, {.filters = 8, .kernel = 3, .stride = 1, .output_padding = {1, 0}, .dilation = 2})
            .shape() == shape{1, 10, 11, 8});
  CHECK(n.resize(in, {.scale = 2}).shape() == shape{1, 10, 14, 12});
  CHECK(n.resize(in, {.height = 3, .width = 20, .how = interpolation::bilinear}).shape() == shape{1, 3, 20, 12});
  CHECK(n.resize(n.input(8, 4, 3), {.scale = .25}).shape() == shape{1, 2, 1, 3});
  CHECK(n.pad(in, {.top = 1, .left = 2, .right = 3}).shape() == shape{1, 6, 12, 12});
  CHECK(n.slice(in, {.top = 1, .left = 2, .height = 3}).shape() == shape{1, 3, 5, 12});
  CHECK(n.slice(in, {.first_channel = 10}).shape() == shape{1, 5, 7, 2});
  CHECK(n.channel_shuffle(in, 4).shape() == in.shape());
  const auto [a, b, c] = n.split(in, 3, 4, 5);
  CHECK((a.channels == 3 && b.channels == 4 && c.channels == 5));
  CHECK(!n.fault());
}

TEST_CASE("a product and a broadcast sum say what they repeat") {
  recorder sink;
  net<recorder> n(sink);
  const tensor x = n.input(8, 8, 16);
  const tensor gate = n.global_pool(x);
  const tensor plane = n.conv(x, {.filters = 1});
  const tensor number = n.global_pool(plane);
  sink.layers.clear();
  n.multiply(x, gate);
  n.multiply(x, x);
  n.multiply(x, plane);
  n.multiply(x, number);
  n.multiply(gate, gate);
  n.broadcast_add(x, gate, relu);
  n.broadcast_add(x, x);
  n.broadcast_add(x, plane);
  n.broadcast_add(x, number);
  std::vector<broadcast> over;
  for (const layer& l : sink.layers) over.push_back(l.over);
  using enum broadcast;
  CHECK(over == std::vector{positions, nothing, channels, all, positions, positions, nothing, channels, all});
  CHECK(sink.layers[5].act == relu);
  CHECK(sink.layers[5].operands[1] == gate.id);
  CHECK(!n.fault());
}

TEST_CASE("more than 8 maps are joined in steps, in order") {
  for (const int count : {1, 8, 9, 16, 70}) {
    CAPTURE(count);
    recorder sink;
    net<recorder> n(sink);
    const tensor x = n.input(4, 4, 100);
    std::vector<tensor> parts;
    for (int i = 0; i < count; ++i) parts.push_back(n.slice(x, i, 1));
    const tensor all = n.concatenate(parts);
    CHECK(all.channels == count);
    // Which channels come where, followed through all layers.
    std::vector<std::vector<int>> channels{{}};
    for (const layer& l : sink.layers) {
      channels.emplace_back();
      if (l.kind == layer_kind::slice) channels.back() = {l.first_channel()};
      else
        for (std::size_t k = 0; k < l.operand_count; ++k)
          for (const int c : channels[static_cast<std::size_t>(l.operands[k])]) channels.back().push_back(c);
    }
    std::vector<int> expected;
    for (int i = 0; i < count; ++i) expected.push_back(i);
    CHECK(channels.back() == expected);
  }
  recorder sink;
  net<recorder> n(sink);
  n.concatenate(std::span<const tensor>{});
  CHECK(n.fault().what == network_fault::operands);
}

TEST_CASE("what makes maps larger, and cuts them, refuses what cannot be") {
  const shape map{1, 8, 6, 16};
  const auto what = [&](auto build) { return fault_of(map, build).what; };
  const auto transposed = [&](transposed_conv_options o) {
    return what([=](auto& n, auto x) { n.transposed_conv(x, o); });
  };
  CHECK(transposed({.filters = 0}) == network_fault::filters);
  CHECK(transposed({.filters = 8, .kernel = 0}) == network_fault::kernel);
  CHECK(transposed({.filters = 8, .stride = 0}) == network_fault::stride);
  CHECK(transposed({.filters = 8, .groups = 3}) == network_fault::groups);
  CHECK(transposed({.filters = 8, .dilation = 0}) == network_fault::dilation);
  CHECK(transposed({.filters = 8, .padding = -1}) == network_fault::margin);
  CHECK(transposed({.filters = 8, .padding = 8}) == network_fault::map_vanishes);
  CHECK(transposed({.filters = 8, .output_padding = 2}) == network_fault::output_padding);
  CHECK(transposed({.filters = 8, .output_padding = {0, -1}}) == network_fault::output_padding);
  CHECK(transposed({.filters = 8, .stride = 20000}) == network_fault::size);
  const auto resize = [&](resize_options o) { return what([=](auto& n, auto x) { n.resize(x, o); }); };
  CHECK(resize({}) == network_fault::size);
  CHECK(resize({.height = 8}) == network_fault::size);
  CHECK(resize({.height = 8, .width = 70000}) == network_fault::size);
  CHECK(resize({.scale = -1}) == network_fault::scale);
  CHECK(resize({.scale = .3}) == network_fault::scale);
  CHECK(resize({.height = 8, .width = 6, .scale = 2}) == network_fault::scale);
  CHECK(resize({.scale = 1e9}) == network_fault::scale);
  CHECK(what([](auto& n, auto x) { n.pad(x, {.top = -1}); }) == network_fault::margin);
  CHECK(what([](auto& n, auto x) { n.pad(x, {.bottom = 65535}); }) == network_fault::size);
  CHECK(what([](auto& n, auto x) { n.slice(x, {.top = 8}); }) == network_fault::part);
  CHECK(what([](auto& n, auto x) { n.slice(x, {.left = 1, .width = 6}); }) == network_fault::part);
  CHECK(what([](auto& n, auto x) { n.slice(x, {.top = -1, .height = 2}); }) == network_fault::part);
  CHECK(what([](auto& n, auto x) { n.slice(x, {.first_channel = 16}); }) == network_fault::channels);
  CHECK(what([](auto& n, auto x) { n.split(x, 8, 9); }) == network_fault::channels);
  CHECK(what([](auto& n, auto x) { n.depth_to_space(x, 3); }) == network_fault::channels);
  CHECK(what([](auto& n, auto x) { n.depth_to_space(x, 0); }) == network_fault::channels);
  CHECK(what([](auto& n, auto x) { n.windows(x, 5); }) == network_fault::not_divisible);
  CHECK(what([](auto& n, auto x) { n.windows(x, 0); }) == network_fault::not_divisible);
  CHECK(what([](auto& n, auto x) { n.join_windows(n.windows(x, 2), 8, 5); }) == network_fault::not_divisible);
  CHECK(what([](auto& n, auto x) { n.join_windows(n.windows(x, 2), 8, 10); }) == network_fault::not_divisible);
  CHECK(what([](auto& n, auto x) { n.join_windows(x, 0, 0); }) == network_fault::not_divisible);
  const auto acts = [&](activation_function f) {
    const network_fault alone = what([=](auto& n, auto x) { n.activate(x, f); });
    CHECK(what([=](auto& n, auto x) { n.conv(x, {.filters = 8, .act = f}); }) == alone);
    CHECK(what([=](auto& n, auto x) { n.layer_norm(x, {.act = f}); }) == alone);
    CHECK(what([=](auto& n, auto x) { n.transposed_conv(x, {.filters = 8, .act = f}); }) == alone);
    return alone;
  };
  CHECK(acts({relu, 0.1}) == network_fault::activation_numbers);
  CHECK(acts({leaky_relu, 0, 1}) == network_fault::activation_numbers);
  CHECK(acts({activation::clamp, 3}) == network_fault::activation_numbers);
  CHECK(acts({leaky_relu, 1. / 3}) == network_fault::decimal);
  CHECK(acts({elu, 5000}) == network_fault::decimal);
  CHECK(acts({activation::clamp, 2, 1}) == network_fault::bounds);
  CHECK(acts({activation::clamp, 1, 1}) == network_fault::none);
  CHECK(what([](auto& n, auto x) { n.channel_shuffle(x, 3); }) == network_fault::channels);
  CHECK(what([](auto& n, auto x) { n.channel_shuffle(x, 0); }) == network_fault::channels);
  CHECK(what([](auto& n, auto x) { n.broadcast_add(n.global_pool(x), x); }) == network_fault::shape_mismatch);
  CHECK(what([](auto& n, auto x) { n.broadcast_add(x, n.slice(x, 0, 2)); }) == network_fault::shape_mismatch);
  CHECK(what([](auto& n, auto x) { n.add(x, n.global_pool(x)); }) == network_fault::shape_mismatch);
  const auto found = fault_of(map, [](auto& n, auto x) { n.slice(x, {.top = 3, .height = 6}); });
  CHECK((found.found == 9 && found.allowed == 8));
  STATIC_CHECK(!fault_of({1, 8, 8, 16}, [](auto& n, auto x) {
    n.multiply(n.resize(n.transposed_conv(x, {.filters = 8}), {.scale = .5}), n.slice(x, 0, 8));
  }));
}

TEST_CASE("windows that are rounded up have PyTorch's sizes") {
  const auto size = [](int map, int kernel, int stride, padding pad) {
    network graph({}, {1, map, map, 1});
    net<network> n(graph);
    return n.max_pool({1, map, map, 1, 0}, {.kernel = kernel, .stride = stride, .pad = pad, .ceil = true}).height;
  };
  // torch.nn.MaxPool2d(kernel, stride, padding, ceil_mode=True) on maps of 3 to 8.
  const auto check = [&](int kernel, int stride, padding pad, const std::vector<int>& expected) {
    for (int map = 3; map <= 8; ++map)
      CHECK(size(map, kernel, stride, pad) == expected[static_cast<std::size_t>(map - 3)]);
  };
  check(3, 2, padding::valid, {1, 2, 2, 3, 3, 4});
  check(3, 2, padding::symmetric, {2, 3, 3, 4, 4, 5});
  check(2, 3, padding::valid, {1, 2, 2, 2, 3, 3});
  check(3, 3, padding::symmetric, {2, 2, 2, 3, 3, 3});
  check(2, 2, padding::valid, {2, 2, 3, 3, 4, 4});
}

TEST_CASE("padding counts in means alone, and not where windows are rounded up") {
  const shape map{1, 8, 8, 16};
  CHECK(fault_of(map, [](auto& n, auto x) {
          n.average_pool(x, {.pad = padding::symmetric, .ceil = true, .count_padding = true});
        }).what == network_fault::padding_count);
  CHECK(fault_of(map, [](auto& n, auto x) { n.max_pool(x, {.count_padding = true}); }).what ==
        network_fault::padding_count);
  CHECK(fault_of(map, [](auto& n, auto x) { adaptive_pool{.size = 3}(n, x, 1); }).what == network_fault::not_divisible);
}

TEST_CASE("a dense layer reads one pixel") {
  CHECK(fault_of({1, 8, 8, 16}, [](auto& n, auto x) { n.dense(x, {.units = 10}); }));
  CHECK(!fault_of({1, 1, 1, 16}, [](auto& n, auto x) { n.dense(x, {.units = 10}); }));
}

TEST_CASE("SAME and symmetric windows leave ceil(size / stride) of every map, however small") {
  for (int height = 1; height <= 5; ++height)
    for (int width = 1; width <= 5; ++width)
      for (const int stride : {1, 2, 3, 4})
        for (const int kernel : {1, 3, 5})
          for (const padding pad : {padding::same, padding::symmetric}) {
            CAPTURE(height, width, stride, kernel, to_string(pad));
            const shape smaller{1, (height + stride - 1) / stride, (width + stride - 1) / stride, 8};
            const auto output_of = [&](auto&& build) {
              return make_network("map", {1, height, width, 8}, build).output();
            };
            REQUIRE(output_of([&](auto& n, auto x) {
                      n.conv(x, {.filters = 8, .kernel = kernel, .stride = stride, .pad = pad});
                    }) == smaller);
            REQUIRE(output_of([&](auto& n, auto x) {
                      n.depthwise_conv(x, {.kernel = kernel, .stride = stride, .pad = pad});
                    }) == smaller);
            REQUIRE(output_of([&](auto& n, auto x) {
                      n.max_pool(x, {.kernel = kernel, .stride = stride, .pad = pad});
                    }) == smaller);
          }
}

TEST_CASE("dilations are 1 or more") {
  for (const int dilation : {0, -1}) {
    const auto wide = fault_of({1, 8, 8, 8}, [&](auto& n, auto x) { n.conv(x, {.filters = 8, .dilation = dilation}); });
    CHECK(wide.what == network_fault::dilation);
    CHECK(wide.found == dilation);
    CHECK(fault_of({1, 8, 8, 8}, [&](auto& n, auto x) { n.depthwise_conv(x, {.dilation = dilation}); }).what ==
          network_fault::dilation);
  }
  CHECK_FALSE(fault_of({1, 8, 8, 8}, [&](auto& n, auto x) { n.depthwise_conv(x, {.dilation = 2}); }));
}

TEST_CASE("an input has pixels and channels") {
  for (const shape& empty : {shape{1, 8, 8, 0}, shape{1, 0, 8, 3}, shape{1, 8, -1, 3}, shape{0, 8, 8, 3}}) {
    std::string message;
    try {
      make_network("empty", empty, [](auto& n, auto x) { n.global_pool(x); });
    } catch (const network_error& e) {
      message = e.what();
    }
    CHECK(message.find("allowed: an input of 1 to 65536 rows and columns, and of 1 to 1048576 channels") !=
          std::string::npos);
  }
}

TEST_CASE("a block that does not follow its stride is named") {
  null_interpreter sink;
  net<null_interpreter> n(sink);
  const tensor in = n.input(9, 5, 8);
  n.check_stride(in, n.conv(in, {.filters = 8, .stride = 2}), 2, "good");
  n.check_stride(in, n.conv(in, {.filters = 8}), 1, "good");
  n.check_stride(in, n.conv(in, {.filters = 8, .kernel = 5, .stride = 2, .pad = padding::valid}), 2, "smaller");
  CHECK_FALSE(n.fault());
  n.check_stride(in, n.conv(in, {.filters = 8}), 2, "stubborn");
  CHECK(n.fault().what == network_fault::stride_ignored);
  CHECK(n.fault().numbers() == "9 against 5 after the block stubborn");
}

TEST_CASE("a window without padding must fit into the map") {
  const auto of = [](kernel_size kernel, int stride, int dilation, padding pad) {
    return fault_of({1, 8, 5, 8}, [&](auto& n, auto x) {
      n.conv(x, {.filters = 8, .kernel = kernel, .stride = stride, .dilation = dilation, .pad = pad});
    });
  };
  CHECK(!of({8, 5}, 1, 1, padding::valid));
  CHECK(!of({9, 9}, 1, 1, padding::symmetric));
  const auto high = of({9, 5}, 1, 1, padding::valid);
  CHECK(high.what == network_fault::map_vanishes);
  CHECK(high.found == 8);
  CHECK(high.allowed == 9);
  const auto wide = of({3, 3}, 1, 3, padding::valid);
  CHECK(wide.what == network_fault::map_vanishes);
  CHECK(wide.found == 5);
  CHECK(wide.allowed == 7);
  CHECK(of(4, 1, 2, padding::valid).what == network_fault::map_vanishes);
  CHECK(!of(3, 6, 1, padding::symmetric));
}

TEST_CASE("the first fault is kept") {
  const auto fault = fault_of({1, 8, 8, 16}, [](auto& n, auto x) {
    n.conv(x, {.filters = 0});
    n.conv(x, {.filters = 8, .stride = 0});
  });
  CHECK(fault.what == network_fault::filters);
}

// Counts of what is built must fit into 64 bits: the largest numbers that a net takes, and one more of each.
TEST_CASE("what is too large to be counted is a fault, and what follows it stays countable") {
  constexpr int most = std::numeric_limits<int>::max();
  const shape map{1, 8, 8, 16};
  const auto what = [](const shape& input, auto build) { return fault_of(input, build).what; };
  CHECK(what(map, [](auto& n, auto x) { n.conv(x, {.filters = 1 << 20}); }) == network_fault::none);
  CHECK(what(map, [](auto& n, auto x) { n.conv(x, {.filters = (1 << 20) + 1}); }) == network_fault::filters);
  CHECK(what(map, [](auto& n, auto x) { n.conv(x, {.filters = 8, .kernel = 1024}); }) == network_fault::none);
  CHECK(what(map, [](auto& n, auto x) { n.conv(x, {.filters = 8, .kernel = {1, 1025}}); }) == network_fault::kernel);
  CHECK(what({1, 65536, 65536, 1}, [](auto&, auto) {}) == network_fault::none);
  CHECK(what({1, 65537, 1, 1}, [](auto&, auto) {}) == network_fault::input);
  CHECK(what({1, 8, 8, (1 << 20) + 1}, [](auto&, auto) {}) == network_fault::input);
  CHECK(what({1, 8, 8, 0}, [](auto&, auto) {}) == network_fault::input);
  CHECK(what({1, 65536, 65536, 1024}, [](auto&, auto) {}) == network_fault::work);  // 2^42 elements
  CHECK(what({1, 65536, 65536, 1023}, [](auto&, auto) {}) == network_fault::none);
  // 2^42 multiply-adds: 2^16 pixels times 2^13 times 2^13 channels.
  CHECK(what({1, 256, 256, 8192}, [](auto& n, auto x) { n.conv(x, {.filters = 8192}); }) == network_fault::work);
  CHECK(what({1, 256, 256, 8192}, [](auto& n, auto x) { n.conv(x, {.filters = 8191}); }) == network_fault::none);
  CHECK(what({1, 1, 1, 1 << 20}, [](auto& n, auto x) { n.concatenate(x, x); }) == network_fault::filters);
  CHECK(what({1, 4, 4, 1 << 19}, [](auto& n, auto x) { n.space_to_depth(x, 2); }) == network_fault::filters);
  const auto bits = fault_of({1, 65536, 65536, 1}, [](auto& n, auto x) {
    x = n.conv(x, {.filters = 1 << 9});
    n.conv(x, {.filters = 1 << 20, .kernel = 1024});
  });
  CHECK(bits.found == 32 + 9 + 20 + 20 + 1);  // 2^32 pixels, 2^9 to 2^20 channels, 2^20 taps
  CHECK(bits.allowed == 42);
  const auto many = [](auto& n, auto x) {
    x = n.conv(x, {.filters = most, .kernel = most, .stride = most});
    for (int i = 0; i < 3; ++i) {
      x = n.conv(x, {.filters = most});
      x = n.space_to_depth(x, most);
      x = n.space_to_batch(x, most);
      x = n.batch_to_space(x, 65536);
      x = n.concatenate(x, x, x, x, x, x, x, x);
      x = n.depthwise_conv(x, {.kernel = most, .stride = most, .pad = padding::symmetric});
      x = n.max_pool(x, {.kernel = most, .stride = most, .pad = padding::valid});
    }
    n.dense(x, {.units = most});
  };
  STATIC_CHECK(fault_of({1, 65536, 65536, 1 << 20}, many).what == network_fault::work);
  STATIC_CHECK(fault_of({most, most, most, most}, many).what == network_fault::input);
  STATIC_CHECK(fault_of({1, 1, 1, 1}, many).what == network_fault::filters);
  null_interpreter sink;
  net<null_interpreter> n(sink);
  tensor x = n.input(8, 8, 8);
  CHECK(n.repetitions(65536) == 65536);
  for (int i = 0; i < 65536; ++i) x = n.activate(x, relu);
  CHECK(!n.fault());
  n.activate(x, relu);
  CHECK(n.fault().what == network_fault::layers);
  CHECK(n.repetitions(65537) == 1);
}

struct adding_nothing : null_interpreter {
  constexpr void repeat(const adding_nothing& /*before*/, int /*times*/) {}
};

TEST_CASE("products that no width holds are a fault, where nets only count too") {
  null_interpreter nothing;
  net<null_interpreter> n(nothing);
  CHECK(n.product(46340, 46340) == 2147395600);
  CHECK(n.product(46341, 46341) == 2147483647);  // 2147488281
  CHECK(n.product(65536, 65536) == 2147483647);
  CHECK(n.product(8, -1) == 0);
  adding_nothing sums;
  for (const auto& [channels, times, fails] : {std::tuple{46340, 46340, false},
                                               {46341, 46341, true},
                                               {8, -1, true},
                                               {16, (1 << 28) + 1, true},
                                               {1, 0, false}}) {
    CAPTURE(channels, times);
    net<adding_nothing> counting(sums);
    counting.product(channels, times);
    CHECK(counting.failed() == fails);
  }
  net<adding_nothing> counting(sums);
  counting.conv(counting.input(8, 8, 3), {.filters = 0});
  CHECK(counting.failed());
}

TEST_CASE("everything works in constant expressions, faults too") {
  STATIC_CHECK(fault_of({1, 8, 8, 16}, [](auto& n, auto x) { n.conv(x, {.filters = -1}); }).found == -1);
  STATIC_CHECK(!fault_of({1, 8, 8, 16}, [](auto& n, auto x) { n.add(n.conv(x, {.filters = 16}), x, relu); }));
}

TEST_CASE("every fault has a sentence") {
  for (int i = 0; i <= static_cast<int>(network_fault::part); ++i)
    CHECK(std::string_view(to_string(static_cast<network_fault>(i))) != "unknown fault");
}

TEST_CASE("a bias takes the place of batch normalisation, in depthwise convolutions too") {
  recorder sink;
  net<recorder> n(sink);
  n.depthwise_conv(n.input(8, 8, 16), {.kernel = 1, .act = relu, .bias = true});
  const layer& l = sink.layers.front();
  CHECK(bool{l.bias});
  CHECK_FALSE(l.batch_norm);
  CHECK(params(l) == 16 + 16);  // a factor and a summand for each channel
}

TEST_CASE("normalisations keep the shape, and count a factor and a summand for each channel") {
  recorder sink;
  net<recorder> n(sink);
  const tensor in = n.input(8, 6, 12);
  CHECK(n.batch_norm(in, relu).shape() == in.shape());
  CHECK(n.layer_scale(in).shape() == in.shape());
  CHECK(n.layer_norm(in).shape() == in.shape());
  CHECK(n.group_norm(in, {.groups = 3, .epsilon_digits = 6}).shape() == in.shape());
  CHECK(n.rms_norm(in).shape() == in.shape());
  CHECK(n.layer_norm(in, {.bias = false}).shape() == in.shape());
  CHECK(!n.fault());
  const std::int64_t expected[] = {24, 12, 24, 24, 12, 12};
  for (std::size_t i = 0; i < 6; ++i) {
    CHECK(params(sink.layers[i]) == expected[i]);
    CHECK(macs(sink.layers[i]) == 0);
    // Reads and writes the map; a layer scale has no summands to read.
    const std::int64_t constants = i == 1 || i >= 4 ? 12 : 24;
    CHECK(traffic(sink.layers[i], false, data_type::f32, 2) == 4 * (2 * 2 * in.shape().elements() + constants));
  }
  CHECK(sink.layers[0].act == relu);
  CHECK(sink.layers[3].epsilon_digits == 6);
  CHECK(epsilon_of(sink.layers[3]) == 1e-6F);
}

TEST_CASE("a bias takes the place of batch normalisation unless both are said") {
  const auto of = [](const conv_options& o) {
    recorder sink;
    net<recorder> n(sink);
    n.conv(n.input(4, 4, 3), o);
    return std::pair{bool{sink.layers[0].bias}, sink.layers[0].batch_norm};
  };
  CHECK(of({.filters = 8}) == std::pair{false, true});
  CHECK(of({.filters = 8, .bias = true}) == std::pair{true, false});
  CHECK(of({.filters = 8, .bias = true, .batch_norm = true}) == std::pair{true, true});
  CHECK(of({.filters = 8, .batch_norm = false}) == std::pair{false, false});
}

TEST_CASE("normalisations that cannot be are faults by name") {
  const shape map{1, 8, 8, 16};
  const auto groups = fault_of(map, [](auto& n, auto x) { n.group_norm(x, {.groups = 3}); });
  CHECK(groups.what == network_fault::groups);
  CHECK(groups.found == 3);
  CHECK(groups.allowed == 16);
  CHECK(fault_of(map, [](auto& n, auto x) { n.group_norm(x, {.groups = 0}); }).what == network_fault::groups);
  const auto epsilon = fault_of(map, [](auto& n, auto x) { n.layer_norm(x, {.epsilon_digits = 0}); });
  CHECK(epsilon.what == network_fault::epsilon);
  CHECK(epsilon.allowed == 1);
  CHECK(fault_of(map, [](auto& n, auto x) { n.rms_norm(x, {.epsilon_digits = 13}); }).what == network_fault::epsilon);
}

TEST_CASE("attention has the shapes and the work of its matrices") {
  recorder sink;
  net<recorder> n(sink);
  const tensor x = n.input(8, 6, 12);
  const tensor tokens = n.class_token(n.tokens(x));
  CHECK(tokens.shape() == shape{1, 49, 1, 12});
  const tensor s = n.scores(tokens, x, 3);
  CHECK(s.shape() == shape{1, 49, 1, 3 * 48});
  CHECK(n.channel_softmax(s, 3).shape() == s.shape());
  CHECK(n.matmul(s, x, 3).shape() == tokens.shape());
  CHECK(n.position_embedding(x).shape() == x.shape());
  CHECK(n.transpose(x).shape() == shape{1, 12, 1, 48});
  CHECK(n.reshape(x, 4, 12, 12).shape() == shape{1, 4, 12, 12});
  CHECK(!n.fault());
  CHECK(macs(sink.layers[2]) == 49 * 48 * 12);
  CHECK(macs(sink.layers[4]) == 49 * 48 * 12);
  CHECK(params(sink.layers[1]) == 12);
  CHECK(params(sink.layers[5]) == 8 * 6 * 12);
  // Queries, keys and scores; weights, values and result.
  CHECK(traffic(sink.layers[2], false, data_type::f32, 1) == 4 * (49 * 12 + 48 * 12 + 49 * 3 * 48));
  CHECK(traffic(sink.layers[4], false, data_type::f32, 1) == 4 * (49 * 12 + 48 * 12 + 49 * 3 * 48));
}

TEST_CASE("attention that cannot be is a fault by name") {
  const shape map{1, 8, 8, 16};
  CHECK(fault_of(map, [](auto& n, auto x) { n.scores(x, x, 3); }).what == network_fault::groups);
  CHECK(fault_of(map, [](auto& n, auto x) { n.scores(x, x, 0); }).what == network_fault::groups);
  CHECK(fault_of(map, [](auto& n, auto x) { n.scores(x, n.slice(x, 0, 8)); }).what == network_fault::shape_mismatch);
  CHECK(fault_of(map, [](auto& n, auto x) { n.matmul(x, x); }).what == network_fault::shape_mismatch);
  CHECK(fault_of(map, [](auto& n, auto x) { n.class_token(x); }).what == network_fault::shape_mismatch);
  CHECK(fault_of(map, [](auto& n, auto x) { n.channel_softmax(x, 5); }).what == network_fault::channels);
  const auto wrong = fault_of(map, [](auto& n, auto x) { n.reshape(x, 8, 8, 15); });
  CHECK(wrong.what == network_fault::reshape);
  CHECK(wrong.found == 960);
  CHECK(wrong.allowed == 1024);
  CHECK(fault_of({1, 2048, 1024, 16}, [](auto& n, auto x) { n.scores(x, x); }).what == network_fault::filters);
  CHECK(fault_of({1, 1024, 512, 64}, [](auto& n, auto x) { n.scores(x, x); }).what == network_fault::work);
}
