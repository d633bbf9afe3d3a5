// SPDX-License-Identifier: Apache-2.0
/// \file
/// A map from strings that is asked with string views.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "nascent/base/language.hpp"

namespace nascent {

/// Lets a map with string keys be asked with string views.
struct text_hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

template <class Value>
using text_map = std::unordered_map<std::string, Value, text_hash, std::equal_to<>>;

}  // namespace nascent
