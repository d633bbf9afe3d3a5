// SPDX-License-Identifier: Apache-2.0
#include "nascent/network/kernel.hpp"

#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "nascent/block/block.hpp"

using namespace nascent;

namespace {

template <class Build>
std::vector<kernel> kernels_of(const shape& input, Build build) {
  return fuse(make_network("kernels", input, build, unused_layers::keep));
}

constexpr shape map{1, 8, 8, 16};

}  // namespace

TEST_CASE("a residual sum joins the convolution before it") {
  const auto kernels = kernels_of(map, [](auto& net, auto in) {
    const auto a = net.conv(in, {.filters = 16, .act = relu});
    const auto b = net.conv(a, {.filters = 16});
    net.add(b, in, relu6);
  });
  REQUIRE(kernels.size() == 2);
  CHECK(!kernels[0].residual);
  CHECK(kernels[1].residual);
  CHECK(kernels[1].residual_tensor == 0);
  CHECK(kernels[1].residual_act == relu6);
  CHECK(kernels[1].first_layer == 1);
  CHECK(kernels[1].last_layer == 2);
  CHECK(kernels[1].output_tensor == 3);
}

TEST_CASE("either operand may be the convolution") {
  const auto kernels = kernels_of(map, [](auto& net, auto in) { net.add(in, net.conv(in, {.filters = 16})); });
  REQUIRE(kernels.size() == 1);
  CHECK(kernels[0].residual_tensor == 0);
}

TEST_CASE("a sum stays alone after a convolution with an activation") {
  const auto kernels =
      kernels_of(map, [](auto& net, auto in) { net.add(net.conv(in, {.filters = 16, .act = relu}), in); });
  REQUIRE(kernels.size() == 2);
  CHECK(kernels[1].core.kind == layer_kind::add);
}

TEST_CASE("a sum stays alone where the convolution has another reader") {
  const auto kernels = kernels_of(map, [](auto& net, auto in) {
    const auto a = net.conv(in, {.filters = 16});
    net.concatenate(net.add(a, in), a);
  });
  CHECK(kernels.size() == 3);
}

TEST_CASE("a sum stays alone where the convolution is both operands, comes earlier, or is none") {
  CHECK(kernels_of(map, [](auto& net, auto in) {
          const auto a = net.conv(in, {.filters = 16});
          net.add(a, a);
        }).size() == 2);
  CHECK(kernels_of(map, [](auto& net, auto in) {
          const auto a = net.conv(in, {.filters = 16});
          const auto b = net.max_pool(in, {.kernel = 3, .stride = 1});
          net.add(b, a);
        }).size() == 3);
  CHECK(kernels_of(map, [](auto& net, auto in) {
          net.conv(in, {.filters = 16});
          net.add(in, in);
        }).size() == 2);
  CHECK(kernels_of(map, [](auto& net, auto in) { net.add(in, in); }).size() == 1);
}

TEST_CASE("one sum joins one convolution") {
  const auto kernels =
      kernels_of(map, [](auto& net, auto in) { net.add(net.add(net.conv(in, {.filters = 16}), in), in); });
  REQUIRE(kernels.size() == 2);
  CHECK(kernels[0].residual);
  CHECK(kernels[1].core.kind == layer_kind::add);
}

TEST_CASE("a sum joins the projection of its shortcut, which comes last") {
  const auto kernels = kernels_of({1, 56, 56, 64}, [](auto& net, auto in) { bottleneck{.filters = 256}(net, in, 1); });
  REQUIRE(kernels.size() == 4);
  CHECK(kernels[3].core.input == shape{1, 56, 56, 64});
  CHECK(kernels[3].residual_tensor == 3);
}

TEST_CASE("every layer is in one kernel, in order") {
  const network graph = make_network("mbconv", map, [](auto& net, auto x) {
    for (int i = 0; i < 3; ++i) x = mbconv{.filters = 16, .se = .25, .act = swish}(net, x, 1);
  });
  std::size_t next = 0;
  for (const kernel& k : fuse(graph)) {
    CHECK(k.first_layer == next);
    CHECK(k.output_tensor == static_cast<int>(k.last_layer) + 1);
    next = k.last_layer + 1;
  }
  CHECK(next == graph.layers().size());
}

TEST_CASE("a fused sum reads only its other operand") {
  const auto kernels = kernels_of(map, [](auto& net, auto in) { net.add(net.conv(in, {.filters = 16}), in); });
  constexpr std::int64_t n = map.elements();
  CHECK(traffic(kernels[0], data_type::f32, 1) == 4 * (3 * n + 16 * 16 + 16));
  CHECK(traffic(kernels[0], data_type::bf16, 8) == 2 * (8 * 3 * n + 16 * 16 + 16));
}

TEST_CASE("a signature says what time depends on") {
  const auto signature = [](const shape& input, auto build) { return kernels_of(input, build).back().signature(); };
  CHECK(signature({1, 224, 224, 3}, [](auto& net, auto x) {
          net.conv(x, {.filters = 32, .kernel = 3, .stride = 2, .act = relu});
        }) == "convolution 224x224x3>112x112x32 k3 s2 relu");
  CHECK(signature(map, [](auto& net, auto x) { net.depthwise_conv(x, {.kernel = 5, .act = swish}); }) ==
        "depthwise 8x8x16>8x8x16 k5 swish");
  CHECK(signature(map, [](auto& net, auto x) { net.add(net.conv(x, {.filters = 16, .groups = 4}), x, relu); }) ==
        "convolution 8x8x16>8x8x16 g4 +sum relu");
  CHECK(signature(map, [](auto& net, auto x) {
          net.conv(x, {.filters = 8, .kernel = {1, 7}, .dilation = 2});
        }) == "convolution 8x8x16>8x8x8 k1x7 d2");
  CHECK(signature(map, [](auto& net, auto x) { net.space_to_batch(x, 2); }) == "space_to_batch 8x8x16>4n4x4x16 s2");
  CHECK(signature(map, [](auto& net, auto x) { net.concatenate(x, x); }) == "concatenate 8x8x32>8x8x32 of 2");
  CHECK(signature(map, [](auto& net, auto x) { net.slice(x, 5, 3); }) == "slice 8x8x16>8x8x3 from 5");
  CHECK(signature({1, 1, 1, 16}, [](auto& net, auto x) { net.softmax(x, 4); }) == "softmax 1x1x16>1x1x16 g4");
}

TEST_CASE("a signature says how a window is padded where SAME is not meant") {
  const auto of = [](int size, int kernel, int stride, padding pad) {
    return kernels_of({1, size, size, 16},
                      [&](auto& net, auto x) {
                        net.depthwise_conv(x, {.kernel = kernel, .stride = stride, .act = relu, .pad = pad});
                      })[0]
        .signature();
  };
  CHECK(of(8, 3, 2, padding::same) == "depthwise 8x8x16>4x4x16 k3 s2 relu");
  CHECK(of(8, 3, 2, padding::symmetric) == "depthwise 8x8x16>4x4x16 k3 s2 symmetric relu");
  CHECK(of(8, 3, 1, padding::valid) == "depthwise 8x8x16>6x6x16 k3 valid relu");
  CHECK(of(9, 3, 2, padding::symmetric) == of(9, 3, 2, padding::same));
  CHECK(kernels_of(map, [](auto& net, auto x) { net.max_pool(x, {.kernel = 3, .pad = padding::symmetric}); })[0]
            .signature() == "max_pool 8x8x16>4x4x16 k3 s2 symmetric");
}

TEST_CASE("a signature tells sums and activations before and after them apart") {
  const auto of = [](activation inner, bool sum, activation outer) {
    kernel k;
    k.core = {.act = inner, .input = map, .output = map};
    k.residual = sum;
    k.residual_act = outer;
    return k.signature();
  };
  CHECK(of(identity, true, relu) != of(relu, true, identity));
  CHECK(of(relu, false, identity) != of(relu, true, identity));
}

TEST_CASE("a kernel that was split and its parts are the layers of the network") {
  const network graph = make_network("parts", map, [](auto& net, auto in) {
    const auto a = net.conv(in, {.filters = 16, .kernel = 3, .act = relu});
    const auto b = net.conv(a, {.filters = 16});
    net.max_pool(net.add(b, in, relu6), {.kernel = 3, .stride = 1});
  });
  const auto kernels = fuse(graph);
  REQUIRE(kernels.size() == 3);
  // Convolution and activation.
  const auto activated = split(kernels[0]);
  REQUIRE(activated);
  CHECK(activated->first.core.act == identity);
  CHECK(activated->second.core.kind == layer_kind::activate);
  CHECK(activated->second.core.act == relu);
  CHECK(activated->second.core.operands[0] == activated->first.output_tensor);
  CHECK(!split(activated->first));
  CHECK(!split(activated->second));
  // Convolution and residual sum: the layers themselves.
  const auto summed = split(kernels[1]);
  REQUIRE(summed);
  CHECK(summed->first.core == graph.layers()[1]);
  CHECK(summed->second.core == graph.layers()[2]);
  CHECK(summed->first.output_tensor == 2);
  CHECK(summed->second.output_tensor == 3);
  CHECK(summed->first.last_layer == 1);
  CHECK(summed->second.first_layer == 2);
  CHECK(!split(summed->first));
  const auto outer = split(summed->second);  // the sum's own activation
  REQUIRE(outer);
  CHECK(outer->second.core.act == relu6);
  CHECK(!split(kernels[2]));
}
