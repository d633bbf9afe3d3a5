// SPDX-License-Identifier: Apache-2.0
/// \file
/// A document around the figures that a program writes into it.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>

#include <nascent/base/file.hpp>

namespace examples {

/// A Markdown file with the lines "<!-- figures: written by PROGRAM -->" and, somewhere behind it, "<!-- end of figures
/// -->". \throws std::runtime_error where it has no such lines
struct document {
  document(std::filesystem::path where, const std::string& program) : path(std::move(where)) {
    const std::string begin = "<!-- figures: written by " + program + " -->";
    const std::string end = "<!-- end of figures -->";
    const std::string page = nascent::read_file(path);
    const std::size_t from = page.find(begin + "\n");
    const std::size_t to = page.find(end, from == std::string::npos ? 0 : from);
    if (from == std::string::npos || to == std::string::npos)
      throw std::runtime_error("--document: '" + path.string() + "': found no lines '" + begin + "' and '" + end +
                               "'; allowed: a text with both, for the figures to stand between");
    before = page.substr(0, from + begin.size() + 1);
    after = page.substr(to);
  }

  /// Puts a text between the lines, and replaces what stood there.
  void write(const std::string& figures) const { nascent::write_file(path, before + "\n" + figures + "\n" + after); }

  std::filesystem::path path;
  std::string before{};
  std::string after{};
};

}  // namespace examples
