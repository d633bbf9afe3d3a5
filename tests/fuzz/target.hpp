// SPDX-License-Identifier: Apache-2.0
/// \file
/// What the fuzz targets share. A target is one file: it hands an importer any bytes, which the importer reads or
/// refuses with one of its own errors. Anything else (another exception, a sanitizer's report, a time-out) is a fault.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <unistd.h>

/// What libFuzzer calls; replay.cpp calls it where there is no libFuzzer.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace fuzz {

inline std::string text_of(const std::uint8_t* data, std::size_t size) { return {data, data + size}; }

/// Demands what must hold of everything that an importer reads: here a fault is not an exception, which an importer may
/// throw.
inline void demand(bool holds) {
  if (!holds) std::abort();
}

/// Where this process's files begin, in memory where the system has a place for that. Made once and as long in every
/// process: libFuzzer would see the difference.
inline const std::string scratch_begin = [] {
  const std::filesystem::path memory = "/dev/shm";
  const auto folder = ::access(memory.c_str(), W_OK) == 0 ? memory : std::filesystem::temp_directory_path();
  const std::string process = std::to_string(::getpid());
  return (folder / "nascent-fuzz-").string() + std::string(10 - process.size(), '0') + process + "-";
}();

/// A path for one input's file; what is there goes at the end.
class scratch_file {
 public:
  explicit scratch_file(std::string_view what = "file") : path_(scratch_begin + std::string(what)) {}
  scratch_file(const std::uint8_t* data, std::size_t size) : scratch_file("input") {
    std::ofstream(path_, std::ios::binary)
        .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  }
  scratch_file(const scratch_file&) = delete;
  scratch_file& operator=(const scratch_file&) = delete;
  ~scratch_file() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace fuzz
