// SPDX-License-Identifier: Apache-2.0
/// \file
/// Inception-v3 (Szegedy et al., 2015, "Rethinking the Inception Architecture for Computer Vision") and Inception-v4
/// (Szegedy et al., 2016, "Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning"), without
/// the auxiliary classifier. Filters by the public definitions (TensorFlow's slim, ported to timm): the papers leave
/// some of v3's out.
#pragma once

#include <array>
#include <initializer_list>

#include "nascent/zoo/model.hpp"

namespace nascent::zoo {
namespace detail {

/// A convolution with batch normalisation and relu.
struct inception_step {
  int filters;
  kernel_size kernel = 1;
  int stride = 1;
  padding pad = padding::same;
};

constexpr inception_step valid(int filters, int kernel, int stride = 1) {
  return {filters, kernel, stride, padding::valid};
}

/// A branch: convolutions one after another.
constexpr tensor inception_branch(auto& net, tensor x, std::initializer_list<inception_step> steps) {
  for (const inception_step& s : steps)
    x = net.conv(x, {.filters = s.filters, .kernel = s.kernel, .stride = s.stride, .act = relu, .pad = s.pad});
  return x;
}

constexpr tensor inception_max_pool(auto& net, const tensor& x) {
  return net.max_pool(x, {.kernel = 3, .stride = 2, .pad = padding::valid});
}

/// The branch that pools: a 3x3 average and a 1x1 convolution. In version 3 padding counts, as in torchvision and timm.
constexpr tensor inception_pooled(auto& net, const tensor& x, int filters, bool count_padding) {
  return inception_branch(net, net.average_pool(x, {.kernel = 3, .stride = 1, .count_padding = count_padding}),
                          {{filters}});
}

/// 1x3 and 3x1 side by side.
constexpr tensor inception_fork(auto& net, const tensor& x, int filters) {
  const tensor wide = inception_branch(net, x, {{filters, {1, 3}}});
  const tensor high = inception_branch(net, x, {{filters, {3, 1}}});
  return net.concatenate(wide, high);
}

// In every cell the branches are built into names first: the order in which arguments are evaluated is the compiler's
// choice.

struct inception_v3_a {
  int pooled;

  constexpr tensor operator()(auto& net, const tensor& x, int /*stride*/) const {
    const tensor a = inception_branch(net, x, {{64}});
    const tensor b = inception_branch(net, x, {{48}, {64, 5}});
    const tensor c = inception_branch(net, x, {{64}, {96, 3}, {96, 3}});
    const tensor d = inception_pooled(net, x, pooled, true);
    return net.concatenate(a, b, c, d);
  }
};

struct inception_v3_b {
  int inside;

  constexpr tensor operator()(auto& net, const tensor& x, int /*stride*/) const {
    const tensor a = inception_branch(net, x, {{192}});
    const tensor b = inception_branch(net, x, {{inside}, {inside, {1, 7}}, {192, {7, 1}}});
    const tensor c =
        inception_branch(net, x, {{inside}, {inside, {7, 1}}, {inside, {1, 7}}, {inside, {7, 1}}, {192, {1, 7}}});
    const tensor d = inception_pooled(net, x, 192, true);
    return net.concatenate(a, b, c, d);
  }
};

struct inception_v3_c {
  constexpr tensor operator()(auto& net, const tensor& x, int /*stride*/) const {
    const tensor a = inception_branch(net, x, {{320}});
    const tensor b = inception_fork(net, inception_branch(net, x, {{384}}), 384);
    const tensor c = inception_fork(net, inception_branch(net, x, {{448}, {384, 3}}), 384);
    const tensor d = inception_pooled(net, x, 192, true);
    return net.concatenate(a, b, c, d);
  }
};

struct inception_v4_a {
  constexpr tensor operator()(auto& net, const tensor& x, int /*stride*/) const {
    const tensor a = inception_branch(net, x, {{96}});
    const tensor b = inception_branch(net, x, {{64}, {96, 3}});
    const tensor c = inception_branch(net, x, {{64}, {96, 3}, {96, 3}});
    const tensor d = inception_pooled(net, x, 96, false);
    return net.concatenate(a, b, c, d);
  }
};

struct inception_v4_b {
  constexpr tensor operator()(auto& net, const tensor& x, int /*stride*/) const {
    const tensor a = inception_branch(net, x, {{384}});
    const tensor b = inception_branch(net, x, {{192}, {224, {1, 7}}, {256, {7, 1}}});
    const tensor c = inception_branch(net, x, {{192}, {192, {7, 1}}, {224, {1, 7}}, {224, {7, 1}}, {256, {1, 7}}});
    const tensor d = inception_pooled(net, x, 128, false);
    return net.concatenate(a, b, c, d);
  }
};

struct inception_v4_c {
  constexpr tensor operator()(auto& net, const tensor& x, int /*stride*/) const {
    const tensor a = inception_branch(net, x, {{256}});
    const tensor b = inception_fork(net, inception_branch(net, x, {{384}}), 256);
    const tensor c = inception_fork(net, inception_branch(net, x, {{384}, {448, {3, 1}}, {512, {1, 3}}}), 256);
    const tensor d = inception_pooled(net, x, 256, false);
    return net.concatenate(a, b, c, d);
  }
};

}  // namespace detail

/// Table 1 of its paper, with the cells of its figures 5, 6 and 7.
struct inception_v3_body {
  constexpr tensor operator()(auto& net, tensor x) const {
    using namespace detail;
    net.stage("stem");
    x = inception_branch(net, x, {valid(32, 3, 2), valid(32, 3), {64, 3}});
    x = inception_branch(net, inception_max_pool(net, x), {{80}, valid(192, 3)});
    x = inception_max_pool(net, x);
    net.stage("a");
    for (const int pooled : {32, 64, 64}) x = place(net, inception_v3_a{pooled}, x);
    net.stage("reduction a");
    const tensor a = inception_branch(net, x, {valid(384, 3, 2)});
    const tensor b = inception_branch(net, x, {{64}, {96, 3}, valid(96, 3, 2)});
    x = net.concatenate(a, b, inception_max_pool(net, x));
    net.stage("b");
    for (const int inside : {128, 160, 160, 192}) x = place(net, inception_v3_b{inside}, x);
    net.stage("reduction b");
    const tensor c = inception_branch(net, x, {{192}, valid(320, 3, 2)});
    const tensor d = inception_branch(net, x, {{192}, {192, {1, 7}}, {192, {7, 1}}, valid(192, 3, 2)});
    x = net.concatenate(c, d, inception_max_pool(net, x));
    net.stage("c");
    for (int i = 0; i < 2; ++i) x = place(net, inception_v3_c{}, x);
    return classify(net, x);
  }
};

/// Figure 9 of its paper, with the stem of its figure 3 and the cells of its figures 4 to 8.
struct inception_v4_body {
  constexpr tensor operator()(auto& net, tensor x) const {
    using namespace detail;
    net.stage("stem");
    x = inception_branch(net, x, {valid(32, 3, 2), valid(32, 3), {64, 3}});
    const tensor pooled = inception_max_pool(net, x);
    x = net.concatenate(pooled, inception_branch(net, x, {valid(96, 3, 2)}));
    const tensor short_way = inception_branch(net, x, {{64}, valid(96, 3)});
    x = net.concatenate(short_way, inception_branch(net, x, {{64}, {64, {1, 7}}, {64, {7, 1}}, valid(96, 3)}));
    const tensor strided = inception_branch(net, x, {valid(192, 3, 2)});
    x = net.concatenate(strided, inception_max_pool(net, x));
    net.stage("a");
    for (int i = 0; i < 4; ++i) x = place(net, inception_v4_a{}, x);
    net.stage("reduction a");
    const tensor a = inception_branch(net, x, {valid(384, 3, 2)});
    const tensor b = inception_branch(net, x, {{192}, {224, 3}, valid(256, 3, 2)});
    x = net.concatenate(a, b, inception_max_pool(net, x));
    net.stage("b");
    for (int i = 0; i < 7; ++i) x = place(net, inception_v4_b{}, x);
    net.stage("reduction b");
    const tensor c = inception_branch(net, x, {{192}, valid(192, 3, 2)});
    const tensor d = inception_branch(net, x, {{256}, {256, {1, 7}}, {320, {7, 1}}, valid(320, 3, 2)});
    x = net.concatenate(c, d, inception_max_pool(net, x));
    net.stage("c");
    for (int i = 0; i < 3; ++i) x = place(net, inception_v4_c{}, x);
    return classify(net, x);
  }
};

inline constexpr model inception_v3{
    "Inception-v3", 299, inception_v3_body{}, {24, 5.7, "EfficientNet-X paper, Table 3"}};
inline constexpr model inception_v4{"Inception-v4",
                                    299,
                                    inception_v4_body{},
                                    {48, 13, "EfficientNet-X paper, Table 3",
                                     "no public definition has 48 M params and 13 G MACs; all have 42.7 M and 12.3 G"}};

}  // namespace nascent::zoo
