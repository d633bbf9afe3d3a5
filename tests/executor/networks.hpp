// SPDX-License-Identifier: Apache-2.0
/// \file
/// Networks, numbers and comparisons that the tests of this room share.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "nascent/executor/weights.hpp"
#include "nascent/network/network.hpp"

namespace test {

using nascent::activation;
using nascent::activation_function;
using nascent::network;
using nascent::tensor;

/// Reproducible on every compiler, unlike the distributions of the standard library.
class dice {
 public:
  explicit dice(std::uint64_t seed) : engine_(seed) {}
  int between(int low, int high) {
    return low + static_cast<int>(engine_() % static_cast<std::uint64_t>(high - low + 1));
  }
  bool coin() { return between(0, 1) == 1; }
  /// Every activation but zero, behind which nothing can be compared; one of the first six half the time. Those that
  /// have numbers have others than the usual ones half the time.
  activation_function act() {
    if (coin()) return static_cast<activation>(between(0, 5));
    const auto any =
        static_cast<activation>(between(static_cast<int>(activation::zero) + 1, nascent::activation_count - 1));
    if (number_count(any) == 0 || coin()) return any;
    if (any == activation::clamp) return {any, coin() ? -0.5 : -std::numeric_limits<double>::infinity(), 0.75};
    return {any, coin() ? 0.2 : 1.5};
  }
  float real() { return static_cast<float>(between(-1'000'000, 1'000'000)) * 1e-6F; }

 private:
  std::mt19937_64 engine_;
};

/// Activations with numbers of their own.
inline constexpr std::array<nascent::activation_function, 6> functions_with_numbers{
    {{nascent::leaky_relu, 0.2},
     {nascent::leaky_relu, 1.5},
     {nascent::elu, 0.5},
     {nascent::activation::clamp, -0.25, 0.5},
     {nascent::activation::clamp, -std::numeric_limits<double>::infinity(), 0.25},
     {nascent::activation::clamp, 0.1, std::numeric_limits<double>::infinity()}}};

inline std::vector<float> random_numbers(std::size_t count, std::uint64_t seed) {
  dice roll(seed);
  std::vector<float> numbers(count);
  for (float& x : numbers) x = roll.real();
  return numbers;
}

inline std::size_t input_size(const network& graph, int batch = 1) {
  return static_cast<std::size_t>(graph.input().elements() * batch);
}
inline std::size_t output_size(const network& graph, int batch = 1) {
  return static_cast<std::size_t>(graph.output_elements() * batch);
}

/// Compiles and runs once.
template <class Executor>
std::vector<float> run_once(const Executor& executor, const network& graph, const nascent::weights& values,
                            std::span<const float> in, int batch = 1) {
  auto program = executor.compile(graph, values, batch);
  std::vector<float> out(output_size(graph, batch), -12345.0F);
  program.run(in, out);
  return out;
}

/// The largest difference, relative to the largest number expected. Infinite where a number on either side is not
/// finite, or their counts differ: a comparison of such proves nothing.
inline double distance(std::span<const float> found, std::span<const float> expected) {
  double largest = 0;
  double difference = 0;
  if (found.size() != expected.size()) return std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (!std::isfinite(found[i]) || !std::isfinite(expected[i])) return std::numeric_limits<double>::infinity();
    largest = std::max(largest, static_cast<double>(std::abs(expected[i])));
    difference = std::max(difference, static_cast<double>(std::abs(found[i] - expected[i])));
  }
  return difference == 0 ? 0 : difference / largest;
}

/// EfficientNet-B0 (Tan and Le, 2019).
inline network efficientnet_b0(int resolution = 224) {
  return nascent::make_network("EfficientNet-B0", {1, resolution, resolution, 3}, [](auto& net, tensor x) {
    struct stage {
      int expand, filters, layers, stride, kernel;
    };
    x = net.conv(x, {.filters = 32, .kernel = 3, .stride = 2, .act = nascent::swish});
    for (const stage& s : {stage{1, 16, 1, 1, 3}, stage{6, 24, 2, 2, 3}, stage{6, 40, 2, 2, 5}, stage{6, 80, 3, 2, 3},
                           stage{6, 112, 3, 1, 5}, stage{6, 192, 4, 2, 5}, stage{6, 320, 1, 1, 3}})
      for (int i = 0; i < s.layers; ++i) {
        const tensor in = x;
        const int stride = i == 0 ? s.stride : 1;
        if (s.expand > 1) x = net.conv(x, {.filters = in.channels * s.expand, .kernel = 1, .act = nascent::swish});
        x = net.depthwise_conv(x, {.kernel = s.kernel, .stride = stride, .act = nascent::swish});
        tensor gate = net.global_pool(x);
        gate = net.conv(gate, {.filters = in.channels / 4, .act = nascent::swish, .bias = true});
        gate = net.conv(gate, {.filters = x.channels, .act = nascent::sigmoid, .bias = true});
        x = net.multiply(x, gate);
        x = net.conv(x, {.filters = s.filters, .kernel = 1});
        if (x.same_shape(in)) x = net.add(x, in);
      }
    x = net.conv(x, {.filters = 1280, .kernel = 1, .act = nascent::swish});
    net.dense(net.global_pool(x), {.units = 1000});
  });
}

/// A network of a few random blocks: any kernel, stride, padding, dilation, grouping, branching that the library knows.
class random_network_builder {
 public:
  random_network_builder(std::uint64_t seed, int blocks, bool head, bool outputs)
      : roll_(seed), blocks_(blocks), head_(head), outputs_(outputs) {}

  network operator()() {
    const nascent::shape input{1, roll_.between(1, 24), roll_.between(1, 24), roll_.between(1, 20)};
    return nascent::make_network(
        "random", input,
        [this](auto& net, tensor x) {
          for (int i = 0; i < blocks_; ++i) {
            x = block(net, x);
            if (outputs_) net.output(x, "map " + std::to_string(i));
          }
          if (head_) net.dense(net.global_pool(x), {.units = roll_.between(1, 40), .act = roll_.act()});
        },
        nascent::unused_layers::prune);
  }

 private:
  nascent::strides stride(const tensor& x) {
    const int both = roll_.between(1, std::min({3, x.height, x.width}));
    return roll_.between(0, 2) > 0 ? nascent::strides{both} : nascent::strides{both, roll_.between(1, 3)};
  }
  int odd() { return 1 + 2 * roll_.between(0, 3); }
  nascent::kernel_size kernel() { return {roll_.between(1, 7), roll_.between(1, 7)}; }

  /// SAME where the window would not fit into the map otherwise.
  nascent::padding padding(const tensor& x, nascent::kernel_size k, const nascent::strides& by, int dilation = 1) {
    const auto kind = static_cast<nascent::padding>(roll_.between(0, 2));
    const bool fits = nascent::window_size(x.height, k.height, by.height, dilation, kind) > 0 &&
                      nascent::window_size(x.width, k.width, by.width, dilation, kind) > 0;
    return fits ? kind : nascent::padding::same;
  }

  tensor pool(auto& net, const tensor& x, bool largest) {
    const nascent::kernel_size k = kernel();
    const nascent::strides by = stride(x);
    const nascent::pool_options o{.kernel = k, .stride = by, .pad = padding(x, k, by)};
    return largest ? net.max_pool(x, o) : net.average_pool(x, o);
  }

  /// A part of the channels on its way alone, as a residual or beside the others.
  tensor part(auto& net, tensor in) {
    const int first = roll_.between(0, in.channels - 1);
    const tensor x = net.slice(in, first, roll_.between(1, in.channels - first));
    if (roll_.coin()) return net.concatenate(x, in);
    const tensor y = net.conv(x, {.filters = x.channels, .kernel = odd(), .act = roll_.act()});
    return roll_.coin() ? net.add(y, x, roll_.act()) : net.concatenate(y, x);
  }

  /// Split attention: the parts of a grouped convolution weighed against each other.
  tensor weighed(auto& net, tensor in) {
    const int parts = roll_.between(1, 4);
    const int channels = roll_.between(1, 12);
    const tensor all = net.conv(in, {.filters = parts * channels, .kernel = odd(), .act = nascent::relu});
    tensor sum = net.slice(all, 0, channels);
    for (int i = 1; i < parts; ++i) sum = net.add(sum, net.slice(all, i * channels, channels));
    tensor weight = net.conv(net.global_pool(sum), {.filters = parts * channels, .bias = true});
    weight = net.softmax(weight, parts);
    tensor out = net.multiply(net.slice(all, 0, channels), net.slice(weight, 0, channels));
    for (int i = 1; i < parts; ++i)
      out =
          net.add(out, net.multiply(net.slice(all, i * channels, channels), net.slice(weight, i * channels, channels)));
    return out;
  }

  tensor gate(auto& net, tensor x) {
    tensor g = net.global_pool(x);
    g = net.conv(g, {.filters = roll_.between(1, 8), .act = roll_.act(), .bias = true});
    return net.multiply(x, net.conv(g, {.filters = x.channels, .act = nascent::sigmoid, .bias = true}));
  }

  tensor transposed(auto& net, const tensor& x) {
    const int by = x.height * x.width > 400 ? 1 : roll_.between(1, 3);
    const int groups = x.channels % 2 == 0 ? roll_.between(1, 2) : 1;
    const nascent::kernel_size k{roll_.between(1, 4), roll_.between(1, 4)};
    const int dilation = roll_.between(1, 2);
    // What is left out stays inside the kernel, so that the map never vanishes.
    const auto cut = [&](int taps) { return roll_.between(0, (taps - 1) * dilation / 2); };
    const int most = std::max(by, dilation) - 1;
    return net.transposed_conv(x, {.filters = groups * roll_.between(1, 12),
                                   .kernel = k,
                                   .stride = by,
                                   .padding = {cut(k.height), cut(k.width)},
                                   .output_padding = {roll_.between(0, most), roll_.between(0, most)},
                                   .groups = groups,
                                   .dilation = dilation,
                                   .act = roll_.act(),
                                   .bias = roll_.coin()});
  }

  tensor resized(auto& net, const tensor& x) {
    const auto how = roll_.coin() ? nascent::interpolation::nearest : nascent::interpolation::bilinear;
    if (roll_.coin() && x.height * x.width <= 400)
      return net.resize(x, {.scale = static_cast<double>(roll_.between(1, 2)), .how = how});
    return net.resize(x, {.height = roll_.between(1, 24), .width = roll_.between(1, 24), .how = how});
  }

  /// Sums and products of two maps, the second repeated or not.
  tensor combined(auto& net, const tensor& x) {
    tensor other = roll_.coin() ? x : net.conv(x, {.filters = roll_.coin() ? 1 : x.channels, .act = nascent::sigmoid});
    if (roll_.coin()) other = net.global_pool(other);
    return roll_.coin() ? net.multiply(x, other) : net.broadcast_add(x, other, roll_.act());
  }

  tensor mbconv(auto& net, tensor in, bool fused) {
    const int expanded = in.channels * roll_.between(1, 4);
    const nascent::strides by = stride(in);
    const activation_function act = roll_.act();
    tensor x = in;
    if (fused) {
      x = net.conv(x, {.filters = expanded, .kernel = odd(), .stride = by, .act = act});
    } else {
      if (roll_.coin()) x = net.conv(x, {.filters = expanded, .act = act});
      x = net.depthwise_conv(x, {.kernel = odd(), .stride = by, .act = act});
    }
    if (roll_.coin()) x = gate(net, x);
    x = net.conv(x, {.filters = roll_.coin() ? in.channels : roll_.between(1, 40)});
    return x.same_shape(in) ? net.add(x, in) : x;
  }

  tensor bottleneck(auto& net, tensor in) {
    const nascent::strides by = stride(in);
    const int filters = roll_.between(1, 40);
    tensor skip = in;
    if (by != 1 || filters != in.channels) skip = net.conv(in, {.filters = filters, .stride = by});
    const int groups = roll_.between(1, 4);
    tensor x = net.conv(in, {.filters = groups * roll_.between(1, 8), .act = nascent::relu});
    x = net.conv(x, {.filters = groups * roll_.between(1, 8),
                     .kernel = odd(),
                     .stride = by,
                     .groups = groups,
                     .act = nascent::relu});
    x = net.conv(x, {.filters = filters});
    return roll_.coin() ? net.add(x, skip, nascent::relu) : net.add(skip, x, roll_.act());
  }

  /// Residual sums that are hard to fuse: the skip is read again later, or is the convolution's own input.
  tensor awkward_sum(auto& net, tensor in) {
    const tensor x = net.conv(
        in, {.filters = in.channels, .kernel = kernel(), .act = roll_.coin() ? nascent::relu : nascent::identity});
    const tensor sum = net.add(x, in, roll_.act());
    return roll_.coin() ? net.concatenate(sum, in) : net.add(sum, roll_.coin() ? sum : in);
  }

  tensor branches(auto& net, tensor in) {
    const nascent::kernel_size wide{1, odd()};
    const tensor a = net.conv(in, {.filters = roll_.between(1, 20), .kernel = wide, .act = roll_.act()});
    const tensor b = net.average_pool(in, {.kernel = roll_.between(1, 4), .stride = 1});
    const tensor c = net.conv(a, {.filters = roll_.between(1, 20), .kernel = {odd(), 1}});
    return roll_.coin() ? net.concatenate(a, b, c) : net.concatenate(c, in);
  }

  tensor moved(auto& net, tensor x) {
    const int n = roll_.between(2, 3);
    if (x.height % n != 0 || x.width % n != 0) return net.activate(x, nascent::hswish);
    if (roll_.coin()) {
      const tensor y = net.space_to_depth(x, n);
      return roll_.coin() ? y : net.depth_to_space(net.conv(y, {.filters = n * n * roll_.between(1, 5)}), n);
    }
    if (roll_.coin()) {
      const tensor y = net.conv(net.windows(x, n), {.filters = roll_.between(1, 20), .kernel = odd()});
      return net.join_windows(y, x.height, x.width);
    }
    x = net.space_to_batch(x, n);
    x = net.conv(x, {.filters = roll_.between(1, 20), .kernel = odd(), .act = roll_.act()});
    if (roll_.coin()) x = gate(net, x);
    return net.batch_to_space(x, n);
  }

  /// A normalisation by itself, before what it is for.
  tensor normalized(auto& net, tensor x) {
    const activation_function act = roll_.coin() ? nascent::identity : roll_.act();
    const int digits = roll_.between(1, 2);  // a small epsilon makes much of what rounding changed
    switch (roll_.between(0, 5)) {
      case 5: return net.prelu(net.conv(x, {.filters = roll_.between(1, 20), .kernel = odd()}));
      case 0: return net.conv(net.batch_norm(x, act), {.filters = roll_.between(1, 20), .kernel = odd()});
      case 1: return net.add(net.layer_scale(net.conv(x, {.filters = x.channels, .bias = true})), x);
      case 2: return net.layer_norm(x, {.epsilon_digits = digits, .act = act, .bias = roll_.coin()});
      case 3: {
        const int groups = x.channels % 3 == 0 ? 3 : roll_.coin() ? x.channels : 1;
        return net.group_norm(x, {.groups = groups, .epsilon_digits = digits, .act = act});
      }
      default: return net.rms_norm(x, {.epsilon_digits = digits, .act = act});
    }
  }

  /// Attention of a map with itself or with a smaller one, on its own positions or on tokens.
  tensor attended(auto& net, tensor x) {
    const int heads = roll_.between(1, 3);
    if (x.height * x.width > 120) x = net.average_pool(x, {.kernel = 4, .stride = 4});
    const tensor in = x;
    if (roll_.coin()) x = net.position_embedding(x);
    if (roll_.coin()) x = net.class_token(net.tokens(x));
    const tensor other = roll_.coin() ? x : net.max_pool(x, {.kernel = 2, .stride = 2});
    const int depth = heads * roll_.between(1, 9);
    const tensor queries = net.conv(x, {.filters = depth, .bias = true});
    const tensor keys = net.conv(other, {.filters = depth, .bias = true});
    const tensor values = net.conv(other, {.filters = heads * roll_.between(1, 9), .bias = true});
    const tensor weights = net.channel_softmax(net.scores(queries, keys, heads), heads);
    const tensor y = net.matmul(weights, values, heads);
    switch (roll_.between(0, 3)) {
      case 0: return net.conv(net.transpose(y), {.filters = roll_.between(1, 9), .bias = true});
      case 1: return net.slice(net.reshape(y, 1, 1, y.height * y.width * y.channels), 0, y.channels);
      case 2: return net.add(net.conv(y, {.filters = x.channels, .act = roll_.act(), .bias = true}), x);
      default: return y.height * y.width == in.height * in.width ? net.reshape(y, in.height, in.width, y.channels) : y;
    }
  }

  tensor block(auto& net, tensor x) {
    switch (roll_.between(0, 24)) {
      case 0: return mbconv(net, x, false);
      case 1: return mbconv(net, x, true);
      case 2: return bottleneck(net, x);
      case 3: return awkward_sum(net, x);
      case 4: return branches(net, x);
      case 5: return moved(net, x);
      case 6: return gate(net, x);
      case 7: return pool(net, x, true);
      case 8: return pool(net, x, false);
      case 9: {
        const int groups = x.channels % 3 == 0 ? 3 : 1;
        const nascent::kernel_size k = kernel();
        const nascent::strides by = stride(x);
        const int dilation = roll_.between(1, 3);
        return net.conv(x, {.filters = groups * roll_.between(1, 16),
                            .kernel = k,
                            .stride = by,
                            .groups = groups,
                            .dilation = dilation,
                            .act = roll_.act(),
                            .bias = roll_.coin(),
                            .pad = padding(x, k, by, dilation)});
      }
      case 10: return part(net, x);
      case 11: return weighed(net, x);
      case 12:
      case 13:
      case 14: return normalized(net, x);
      case 15:
      case 16: return attended(net, x);
      case 17:
      case 18: return moved(net, x);
      case 19: return transposed(net, x);
      case 20: return resized(net, x);
      case 21: {
        const auto frame = [&] { return roll_.between(0, 2); };
        x = net.pad(x, {.top = frame(), .bottom = frame(), .left = frame(), .right = frame()});
        const int top = roll_.between(0, x.height - 1);
        const int left = roll_.between(0, x.width - 1);
        return net.slice(x, {.top = top, .left = left, .height = roll_.between(1, x.height - top)});
      }
      case 22: {
        const int groups = roll_.between(1, 5);
        return net.channel_shuffle(net.conv(x, {.filters = groups * roll_.between(1, 9)}), groups);
      }
      case 23: return combined(net, x);
      default: {
        const nascent::kernel_size k = kernel();
        const nascent::strides by = stride(x);
        const int dilation = roll_.between(1, 3);
        return net.depthwise_conv(x, {.kernel = k,
                                      .stride = by,
                                      .dilation = dilation,
                                      .act = roll_.act(),
                                      .batch_norm = roll_.coin(),
                                      .pad = padding(x, k, by, dilation)});
      }
    }
  }

  dice roll_;
  int blocks_;
  bool head_;
  bool outputs_;
};

inline network random_network(std::uint64_t seed, int blocks, bool head) {
  return random_network_builder(seed, blocks, head, false)();
}
/// The same with the map after each block as an output.
inline network random_detector(std::uint64_t seed, int blocks = 3) {
  return random_network_builder(seed, blocks, false, true)();
}

}  // namespace test
