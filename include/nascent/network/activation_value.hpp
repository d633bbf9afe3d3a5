// SPDX-License-Identifier: Apache-2.0
/// \file
/// What activations compute.
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>

#include "nascent/network/activation_function.hpp"

namespace nascent {

namespace detail {

/// log(1 + exp(x)), without overflow.
inline double softplus_of(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

}  // namespace detail

/// An activation at one place, in double precision.
inline double activation_value(const activation_function& f, double x) {
  switch (f.act) {
    case activation::identity: return x;
    case activation::relu: return std::max(x, 0.0);
    case activation::relu6: return std::clamp(x, 0.0, 6.0);
    case activation::swish: return x / (1.0 + std::exp(-x));
    case activation::hswish: return x * std::clamp(x + 3.0, 0.0, 6.0) / 6.0;
    case activation::sigmoid: return 1.0 / (1.0 + std::exp(-x));
    case activation::zero: return 0.0;
    case activation::hsigmoid: return std::clamp(x + 3.0, 0.0, 6.0) / 6.0;
    case activation::leaky_relu: return x < 0 ? f.slope() * x : x;
    case activation::elu: return x < 0 ? f.factor() * std::expm1(x) : x;
    case activation::mish: return x * std::tanh(detail::softplus_of(x));
    case activation::tanh: return std::tanh(x);
    case activation::softplus: return detail::softplus_of(x);
    case activation::gelu: return 0.5 * x * (1.0 + std::erf(x * std::numbers::sqrt2 / 2));
    case activation::gelu_tanh:
      return 0.5 * x * (1.0 + std::tanh(std::numbers::sqrt2 * std::numbers::inv_sqrtpi * (x + 0.044715 * x * x * x)));
    case activation::clamp: return std::clamp(x, f.low(), f.high());
  }
  return x;
}

}  // namespace nascent
