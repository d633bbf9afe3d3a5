// SPDX-License-Identifier: Apache-2.0
/// \file
/// The exception of training: images, options, checkpoints, and losses that are no numbers.
#pragma once

#include "nascent/base/error.hpp"

namespace nascent {

/// Says what of which training, what was found, and what is allowed.
struct training_error : error {
  using error::error;
};

}  // namespace nascent
