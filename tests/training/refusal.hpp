// SPDX-License-Identifier: Apache-2.0
/// \file
/// What tests of training ask of errors.
#pragma once

#include <string>
#include <utility>

#include <catch2/catch_test_macros.hpp>

#include "nascent/base/error.hpp"

namespace test {

/// The code and the sentence with which a call is refused.
template <class Call>
std::string refusal(Call&& call) {
  try {
    std::forward<Call>(call)();
  } catch (const nascent::error& e) {
    return std::string(e.code()) + ", " + e.what();
  }
  return "none";
}

/// Whether a text has a part; where not, the text is printed.
inline bool says(const std::string& text, const std::string& part) {
  const bool found = text.find(part) != std::string::npos;
  if (!found) WARN(text);
  return found;
}

}  // namespace test
