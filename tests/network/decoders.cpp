// SPDX-License-Identifier: Apache-2.0
// Networks with the words of decoders and branches, against the counts of PyTorch's modules.
#include <catch2/catch_test_macros.hpp>

#include "nascent/cost/cost.hpp"
#include "nascent/network/network.hpp"

using namespace nascent;

namespace {

/// Ronneberger et al., 2015, at the sizes of its Figure 1: convolutions without padding, cropped skips.
network u_net(bool batch_norm) {
  return make_network("U-Net", {1, 572, 572, 1}, [=](auto& net, auto x) {
    const auto twice = [&](auto y, int filters) {
      for (int i = 0; i < 2; ++i)
        y = net.conv(y, {.filters = filters,
                         .kernel = 3,
                         .act = relu,
                         .bias = true,
                         .batch_norm = batch_norm,
                         .pad = padding::valid});
      return y;
    };
    tensor skips[4];
    int filters = 64;
    for (tensor& skip : skips) {
      skip = twice(x, filters);
      x = net.max_pool(skip, {.pad = padding::valid});
      filters *= 2;
    }
    x = twice(x, filters);
    for (int i = 3; i >= 0; --i) {
      filters /= 2;
      x = net.transposed_conv(x, {.filters = filters, .bias = true});
      const int border = (skips[i].height - x.height) / 2;
      const auto part = net.slice(skips[i], {.top = border, .left = border, .height = x.height, .width = x.width});
      x = twice(net.concatenate(part, x), filters);
    }
    return net.conv(x, {.filters = 2, .bias = true});
  });
}

/// ShuffleNetV2 x1.0 (Ma et al., 2018) as torchvision has it.
network shuffle_net() {
  return make_network("ShuffleNetV2", {1, 224, 224, 3}, [](auto& net, auto x) {
    const auto branch = [&](auto y, int filters, int stride) {
      y = net.conv(y, {.filters = filters, .act = relu});
      y = net.depthwise_conv(y, {.stride = stride, .pad = padding::symmetric});
      return net.conv(y, {.filters = filters, .act = relu});
    };
    x = net.conv(x, {.filters = 24, .kernel = 3, .stride = 2, .act = relu, .pad = padding::symmetric});
    x = net.max_pool(x, {.kernel = 3, .stride = 2, .pad = padding::symmetric});
    const int units[] = {4, 8, 4};
    for (int stage = 0; stage < 3; ++stage) {
      const int half = 58 << stage;
      auto other = net.depthwise_conv(x, {.stride = 2, .pad = padding::symmetric});
      other = net.conv(other, {.filters = half, .act = relu});
      x = net.channel_shuffle(net.concatenate(other, branch(x, half, 2)), 2);
      for (int i = 1; i < units[stage]; ++i) {
        const auto [left, right] = net.split(x, half, half);
        x = net.channel_shuffle(net.concatenate(left, branch(right, half, 1)), 2);
      }
    }
    x = net.conv(x, {.filters = 1024, .act = relu});
    return net.dense(net.global_pool(x), {.units = 1000});
  });
}

}  // namespace

TEST_CASE("U-Net at its original sizes") {
  const network graph = u_net(false);
  CHECK(graph.output() == shape{1, 388, 388, 2});
  CHECK(cost(graph).params == 31'030'658);
  CHECK(cost(graph).macs == 150'428'424'448);
  // As it is mostly built today, with batch normalisations behind the biases.
  CHECK(cost(u_net(true)).params == 31'042'434);
}

TEST_CASE("ShuffleNetV2 x1.0 as torchvision has it") {
  const network graph = shuffle_net();
  CHECK(cost(graph).params == 2'278'604);
  CHECK(cost(graph).macs == 144'907'992);
}
