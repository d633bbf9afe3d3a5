// SPDX-License-Identifier: Apache-2.0
/// \file
/// Activations in cuDNN's words.
#pragma once

#include <cmath>
#include <cstdint>

#include "nascent/executor/detail/cudnn/graph.hpp"
#include "nascent/network/activation_function.hpp"

namespace nascent::cudnn::detail {

/// cuDNN's own has a factor of 1; with another one the two halves are made apart.
template <class Builder>
void elu(Builder& b, float factor, std::int64_t x, std::int64_t y, const tensor_view& view) {
  if (factor == 1) return b.pointwise(CUDNN_POINTWISE_ELU_FWD, x, 0, y);
  const std::int64_t whole = b.tensor(view, role::inside);
  const std::int64_t below = b.tensor(view, role::inside);
  const std::int64_t weighed = b.tensor(view, role::inside);
  const std::int64_t above = b.tensor(view, role::inside);
  b.pointwise(CUDNN_POINTWISE_ELU_FWD, x, 0, whole);
  b.pointwise(CUDNN_POINTWISE_MIN, whole, b.constant(0), below);
  b.pointwise(CUDNN_POINTWISE_MUL, below, b.constant(factor), weighed);
  b.pointwise(CUDNN_POINTWISE_RELU_FWD, x, 0, above);
  b.pointwise(CUDNN_POINTWISE_ADD, weighed, above, y);
}

/// Two steps, as relu6 has them.
template <class Builder>
void bound(Builder& b, const activation_function& f, std::int64_t x, std::int64_t y, const tensor_view& view) {
  const bool below = std::isfinite(f.low());
  const bool above = std::isfinite(f.high());
  const std::int64_t raised = below && above ? b.tensor(view, role::inside) : below ? y : x;
  if (below) b.pointwise(CUDNN_POINTWISE_MAX, x, b.constant(static_cast<float>(f.low())), raised);
  if (above) b.pointwise(CUDNN_POINTWISE_MIN, raised, b.constant(static_cast<float>(f.high())), y);
}

/// y = f(x). `x` may not be y.
template <class Builder>
void apply(Builder& b, const activation_function& f, std::int64_t x, std::int64_t y, const tensor_view& view) {
  switch (f.act) {
    case activation::identity: return b.pointwise(CUDNN_POINTWISE_IDENTITY, x, 0, y);
    case activation::relu: return b.pointwise(CUDNN_POINTWISE_RELU_FWD, x, 0, y);
    case activation::relu6: {
      // Not as one clipped relu: behind convolution and bias that is a pattern for which cuDNN has but an engine of
      // last resort.
      const std::int64_t positive = b.tensor(view, role::inside);
      b.pointwise(CUDNN_POINTWISE_RELU_FWD, x, 0, positive);
      return b.pointwise(CUDNN_POINTWISE_MIN, positive, b.constant(6), y);
    }
    case activation::swish: return b.pointwise(CUDNN_POINTWISE_SWISH_FWD, x, 0, y);
    case activation::sigmoid: return b.pointwise(CUDNN_POINTWISE_SIGMOID_FWD, x, 0, y);
    case activation::zero: return b.clamp(x, y, 0, 0);
    case activation::hswish: {
      const std::int64_t shifted = b.tensor(view, role::inside);
      const std::int64_t gate = b.tensor(view, role::inside);
      const std::int64_t product = b.tensor(view, role::inside);
      b.pointwise(CUDNN_POINTWISE_ADD, x, b.constant(3), shifted);
      b.clamp(shifted, gate, 0, 6);
      b.pointwise(CUDNN_POINTWISE_MUL, gate, x, product);
      return b.pointwise(CUDNN_POINTWISE_MUL, product, b.constant(1.0F / 6), y);
    }
    case activation::hsigmoid: {
      const std::int64_t shifted = b.tensor(view, role::inside);
      const std::int64_t gate = b.tensor(view, role::inside);
      b.pointwise(CUDNN_POINTWISE_ADD, x, b.constant(3), shifted);
      b.clamp(shifted, gate, 0, 6);
      return b.pointwise(CUDNN_POINTWISE_MUL, gate, b.constant(1.0F / 6), y);
    }
    case activation::leaky_relu: {
      const std::int64_t low = b.tensor(view, role::inside);
      b.pointwise(CUDNN_POINTWISE_MUL, x, b.constant(static_cast<float>(f.slope())), low);
      return b.pointwise(f.slope() > 1 ? CUDNN_POINTWISE_MIN : CUDNN_POINTWISE_MAX, x, low, y);
    }
    case activation::mish: {
      const std::int64_t soft = b.tensor(view, role::inside);
      const std::int64_t gate = b.tensor(view, role::inside);
      b.pointwise(CUDNN_POINTWISE_SOFTPLUS_FWD, x, 0, soft);
      b.pointwise(CUDNN_POINTWISE_TANH_FWD, soft, 0, gate);
      return b.pointwise(CUDNN_POINTWISE_MUL, gate, x, y);
    }
    case activation::clamp: return bound(b, f, x, y, view);
    case activation::elu: return elu(b, static_cast<float>(f.factor()), x, y, view);
    case activation::tanh: return b.pointwise(CUDNN_POINTWISE_TANH_FWD, x, 0, y);
    case activation::softplus: return b.pointwise(CUDNN_POINTWISE_SOFTPLUS_FWD, x, 0, y);
    case activation::gelu: return b.pointwise(CUDNN_POINTWISE_GELU_FWD, x, 0, y);
    case activation::gelu_tanh: return b.pointwise(CUDNN_POINTWISE_GELU_APPROX_TANH_FWD, x, 0, y);
  }
}

}  // namespace nascent::cudnn::detail
