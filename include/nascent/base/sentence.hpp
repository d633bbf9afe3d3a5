// SPDX-License-Identifier: Apache-2.0
/// \file
/// The sentence that the errors of choosing and scaling consist of: where, what was found, what is allowed.
#pragma once

#include <cstdio>
#include <string>

namespace nascent::detail {

/// A number with up to six significant digits: "8", "0.09", "nan".
inline std::string number(double value) {
  char chars[32];
  std::snprintf(chars, sizeof chars, "%.6g", value);
  return chars;
}

inline std::string sentence(const std::string& where, const std::string& found, const std::string& allowed) {
  return "nascent: " + where + ": found " + found + "; allowed: " + allowed;
}

}  // namespace nascent::detail
