// SPDX-License-Identifier: Apache-2.0
/// \file
/// The exception for bad vectors, ranks and candidates met at run time.
#pragma once

#include <string_view>

#include "nascent/base/error.hpp"

namespace nascent {

/// Says in which space and where, what was found, and what is allowed.
struct space_error : error {
  using error::error;
};

namespace detail {

/// "space 'tiny', 1.filters".
constexpr basic_text<256> place_in(std::string_view space, std::string_view where) {
  return detail::joined("space '", space, "', ", where);
}

}  // namespace detail

}  // namespace nascent
