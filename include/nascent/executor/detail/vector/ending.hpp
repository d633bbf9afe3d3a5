// SPDX-License-Identifier: Apache-2.0
/// \file
/// What follows the sums of a convolution, whatever instructions compute it.
#pragma once

#include <cstddef>
#include <limits>
#include <utility>

#include "nascent/network/activation.hpp"
#include "nascent/network/kernel.hpp"

namespace nascent::detail::own {

/// Whether these kernels compute an activation; convolutions with another one are left to the executor's own.
constexpr bool has_vectors(const activation_function& f) {
  switch (f.act) {
    case activation::identity:
    case activation::relu:
    case activation::relu6:
    case activation::swish:
    case activation::hswish:
    case activation::sigmoid:
    case activation::zero:
    case activation::hsigmoid:
    case activation::clamp: return true;
    case activation::leaky_relu: return !f.numbers.said();
    case activation::elu:
    case activation::mish:
    case activation::tanh:
    case activation::softplus:
    case activation::gelu:
    case activation::gelu_tanh: return false;
  }
  return false;
}

/// What happens to sums before they are stored: an activation, a residual sum, and perhaps relu after it.
struct ending {
  explicit ending(const kernel& k) : act(k.core.act), residual(k.residual), relu(k.residual_act == activation::relu) {
    if (act == activation::relu || act == activation::relu6) low = 0;
    if (act == activation::relu6) high = 6;
    if (act == activation::clamp) {
      low = static_cast<float>(k.core.function().low());
      high = static_cast<float>(k.core.function().high());
    }
  }
  static bool supports(const kernel& k) {
    return has_vectors(k.core.function()) &&
           (k.residual_act == activation::identity || k.residual_act == activation::relu);
  }
  /// A few instructions: sums may be stored as they leave their registers. Other endings are computed in a second pass,
  /// from the nearest cache.
  bool is_direct() const {
    return !residual && !relu &&
           (act == activation::identity || act == activation::relu || act == activation::relu6 ||
            act == activation::clamp || act == activation::hswish);
  }

  activation act;
  bool residual;
  bool relu;
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();
};

/// Where sums go.
template <class T>
struct destination {
  T* first = nullptr;         ///< pixel, at the first channel
  std::ptrdiff_t stride = 0;  ///< between pixels
  int pixels = 0;
  int vectors = 0;
  int channels = 0;  ///< from the first channel on; what is beyond is not written
};

/// Calls `f.template operator()<act>()` with the activation as a constant; for those that `has_vectors`.
template <class F>
auto with_activation(activation act, F&& f) {
  switch (act) {
    case activation::relu: return f.template operator()<activation::relu>();
    case activation::relu6: return f.template operator()<activation::relu6>();
    case activation::swish: return f.template operator()<activation::swish>();
    case activation::hswish: return f.template operator()<activation::hswish>();
    case activation::sigmoid: return f.template operator()<activation::sigmoid>();
    case activation::zero: return f.template operator()<activation::zero>();
    case activation::hsigmoid: return f.template operator()<activation::hsigmoid>();
    case activation::leaky_relu: return f.template operator()<activation::leaky_relu>();
    case activation::clamp: return f.template operator()<activation::clamp>();
    case activation::elu:
    case activation::mish:
    case activation::tanh:
    case activation::softplus:
    case activation::gelu:
    case activation::gelu_tanh:
    case activation::identity: break;
  }
  return f.template operator()<activation::identity>();
}

}  // namespace nascent::detail::own
