// SPDX-License-Identifier: Apache-2.0
/// \file
/// Activation functions and the other enumerations that blocks take as hyper-parameters.
#pragma once

#include <cstdint>

#include "nascent/base/language.hpp"

namespace nascent {

/// What is added to the output of a block (EfficientNet-X supplement, Table 4, row "skip connections").
enum class residual : std::uint8_t {
  none,      ///< nothing
  identity,  ///< the block's input, where the shapes match; nothing where they do not
  project,   ///< the block's input; through average pooling and a 1x1 convolution where the shapes differ (ResNet-D)
  strided,   ///< the same through one strided 1x1 convolution (ResNet)
};

/// An element-wise function after a layer.
enum class activation : std::uint8_t {
  identity,
  relu,
  relu6,       ///< min(max(x, 0), 6)
  swish,       ///< x * sigmoid(x), also called SiLU
  hswish,      ///< x * relu6(x + 3) / 6
  sigmoid,     ///< 1 / (1 + exp(-x))
  zero,        ///< 0 whatever x is ("none" among the operations of cell-based search spaces)
  hsigmoid,    ///< relu6(x + 3) / 6
  leaky_relu,  ///< x, below 0 x / 100 (PyTorch's usual slope); `activation_function` has others
  elu,         ///< x, below 0 exp(x) - 1; the same
  mish,        ///< x * tanh(softplus(x))
  tanh,        ///< hyperbolic tangent
  softplus,    ///< log(1 + exp(x))
  gelu,        ///< x * Phi(x) with the exact normal distribution (Hendrycks and Gimpel, 2016)
  gelu_tanh,   ///< the same with their approximation: x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))
  clamp,       ///< min(max(x, -1), 1), PyTorch's Hardtanh; `activation_function` has other bounds
};

/// How many activations there are.
inline constexpr int activation_count = 16;

inline constexpr auto identity = activation::identity;
inline constexpr auto relu = activation::relu;
inline constexpr auto relu6 = activation::relu6;
inline constexpr auto swish = activation::swish;
inline constexpr auto hswish = activation::hswish;
inline constexpr auto sigmoid = activation::sigmoid;
inline constexpr auto hsigmoid = activation::hsigmoid;
inline constexpr auto leaky_relu = activation::leaky_relu;
inline constexpr auto elu = activation::elu;
inline constexpr auto mish = activation::mish;
inline constexpr auto softplus = activation::softplus;
inline constexpr auto gelu = activation::gelu;
inline constexpr auto gelu_tanh = activation::gelu_tanh;  // `tanh` and `clamp` alone are standard functions

/// The name that text, tables and files use.
constexpr const char* to_string(activation act) {
  switch (act) {
    case activation::identity: return "identity";
    case activation::relu: return "relu";
    case activation::relu6: return "relu6";
    case activation::swish: return "swish";
    case activation::hswish: return "hswish";
    case activation::sigmoid: return "sigmoid";
    case activation::zero: return "zero";
    case activation::hsigmoid: return "hsigmoid";
    case activation::leaky_relu: return "leaky_relu";
    case activation::elu: return "elu";
    case activation::mish: return "mish";
    case activation::tanh: return "tanh";
    case activation::softplus: return "softplus";
    case activation::gelu: return "gelu";
    case activation::gelu_tanh: return "gelu_tanh";
    case activation::clamp: return "clamp";
  }
  return "unknown";
}

constexpr const char* to_string(residual kind) {
  switch (kind) {
    case residual::none: return "none";
    case residual::identity: return "identity";
    case residual::project: return "project";
    case residual::strided: return "strided";
  }
  return "unknown";
}

/// What surrounds a map under a window that slides over it.
enum class padding : std::uint8_t {
  same,       ///< as much as gives ceil(size / stride); what is odd goes after the map (TensorFlow)
  symmetric,  ///< (kernel - 1) / 2 on both sides (PyTorch's usual); differs from same at strides above 1
  valid,      ///< none: the window stays inside the map
  narrow,     ///< one less than symmetric on both sides (some layers of FBNetV3); none for kernels up to 3
};

constexpr const char* to_string(padding kind) {
  switch (kind) {
    case padding::same: return "same";
    case padding::symmetric: return "symmetric";
    case padding::valid: return "valid";
    case padding::narrow: return "narrow";
  }
  return "unknown";
}

/// Which channel count a squeeze-and-excite ratio refers to; the families of the literature differ.
enum class se_reference : std::uint8_t {
  block_input,       ///< channels that enter the block (EfficientNet, GPUNet, RegNetY)
  expanded,          ///< channels after the expansion (FBNetV2, AlphaNet)
  expanded_rounded,  ///< the same, rounded to a multiple of 8 (MobileNetV3, TuNAS)
};

constexpr const char* to_string(se_reference reference) {
  switch (reference) {
    case se_reference::block_input: return "block_input";
    case se_reference::expanded: return "expanded";
    case se_reference::expanded_rounded: return "expanded_rounded";
  }
  return "unknown";
}

/// What stands inside a squeeze-and-excite; the families of the literature differ.
enum class se_activation : std::uint8_t {
  of_block,     ///< the block's activation (EfficientNet, GPUNet, FBNet)
  always_relu,  ///< ReLU, whatever the block has (MobileNetV3)
};

constexpr const char* to_string(se_activation inside) {
  switch (inside) {
    case se_activation::of_block: return "of_block";
    case se_activation::always_relu: return "always_relu";
  }
  return "unknown";
}

}  // namespace nascent
