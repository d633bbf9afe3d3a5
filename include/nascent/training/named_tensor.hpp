// SPDX-License-Identifier: Apache-2.0
/// \file
/// A parameter by name.
#pragma once

#include <cstdint>
#include <string>

#include <ATen/core/Tensor.h>

#include "nascent/base/language.hpp"

namespace nascent {

/// What a tensor of a trainable network is.
enum class parameter_role : std::uint8_t {
  kernel,     ///< weights of a convolution or a dense layer: L2 is for these
  factor,     ///< of a scale or a normalisation, what is embedded, gamma
  summand,    ///< bias, beta
  statistic,  ///< moving mean or variance: not trained
};

struct named_tensor {
  std::string name;  ///< "17.kernel": of layer 17
  parameter_role role;
  at::Tensor value;
};

}  // namespace nascent
