// SPDX-License-Identifier: Apache-2.0
/// \file
/// What each kind of layer computes, in PyTorch's words. Maps are PyTorch's NCHW, which lie in memory as NHWC; kernels
/// are as this library orders them, [output channel][height][width][input channel of the group].
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/conv_transpose2d.h>
#include <ATen/ops/elu.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/group_norm.h>
#include <ATen/ops/hardsigmoid.h>
#include <ATen/ops/hardswish.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/mish.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/prelu.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/upsample_bilinear2d.h>
#include <ATen/ops/zeros_like.h>

#include "nascent/network/layer.hpp"

namespace nascent::detail {

/// The tensors of one layer; those that it has not are undefined.
struct torch_parameters {
  at::Tensor kernel;
  at::Tensor bias;
  at::Tensor gamma;
  at::Tensor beta;
  at::Tensor mean;      ///< moving; not trained
  at::Tensor variance;  ///< moving; not trained
};

struct torch_mode {
  bool training = false;  ///< batch normalisation by the batch's own statistics, which are averaged
  double epsilon = 1e-5;
  double momentum = 0.1;  ///< PyTorch's: the share of the new
};

/// NHWC, and back: views, no copies.
inline at::Tensor as_nhwc(const at::Tensor& x) { return x.permute({0, 2, 3, 1}); }
inline at::Tensor as_nchw(const at::Tensor& x) { return x.permute({0, 3, 1, 2}); }

/// Rows and columns around a map, or cut off where below 0.
inline at::Tensor framed(const at::Tensor& x, const window_padding& p, double value = 0) {
  if (p == window_padding{}) return x;
  return at::constant_pad_nd(x, {p.left, p.right, p.above, p.below}, value);
}

inline at::Tensor torch_convolution(const layer& l, const torch_parameters& w, const at::Tensor& x) {
  const std::vector<std::int64_t> stride{l.stride_height, l.stride_width};
  const at::Tensor kernel = as_nchw(w.kernel);
  window_padding p = padding_of(l);
  std::vector<std::int64_t> both{0, 0};
  if (p.above == p.below && p.left == p.right) {
    both = {p.above, p.left};
    p = {};
  }
  return at::conv2d(framed(x, p), kernel, w.bias, stride, both, {l.dilation, l.dilation}, l.groups);
}

inline at::Tensor torch_transposed(const layer& l, const torch_parameters& w, const at::Tensor& x) {
  const std::int64_t groups = l.groups;
  const std::int64_t depth = l.input.channels / groups;
  const std::int64_t filters = l.output.channels / groups;
  const at::Tensor kernel = w.kernel.view({groups, filters, l.kernel_height, l.kernel_width, depth})
                                .permute({0, 4, 1, 2, 3})
                                .reshape({groups * depth, filters, l.kernel_height, l.kernel_width});
  const at::Tensor all =
      at::conv_transpose2d(x, kernel, {}, {l.stride_height, l.stride_width}, 0, 0, groups, {l.dilation, l.dilation});
  const auto rest = [](std::int64_t made, int before, int wanted) {
    return static_cast<int>(before + wanted - made);  // below 0: cut off
  };
  const at::Tensor part = framed(
      all, {-l.top, rest(all.size(2), l.top, l.output.height), -l.left, rest(all.size(3), l.left, l.output.width)});
  return w.bias.defined() ? part + w.bias.view({1, -1, 1, 1}) : part;
}

inline at::Tensor torch_pool(const layer& l, const at::Tensor& x) {
  const std::vector<std::int64_t> kernel{l.kernel_height, l.kernel_width};
  const std::vector<std::int64_t> stride{l.stride_height, l.stride_width};
  const window_padding p = padding_of(l);
  at::Tensor out;
  if (l.kind == layer_kind::max_pool) {
    out = at::max_pool2d(framed(x, p, -INFINITY), kernel, stride);
  } else {
    out = at::avg_pool2d(framed(x, p), kernel, stride);
    if (!l.count_padding && !(p == window_padding{})) {
      const at::Tensor inside = framed(at::ones({1, 1, l.input.height, l.input.width}, x.options()), p);
      out = out / at::avg_pool2d(inside, kernel, stride);
    }
  }
  return out.narrow(2, 0, l.output.height).narrow(3, 0, l.output.width);
}

/// n x n blocks of pixels take the place of channels or maps. n is the stride.
inline at::Tensor torch_blocks(const layer& l, const at::Tensor& x) {
  const std::int64_t n = l.stride_height;
  const std::int64_t maps = x.size(0);
  const std::int64_t depth = x.size(1);
  if (l.kind == layer_kind::batch_to_space)
    return x.reshape({maps / (n * n), n, n, depth, x.size(2), x.size(3)})
        .permute({0, 3, 4, 1, 5, 2})
        .reshape({maps / (n * n), depth, x.size(2) * n, x.size(3) * n});
  if (l.kind == layer_kind::depth_to_space)
    return x.reshape({maps, n, n, depth / (n * n), x.size(2), x.size(3)})
        .permute({0, 3, 4, 1, 5, 2})
        .reshape({maps, depth / (n * n), x.size(2) * n, x.size(3) * n});
  const at::Tensor cells = x.reshape({maps, depth, x.size(2) / n, n, x.size(3) / n, n}).permute({0, 3, 5, 1, 2, 4});
  return l.kind == layer_kind::space_to_depth ? cells.reshape({maps, n * n * depth, x.size(2) / n, x.size(3) / n})
                                              : cells.reshape({maps * n * n, depth, x.size(2) / n, x.size(3) / n});
}

/// A factor and a summand for each channel, of those that there are.
inline at::Tensor torch_scaled(const torch_parameters& w, at::Tensor x) {
  if (w.kernel.defined()) x = x * w.kernel.view({1, -1, 1, 1});
  return w.bias.defined() ? x + w.bias.view({1, -1, 1, 1}) : x;
}

/// Layer and RMS normalisation over the channels, group normalisation over a map's positions too.
inline at::Tensor torch_normalized(const layer& l, const torch_parameters& w, const at::Tensor& x) {
  const double epsilon = std::pow(10.0, -l.epsilon_digits);
  if (l.kind == layer_kind::group_norm) return at::group_norm(x, l.groups, w.kernel, w.bias, epsilon, false);
  const at::Tensor middle = l.kind == layer_kind::rms_norm ? x : x - x.mean({1}, true);
  return torch_scaled(w, middle * ((middle * middle).mean({1}, true) + epsilon).rsqrt());
}

/// Rows or columns of a map, each copied from the one that `nearest_source` names.
inline at::Tensor torch_nearest(const at::Tensor& x, int dimension, int output) {
  const int input = static_cast<int>(x.size(dimension));
  if (input == output) return x;
  std::vector<std::int64_t> from;
  for (int i = 0; i < output; ++i) from.push_back(nearest_source(i, input, output));
  return x.index_select(dimension, at::tensor(from, x.options().dtype(at::kLong)));
}

/// Scores and products of two maps in heads: positions times channels of a head.
inline at::Tensor torch_product(const layer& l, const at::Tensor& a, const at::Tensor& b) {
  const auto heads = [&](const at::Tensor& x) {
    const std::int64_t positions = x.size(2) * x.size(3);
    return as_nhwc(x).reshape({x.size(0), positions, l.groups, x.size(1) / l.groups}).transpose(1, 2);
  };
  const at::Tensor left = heads(a);
  const at::Tensor right = heads(b);
  const double factor = 1 / std::sqrt(static_cast<double>(right.size(3)));
  const at::Tensor product =
      l.kind == layer_kind::scores ? left.matmul(right.transpose(2, 3)) * factor : left.matmul(right);
  return as_nchw(product.transpose(1, 2).reshape({a.size(0), l.output.height, l.output.width, l.output.channels}));
}

inline at::Tensor torch_token(const layer& l, const torch_parameters& w, const at::Tensor& x) {
  const at::Tensor rest = as_nhwc(x).reshape({x.size(0), -1, x.size(1)});
  const at::Tensor token = w.kernel.view({1, 1, -1}).expand({x.size(0), 1, x.size(1)});
  return as_nchw(at::cat({token, rest}, 1).reshape({x.size(0), l.output.height, l.output.width, l.output.channels}));
}

/// One layer without its batch normalisation and its activation.
inline at::Tensor torch_core(const layer& l, const torch_parameters& w, std::span<const at::Tensor> inputs) {
  const at::Tensor& x = inputs.front();
  const std::int64_t maps = x.size(0);
  switch (l.kind) {
    case layer_kind::convolution: return torch_convolution(l, w, x);
    case layer_kind::dense:
      return at::linear(x.reshape({maps, -1}), w.kernel.view({l.output.channels, -1}), w.bias).view({maps, -1, 1, 1});
    case layer_kind::max_pool:
    case layer_kind::average_pool: return torch_pool(l, x);
    case layer_kind::global_average_pool: return x.mean({2, 3}, true);
    case layer_kind::add: return x + inputs[1];
    case layer_kind::multiply: return x * inputs[1];
    case layer_kind::concatenate: return at::cat(std::vector<at::Tensor>(inputs.begin(), inputs.end()), 1);
    case layer_kind::slice:
      return x.narrow(1, l.first_channel(), l.output.channels)
          .narrow(2, l.top, l.output.height)
          .narrow(3, l.left, l.output.width);
    case layer_kind::softmax:
      return x.reshape({maps, l.groups, x.size(1) / l.groups, x.size(2), x.size(3)}).softmax(1).reshape(x.sizes());
    case layer_kind::channel_softmax:
      return x.reshape({maps, l.groups, x.size(1) / l.groups, x.size(2), x.size(3)}).softmax(2).reshape(x.sizes());
    case layer_kind::activate: return x;
    case layer_kind::prelu: return at::prelu(x, w.kernel.view({-1}));
    case layer_kind::space_to_depth:
    case layer_kind::space_to_batch:
    case layer_kind::depth_to_space:
    case layer_kind::batch_to_space: return torch_blocks(l, x);
    case layer_kind::scale: return torch_scaled(w, x);
    case layer_kind::layer_norm:
    case layer_kind::group_norm:
    case layer_kind::rms_norm: return torch_normalized(l, w, x);
    case layer_kind::reshape:
      return as_nchw(as_nhwc(x).reshape({-1, l.output.height, l.output.width, l.output.channels}));
    case layer_kind::transpose: return as_nchw(x.reshape({maps, l.output.height, l.output.width, l.output.channels}));
    case layer_kind::scores:
    case layer_kind::matmul: return torch_product(l, x, inputs[1]);
    case layer_kind::class_token: return torch_token(l, w, x);
    case layer_kind::position_embedding:
      return x + as_nchw(w.kernel.view({1, l.output.height, l.output.width, l.output.channels}));
    case layer_kind::transposed_convolution: return torch_transposed(l, w, x);
    case layer_kind::resize_nearest: return torch_nearest(torch_nearest(x, 2, l.output.height), 3, l.output.width);
    case layer_kind::resize_bilinear: return at::upsample_bilinear2d(x, {l.output.height, l.output.width}, false);
    case layer_kind::pad:
      return framed(x,
                    {l.top, l.output.height - l.input.height - l.top, l.left, l.output.width - l.input.width - l.left});
    case layer_kind::channel_shuffle:
      return x.reshape({maps, l.groups, x.size(1) / l.groups, x.size(2), x.size(3)}).transpose(1, 2).reshape(x.sizes());
  }
  return x;
}

inline at::Tensor torch_activation(const activation_function& f, const at::Tensor& x) {
  switch (f.act) {
    case activation::identity: return x;
    case activation::relu: return x.relu();
    case activation::relu6: return x.clamp(0, 6);
    case activation::swish: return at::silu(x);
    case activation::hswish: return at::hardswish(x);
    case activation::sigmoid: return x.sigmoid();
    case activation::zero: return at::zeros_like(x);
    case activation::hsigmoid: return at::hardsigmoid(x);
    case activation::leaky_relu: return at::leaky_relu(x, f.slope());
    case activation::elu: return at::elu(x, f.factor());
    case activation::mish: return at::mish(x);
    case activation::tanh: return x.tanh();
    case activation::softplus: return at::softplus(x);
    case activation::gelu: return at::gelu(x);
    case activation::gelu_tanh: return at::gelu(x, "tanh");
    case activation::clamp: return x.clamp(f.low(), f.high());
  }
  return x;
}

/// One layer, with batch normalisation and activation.
inline at::Tensor torch_layer(const layer& l, const torch_parameters& w, std::span<const at::Tensor> inputs,
                              const torch_mode& mode) {
  at::Tensor y = torch_core(l, w, inputs);
  if (l.batch_norm)
    y = at::batch_norm(y, w.gamma, w.beta, w.mean, w.variance, mode.training, mode.momentum, mode.epsilon, true);
  return torch_activation(l.function(), y);
}

}  // namespace nascent::detail
