// SPDX-License-Identifier: Apache-2.0
/// \file
/// Lists of numbers as text in a column.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "nascent/base/number_text.hpp"

namespace nascent::detail {

inline std::string column_text(std::span<const int> decisions) {
  std::string text;
  for (const int d : decisions) text += (text.empty() ? "" : " ") + std::to_string(d);
  return text;
}

inline std::string column_text(std::span<const double> numbers) {
  std::string text;
  for (const double n : numbers) text += (text.empty() ? "" : " ") + exact_text(n);
  return text;
}

template <class Use>
void for_each_word(std::string_view text, Use&& use) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    use(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace nascent::detail
