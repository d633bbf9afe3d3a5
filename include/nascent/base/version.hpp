// SPDX-License-Identifier: Apache-2.0
/// \file
/// The version of this library, which its reports name; CMake's package has the same.
#pragma once

#include <string_view>

#include "nascent/base/language.hpp"

namespace nascent {

inline constexpr std::string_view version = "0.1.0";

}  // namespace nascent
