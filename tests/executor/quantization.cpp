// SPDX-License-Identifier: Apache-2.0
// int8: calibration, the rule of what runs in it, and oneDNN's whole numbers against the reference's.
#include "nascent/network/quantization.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "networks.hpp"
#include "own_process.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "nascent/block/block.hpp"
#include "nascent/executor/onednn.hpp"
#include "nascent/executor/range_calibration.hpp"
#include "nascent/executor/reference.hpp"

using namespace nascent;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::MessageMatches;

namespace {

bool computes_int8() {
  return onednn::detail::includes(dnnl::cpu_isa::avx512_core_vnni) ||
         onednn::detail::includes(dnnl::cpu_isa::avx2_vnni);
}

activation_ranges ranges_of(const network& graph, const weights& values, int images = 2) {
  reference::executor f32;
  return calibrate(f32, graph, values, test::random_numbers(test::input_size(graph, images), 11));
}

template <class Executor>
std::vector<float> run_int8(const Executor& executor, const network& graph, const weights& values,
                            const activation_ranges& ranges, const std::vector<float>& in, int batch = 1) {
  std::vector<float> out(static_cast<std::size_t>(graph.output_elements() * batch));
  executor.compile(graph, values, ranges, batch).run(in, out);
  return out;
}

struct deviation {
  double quanta = 0;  ///< the largest
  double share = 0;   ///< of numbers that differ, but for one
};

/// Runs a network in int8 with oneDNN and with the reference, on new images. The last layer gives out what it stores.
deviation compare(const network& graph, std::uint64_t seed = 3) {
  const weights values = random_weights(graph, seed);
  const activation_ranges ranges = ranges_of(graph, values);
  deviation d;
  const int batch = 2;
  const std::vector<float> in = test::random_numbers(test::input_size(graph, batch), 5);
  const std::vector<float> expected = run_int8(reference::executor{}, graph, values, ranges, in, batch);
  const map_format last = quantize(graph, ranges).maps.back();
  REQUIRE(last.stored);
  const onednn::executor cpu{{.type = data_type::int8}};
  const std::vector<float> out = run_int8(cpu, graph, values, ranges, in, batch);
  int different = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto steps =
        std::abs(static_cast<double>(out[i]) - static_cast<double>(expected[i])) / static_cast<double>(last.scale);
    d.quanta = std::max(d.quanta, steps);
    different += steps > 0.5 ? 1 : 0;
  }
  d.share = std::max(0, different - 1) / static_cast<double>(out.size());
  return d;
}

/// A map that is stored in 8 bits and given out as it is.
tensor as_stored(auto& net, tensor x) { return net.max_pool(x, {.kernel = 1, .stride = 1}); }

template <class Build>
void within_a_quantum(const std::string& name, shape input, Build&& build) {
  const network graph = make_network(name, input, [&](auto& net, tensor x) { return as_stored(net, build(net, x)); });
  const deviation d = compare(graph);
  INFO(name << ": " << d.quanta << " quanta, " << d.share);
  CHECK(d.quanta < 1.001);
  CHECK(d.share < 0.01);
}

}  // namespace

TEST_CASE("int8: convolutions of oneDNN are the reference's to one quantum") {
  if (!computes_int8()) SKIP("no products of 8-bit numbers on this processor");
  for (const activation act : {activation::identity, relu6, swish, activation::hsigmoid}) {
    const std::string end = std::string(" ") + to_string(act);
    for (const int kernel : {1, 3}) {
      within_a_quantum("convolution" + end, {1, 13, 10, 9}, [&](auto& net, tensor x) {
        return net.conv(x, {.filters = 20, .kernel = kernel, .stride = 2, .act = act});
      });
      within_a_quantum("of u8" + end, {1, 9, 10, 16}, [&](auto& net, tensor x) {
        return net.conv(net.conv(x, {.filters = 32, .act = relu}), {.filters = 48, .kernel = kernel, .act = act});
      });
    }
    within_a_quantum("stem" + end, {1, 33, 32, 3}, [&](auto& net, tensor x) {
      return net.conv(x, {.filters = 32, .kernel = 3, .stride = 2, .act = act});
    });
    within_a_quantum("depthwise" + end, {1, 14, 15, 20}, [&](auto& net, tensor x) {
      return net.depthwise_conv(x, {.kernel = 3, .stride = 2, .act = act});
    });
    within_a_quantum("depthwise of u8" + end, {1, 14, 15, 32}, [&](auto& net, tensor x) {
      return net.depthwise_conv(net.conv(x, {.filters = 32, .act = relu}), {.kernel = 5, .act = act});
    });
    within_a_quantum("grouped" + end, {1, 12, 9, 12}, [&](auto& net, tensor x) {
      return net.conv(x, {.filters = 24, .kernel = 3, .groups = 3, .act = act});
    });
    within_a_quantum("residual" + end, {1, 8, 8, 16}, [&](auto& net, tensor x) {
      const auto by = net.conv(x, {.filters = 24, .act = relu});
      return net.add(net.conv(net.conv(x, {.filters = 16, .act = relu}), {.filters = 24, .kernel = 3}), by, act);
    });
    within_a_quantum("residual of s8" + end, {1, 8, 8, 16}, [&](auto& net, tensor x) {
      const auto by = net.conv(x, {.filters = 24});
      return net.add(net.conv(net.conv(x, {.filters = 16, .act = relu}), {.filters = 24, .kernel = 1}), by, act);
    });
    within_a_quantum("residual that is read again" + end, {1, 8, 8, 16},
                     [&](auto& net, tensor x) { return net.add(net.conv(x, {.filters = 16, .kernel = 3}), x, act); });
  }
}

TEST_CASE("int8: other layers of oneDNN are the reference's to one quantum") {
  if (!computes_int8()) SKIP("no products of 8-bit numbers on this processor");
  for (const activation act : {activation::identity, relu}) {
    const std::string of = std::string(" of ") + to_string(act);
    const auto first = [&](auto& net, tensor x) { return net.conv(x, {.filters = 20, .act = act}); };
    within_a_quantum("max" + of, {1, 13, 11, 8},
                     [&](auto& net, tensor x) { return net.max_pool(first(net, x), {.kernel = 3, .stride = 2}); });
    within_a_quantum("average" + of, {1, 13, 11, 8},
                     [&](auto& net, tensor x) { return net.average_pool(first(net, x), {.kernel = 3, .stride = 2}); });
    within_a_quantum("average with padding" + of, {1, 13, 11, 8}, [&](auto& net, tensor x) {
      return net.average_pool(first(net, x), {.kernel = 3, .stride = 2, .count_padding = true});
    });
    within_a_quantum("mean" + of, {1, 13, 11, 8}, [&](auto& net, tensor x) {
      return net.conv(net.global_pool(first(net, x)), {.filters = 12, .act = relu});
    });
    within_a_quantum("gate" + of, {1, 13, 11, 8}, [&](auto& net, tensor x) {
      const auto map = first(net, x);
      return net.multiply(map, net.conv(net.global_pool(map), {.filters = 20, .act = sigmoid}));
    });
    within_a_quantum("concatenation" + of, {1, 13, 11, 8}, [&](auto& net, tensor x) {
      return net.concatenate(first(net, x), net.conv(x, {.filters = 8, .act = swish}));
    });
    const auto piece = [&](const char* name, auto&& build) {
      within_a_quantum(name + of, {1, 12, 12, 8}, [&](auto& net, tensor x) { return build(net, first(net, x)); });
    };
    piece("shuffle", [](auto& net, tensor x) { return net.channel_shuffle(x, 2); });
    piece("slice", [](auto& net, tensor x) { return net.slice(x, {.top = 1, .height = 5, .first_channel = 7}); });
    piece("resize", [](auto& net, tensor x) { return net.resize(x, {.scale = 2}); });
    piece("space to depth", [](auto& net, tensor x) { return net.space_to_depth(x, 2); });
    piece("frame", [](auto& net, tensor x) { return net.pad(x, {.top = 1, .left = 2}); });
    piece("transpose", [](auto& net, tensor x) { return net.transpose(x); });
    within_a_quantum("a layer in f32 between" + of, {1, 12, 12, 8}, [&](auto& net, tensor x) {
      return net.conv(net.layer_norm(first(net, x), {}), {.filters = 16, .kernel = 3});
    });
  }
}

TEST_CASE("int8: a convolution is ONNX Runtime's QLinearConv") {
  // Printed by quantized_convolution.py with ONNX Runtime 1.32.0.
  constexpr std::array expected{-6, -13, -1, -6, -21, -2, -1, 23,  1,   2,   -8,  17, -9, -10, -11, -11,
                                -6, 28,  23, -3, -2,  -4, 16, 117, -10, -12, -16, -4, 37, 1,   -2,  -15,
                                37, 1,   62, 41, -7,  -3, -7, 13,  8,   8,   -11, 20, 98, 15,  16,  23};
  constexpr std::array scales{0.001F, 0.002F, 0.003F};
  constexpr std::array bias{-900, 0, 1234};
  constexpr float input_scale = 0.01F;
  constexpr float output_scale = 0.03F;
  const network graph = make_network("published", {1, 4, 4, 2}, [](auto& net, tensor x) {
    return as_stored(net, net.conv(x, {.filters = 3, .kernel = 3, .bias = true}));
  });
  weights values(2);
  for (std::size_t c = 0; c < 3; ++c) {
    for (std::size_t i = c * 18; i < c * 18 + 18; ++i)
      values[0].kernel.push_back(scales[c] * (i % 18 == 0 ? 127.0F : static_cast<float>(53 * i % 255) - 127));
    values[0].bias.push_back(static_cast<float>(bias[c]) * input_scale * scales[c]);
  }
  const activation_range made{-127 * output_scale, 127 * output_scale};
  const activation_ranges ranges{.network = fingerprint_of(graph), .maps = {{0, 255 * input_scale}, made, made}};
  std::vector<float> in;
  for (int i = 0; i < 32; ++i) in.push_back(static_cast<float>((37 * i + 11) % 256) * input_scale);
  const auto check = [&](const std::vector<float>& out) {
    for (std::size_t i = 0; i < expected.size(); ++i) CHECK(std::lround(out[i] / output_scale) == expected[i]);
  };
  check(run_int8(reference::executor{}, graph, values, ranges, in));
  if (computes_int8()) check(run_int8(onednn::executor{{.type = data_type::int8}}, graph, values, ranges, in));
}

TEST_CASE("int8: what runs in it, and how maps are stored") {
  const network graph = make_network("rule", {1, 16, 16, 3}, [](auto& net, tensor x) {
    x = net.conv(x, {.filters = 16, .kernel = 3, .act = relu});                       // 1: u8
    const auto low = net.max_pool(x, {.kernel = 2, .stride = 2});                     // 2: as 1
    const auto inner = net.conv(low, {.filters = 16, .kernel = 3});                   // 3: handed to the sum, f32
    x = net.add(inner, low, relu);                                                    // 4: u8
    const auto gate = net.conv(net.global_pool(x), {.filters = 16, .act = sigmoid});  // 5: u8, 6: a gate, f32
    x = net.multiply(x, gate);                                                        // 7: f32, for the next
    x = net.layer_norm(x, {});                                                        // 8: f32
    x = net.conv(x, {.filters = 8});                                                  // 9: an output, f32
    return x;
  });
  const weights values = random_weights(graph, 2);
  const quantization q = quantize(graph, ranges_of(graph, values));
  const auto text = [&](std::size_t t) {
    return (q.maps[t].stored ? "" : "f32, else ") + std::string(to_string(q.maps[t].type));
  };
  CHECK(text(0) == "s8");
  CHECK(text(1) == "u8");
  CHECK(text(2) == "u8");
  CHECK(q.maps[1].scale == q.maps[2].scale);
  CHECK(text(3) == "f32, else s8");
  CHECK(text(4) == "u8");
  CHECK(text(5) == "u8");
  CHECK(text(6) == "f32, else u8");
  CHECK(text(7) == "f32, else u8");
  CHECK(text(8) == "f32, else s8");
  CHECK(text(9) == "f32, else s8");
  CHECK(q.int8_layers == std::vector<bool>{true, true, true, true, true, true, true, false, true});
  if (!computes_int8()) return;
  const onednn::compiled program =
      onednn::executor{{.type = data_type::int8}}.compile(graph, values, ranges_of(graph, values));
  std::vector<std::string> types;
  for (std::size_t i = 0; i < program.kernels().size(); ++i) types.push_back(program.kernel_types(i));
  CHECK(types == std::vector<std::string>{"s8 > u8", "u8 > u8", "u8 > f32", "u8 f32 > u8", "u8 > u8", "u8 > f32",
                                          "f32 u8 > f32", "f32 > f32", "s8 > f32"});
}

TEST_CASE("int8: weights in 8 bits, each channel with its scale") {
  const quantized_weights q =
      quantize(layer_weights{.kernel = {1, -0.5F, 0.25F, -2, 0, 0}, .bias = {0.1F, -3, 5}}, 0.5F);
  CHECK(q.kernel == std::vector<std::int8_t>{127, -64, 16, -127, 0, 0});  // 63.5 goes to the even number
  CHECK(q.scales[0] == 1.0F / 127);
  CHECK(q.scales[1] == 2.0F / 127);
  CHECK(q.bias[0] == 25);  // 0.1 * 127 / 0.5 = 25.4
  CHECK(q.bias[1] == -381);
  // A channel without weights keeps its bias: to a millionth.
  CHECK(std::abs(static_cast<float>(q.bias[2]) * q.scales[2] * 0.5F - 5) < 5e-6F);
  CHECK_THROWS_MATCHES(quantize(layer_weights{.kernel = {1, std::numeric_limits<float>::infinity()}, .bias = {0}}, 1),
                       network_error,
                       MessageMatches(ContainsSubstring("output channel 0: found inf; allowed: finite")));
}

TEST_CASE("int8: calibration takes the widest range of all images, or cuts rare numbers off") {
  const network graph = make_network("one", {1, 10, 10, 1}, [](auto& net, tensor x) { return net.activate(x, relu); });
  std::vector<float> images(200, 0.5F);
  images[3] = -4;
  images[120] = 7;
  reference::executor f32;
  const activation_ranges all = calibrate(f32, graph, weights(1), images);
  CHECK(all.maps == std::vector<activation_range>{{-4, 7}, {0, 7}});
  CHECK(calibrate(f32, graph, weights(1), images, {.percentile = 98}).maps ==
        std::vector<activation_range>{{0.5F, 0.5F}, {0.5F, 0.5F}});
}

TEST_CASE("int8: whole networks agree with f32") {
  const network graph = make_network("whole", {1, 32, 32, 3}, [](auto& net, tensor x) {
    x = place(net, conv{.filters = 16}, x, 2);
    x = place(net, mbconv{.filters = 24, .se = .25, .act = swish}, x, 2);
    x = place(net, fused_mbconv{.filters = 32, .act = relu}, x, 2);
    x = place(net, mbconv{.filters = 32, .act = relu6}, x, 1);
    net.dense(net.global_pool(x), {.units = 10});
  });
  const weights values = random_weights(graph, 7);
  const activation_ranges ranges = ranges_of(graph, values);
  const int batch = 2;
  const std::vector<float> in = test::random_numbers(test::input_size(graph, batch), 21);
  const std::vector<float> expected = test::run_once(reference::executor{}, graph, values, in, batch);
  const auto check = [&](const std::vector<float>& out) {
    double error = 0;
    double size = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
      error += std::pow(static_cast<double>(out[i]) - static_cast<double>(expected[i]), 2);
      size += std::pow(static_cast<double>(expected[i]), 2);
    }
    CHECK(std::sqrt(error / size) < 0.03);
    CHECK(std::sqrt(error / size) > 1e-4);  // it did run in 8 bits
  };
  check(run_int8(reference::executor{}, graph, values, ranges, in, batch));
  if (computes_int8()) {
    const onednn::executor one_by_one{{.type = data_type::int8, .images_at_once = 1}};
    check(run_int8(one_by_one, graph, values, ranges, in, batch));
    const onednn::executor cpu{{.threads = nascent::available_cores(), .type = data_type::int8}};
    check(run_int8(cpu, graph, values, ranges, in, batch));
    // One kernel after another is the whole network, conversions included.
    onednn::compiled program = cpu.compile(graph, values, ranges, batch);
    std::vector<float> whole(expected.size());
    std::vector<float> pieces(expected.size());
    program.run(in, whole);
    for (std::size_t k = 0; k < program.kernels().size(); ++k) program.run_kernel(k);
    program.copy_output(pieces);
    CHECK(pieces == whole);
  }
}

TEST_CASE("int8: what cannot be is refused by name") {
  const network graph =
      make_network("mine", {1, 8, 8, 2}, [](auto& net, tensor x) { return net.conv(x, {.filters = 4}); });
  const network other =
      make_network("other", {1, 8, 8, 2}, [](auto& net, tensor x) { return net.conv(x, {.filters = 5}); });
  const weights values = random_weights(graph, 1);
  reference::executor f32;
  const auto says = [](const char* text) { return MessageMatches(ContainsSubstring(text)); };
  CHECK_THROWS_MATCHES(
      calibrate(f32, graph, values, std::vector<float>(100)), executor_error,
      says("calibration of 'mine', images: found 100 numbers; allowed: one image or more of 8x8x2, which "
           "are 128 numbers each"));
  CHECK_THROWS_MATCHES(calibrate(f32, graph, values, std::vector<float>()), executor_error, says("found 0 numbers"));
  std::vector<float> images(256, 0.5F);
  CHECK_THROWS_MATCHES(calibrate(f32, graph, values, images, {.percentile = 20}), executor_error, says("percentile"));
  images[200] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_MATCHES(calibrate(f32, graph, values, images), executor_error,
                       says("calibration of 'mine', image 1: found nan; allowed: finite numbers"));
  weights endless = values;
  endless[0].bias[0] = std::numeric_limits<float>::infinity();
  images[200] = 0;
  CHECK_THROWS_MATCHES(calibrate(f32, graph, endless, images), executor_error, says("behind layer 0"));

  activation_ranges ranges = ranges_of(graph, values);
  CHECK_THROWS_MATCHES(quantize(other, ranges), network_error, says("found ranges of another network"));
  ranges.maps.pop_back();
  CHECK_THROWS_MATCHES(quantize(graph, ranges), network_error, says("found 1 maps; allowed: 2"));
  ranges.maps.push_back({1, -1});
  CHECK_THROWS_MATCHES(f32.compile(graph, values, ranges), network_error, says("layer 0"));

  CHECK_THROWS_MATCHES(onednn::executor{}.compile(graph, values, ranges_of(graph, values)), executor_error,
                       says("ranges for int8: found an executor of type f32; allowed: int8"));
  if (!computes_int8()) {
    CHECK_THROWS_MATCHES(onednn::executor{{.type = data_type::int8}}, executor_error, says("found int8 with isa"));
    return;
  }
  CHECK_THROWS_MATCHES(onednn::executor{{.type = data_type::int8}}.compile(graph, values), executor_error,
                       says("'mine': found a network for int8 that was never calibrated"));
  CHECK_NOTHROW(
      onednn::executor{{.type = data_type::int8, .uncalibrated = onednn::uncalibrated_networks::assume_ranges}}.compile(
          graph, values));
  CHECK(test::passes_in_own_process("child: int8 without its instructions"));
}

TEST_CASE("child: int8 without its instructions", "[.child]") {
  CHECK_THROWS_MATCHES(
      (onednn::executor{{.type = data_type::int8, .isa = onednn::isa::avx2}}), executor_error,
      MessageMatches(ContainsSubstring("found int8 with isa avx2") && ContainsSubstring("avx512_core_vnni")));
}
