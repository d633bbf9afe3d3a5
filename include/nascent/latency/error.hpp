// SPDX-License-Identifier: Apache-2.0
/// \file
/// The exception of latency tables.
#pragma once

#include "nascent/base/error.hpp"

namespace nascent {

/// A latency table that cannot be used as asked: the text says which file, what was found, what is allowed and what to
/// do.
struct latency_table_error : error {
  using error::error;
};

}  // namespace nascent
