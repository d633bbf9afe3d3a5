// SPDX-License-Identifier: Apache-2.0
/// \file
/// Tests of what a process can do once only.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace test {

/// Runs a hidden test case in a process of its own, e.g. because the instruction set is fixed once per process.
inline bool passes_in_own_process(const std::string& test_case, const std::string& environment = {}) {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  return std::system((environment + " '" + self + "' '" + test_case + "' > /dev/null").c_str()) == 0;
}

}  // namespace test
