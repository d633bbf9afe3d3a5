// SPDX-License-Identifier: Apache-2.0
/// \file
/// The data caches of this machine's processor, as the system lists them.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "nascent/base/language.hpp"

namespace nascent {

/// One cache that a processor reads data through.
struct data_cache {
  int level = 1;
  std::size_t bytes = 0;
  int shared_by = 1;  ///< processors that share it, as the system counts them

  friend bool operator==(const data_cache&, const data_cache&) = default;
};

namespace detail {

inline std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// The number at the start of a text, which loses it; -1 where there is none.
inline long take_number(std::string_view& text) {
  long value = -1;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc()) return -1;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

/// "48K" is 49152; 0 for what is no size.
inline std::size_t parse_cache_size(std::string_view text) {
  const long value = take_number(text);
  if (value <= 0) return 0;
  const std::size_t unit = text == "K"    ? std::size_t{1} << 10
                           : text == "M"  ? std::size_t{1} << 20
                           : text.empty() ? 1
                                          : 0;
  return static_cast<std::size_t>(value) * unit;
}

/// How many processors "0-3,8" names: 5. At least 1.
inline int count_processors(std::string_view list) {
  int count = 0;
  while (!list.empty()) {
    const long first = take_number(list);
    long last = first;
    if (!list.empty() && list.front() == '-') {
      list.remove_prefix(1);
      last = take_number(list);
    }
    if (first < 0 || last < first) break;
    count += static_cast<int>(last - first + 1);
    if (list.empty() || list.front() != ',') break;
    list.remove_prefix(1);
  }
  return std::max(1, count);
}

}  // namespace detail

/// The caches for data of the first processor, nearest first. Empty where the system does not say: some virtual
/// machines do not.
inline std::vector<data_cache> data_caches(const std::string& folder = "/sys/devices/system/cpu/cpu0/cache") {
  std::vector<data_cache> caches;
  for (int index = 0; index < 16; ++index) {
    const std::string entry = folder + "/index" + std::to_string(index) + "/";
    const std::string type = detail::first_line(entry + "type");
    if (type != "Data" && type != "Unified") continue;
    const std::string level_text = detail::first_line(entry + "level");
    std::string_view level = level_text;
    const data_cache cache{.level = static_cast<int>(detail::take_number(level)),
                           .bytes = detail::parse_cache_size(detail::first_line(entry + "size")),
                           .shared_by = detail::count_processors(detail::first_line(entry + "shared_cpu_list"))};
    if (cache.level >= 1 && cache.bytes > 0) caches.push_back(cache);
  }
  std::ranges::sort(caches, [](const data_cache& a, const data_cache& b) {
    return a.level != b.level ? a.level < b.level : a.bytes < b.bytes;
  });
  return caches;
}

}  // namespace nascent
