// SPDX-License-Identifier: Apache-2.0
/// \file
/// What the system says about the processor: model, features, cores.
#pragma once

#include <cstddef>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <sched.h>

#include "nascent/base/language.hpp"

namespace nascent {

namespace detail {

/// The value of the first line "name : value" of /proc/cpuinfo; empty where there is none.
inline std::string processor_field(std::string_view name) {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::size_t end = line.find_last_not_of(" \t", colon - 1);
    if (end == std::string::npos || std::string_view(line).substr(0, end + 1) != name) continue;
    const std::size_t begin = line.find_first_not_of(" \t", colon + 1);
    return begin == std::string::npos ? std::string() : line.substr(begin);
  }
  return {};
}

}  // namespace detail

/// The processor's model as the system names it, e.g. "AMD EPYC 9575F".
inline std::string processor_model() {
  const std::string model = detail::processor_field("model name");
  return model.empty() ? "unknown processor" : model;
}

/// True where processor and system both support all of these features (space-separated names of /proc/cpuinfo).
inline bool processor_has(std::string_view features) {
  static const std::string all = " " + detail::processor_field("flags") + " ";
  while (!features.empty()) {
    const std::string_view one = features.substr(0, features.find(' '));
    if (!one.empty() && all.find(" " + std::string(one) + " ") == std::string::npos) return false;
    features.remove_prefix(one.size() == features.size() ? one.size() : one.size() + 1);
  }
  return true;
}

/// The numbers of the cores that the calling thread may run on, ascending; empty where the system does not say.
inline std::vector<int> usable_cores() {
  std::vector<int> cores;
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return cores;
  for (int core = 0; core < CPU_SETSIZE; ++core)
    if (CPU_ISSET(static_cast<unsigned>(core), &set)) cores.push_back(core);
  return cores;
}

/// How many cores the calling thread may run on, at least 1. (std::thread::hardware_concurrency counts the machine's.)
inline int available_cores() {
  if (const std::size_t cores = usable_cores().size(); cores != 0) return static_cast<int>(cores);
  const unsigned count = std::thread::hardware_concurrency();
  return count == 0 ? 1 : static_cast<int>(count);
}

}  // namespace nascent
