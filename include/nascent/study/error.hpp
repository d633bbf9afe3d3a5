// SPDX-License-Identifier: Apache-2.0
/// \file
/// The exception for studies: files, what they are of, and how they are gone on with.
#pragma once

#include "nascent/base/error.hpp"

namespace nascent {

/// Says which study, what was found, and what is allowed.
struct study_error : error {
  using error::error;
};

}  // namespace nascent
