// SPDX-License-Identifier: Apache-2.0
/// \file
/// What is wrong between networks and ONNX models.
#pragma once

#include "nascent/base/error.hpp"

namespace nascent {

/// A network that ONNX cannot say, a file that is no ONNX model, or a model that says what no layer of ours does.
struct onnx_error : error {
  using error::error;
};

}  // namespace nascent
