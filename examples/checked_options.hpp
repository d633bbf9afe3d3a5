// SPDX-License-Identifier: Apache-2.0
/// \file
/// What all programs here demand of their command lines before they measure anything: numbers that are in range, and
/// files that can be written and are not each other.
#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include <nascent/base/file.hpp>
#include <nascent/base/read_number.hpp>
#include <nascent/network/shape.hpp>

namespace examples {

/// Takes the numbers of a range, as importers of files read them.
template <class Range, class Read>
CLI::Validator in_range(const Range& range, Read read) {
  return {[range, read](std::string& text) {
            return read(text, range) ? std::string() : "found '" + text + "'; allowed: " + range.allowed();
          },
          ""};
}
template <std::integral Integer>
CLI::Validator whole(Integer least, Integer most = std::numeric_limits<Integer>::max()) {
  return in_range(
      nascent::whole_range<Integer>{.least = least, .most = most},
      [](const std::string& text, const auto& range) { return nascent::read_whole(text, range).has_value(); });
}
inline CLI::Validator real(const nascent::real_range& range) {
  return in_range(range,
                  [](const std::string& text, const auto& r) { return nascent::read_real(text, r).has_value(); });
}

/// Seconds of a budget, milliseconds of a target: up to 30 years.
inline CLI::Validator seconds() { return real({.most = 1e9, .above_least = true}); }
inline CLI::Validator milliseconds_or_0() { return real({.most = 1e9}); }
/// Of one run.
inline CLI::Validator images() { return whole(1, nascent::network_limits::batch); }
inline CLI::Validator threads() { return whole(1, 65536); }
inline CLI::Validator seeds() { return whole<std::uint64_t>(0); }

/// What stands on both sides of the sign in "macs=3e8". `example` is one that is allowed. \throws
/// std::invalid_argument where one side is empty
inline std::pair<std::string, std::string> halves(const char* option, const std::string& text,
                                                  const std::string& example) {
  const std::size_t at = text.find('=');
  if (at == 0 || at == std::string::npos || at + 1 == text.size())
    throw std::invalid_argument(std::string(option) + ": found '" + text + "'; allowed: " + example);
  return {text.substr(0, at), text.substr(at + 1)};
}

/// The files of a command line by the options that name them.
class option_files {
 public:
  /// `path` may be empty: then the option was not given.
  option_files& writes(const std::string& option, const std::filesystem::path& path) { return add(option, path, true); }
  /// Also of a file that the program itself continues, such as a table.
  option_files& reads(const std::string& option, const std::filesystem::path& path) { return add(option, path, false); }

  /// \throws std::invalid_argument for one file under two options; nascent::file_error where one cannot be written
  void check() const {
    for (std::size_t i = 0; i < all_.size(); ++i)
      for (std::size_t j = 0; j < i; ++j)
        if ((all_[i].written || all_[j].written) && are_same(all_[i].path, all_[j].path))
          throw std::invalid_argument(all_[i].option + ": found '" + all_[i].path.string() + "', the file of " +
                                      all_[j].option + "; allowed: a file for each");
    for (const file& f : all_)
      if (f.written) nascent::check_writable(f.path);
  }

 private:
  struct file {
    std::string option;
    std::filesystem::path path;
    bool written;
  };

  option_files& add(const std::string& option, const std::filesystem::path& path, bool written) {
    if (!path.empty()) all_.push_back({option, path, written});
    return *this;
  }

  static bool are_same(const std::filesystem::path& a, const std::filesystem::path& b) {
    std::error_code ignored;
    const auto status = std::filesystem::status(a, ignored);
    if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) return false;  // e.g. /dev/stdout
    if (std::filesystem::equivalent(a, b, ignored)) return true;
    return std::filesystem::weakly_canonical(std::filesystem::absolute(a), ignored) ==
           std::filesystem::weakly_canonical(std::filesystem::absolute(b), ignored);
  }

  std::vector<file> all_;
};

}  // namespace examples
