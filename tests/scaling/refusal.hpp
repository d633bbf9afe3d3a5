// SPDX-License-Identifier: Apache-2.0
/// \file
/// What tests of scaling ask of errors.
#pragma once

#include <string>

#include "nascent/scaling/compound.hpp"

/// The sentence with which a call is refused; empty where it is not.
template <class Call>
std::string refusal(Call call) {
  try {
    call();
  } catch (const nascent::scaling_error& e) {
    return e.what();
  }
  return "";
}
