// SPDX-License-Identifier: Apache-2.0
/// \file
/// A space that is data, at full speed: its C++ is written, compiled once into a module, kept in a cache and loaded.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "nascent/base/child_process.hpp"
#include "nascent/base/file.hpp"
#include "nascent/base/uint128.hpp"
#include "nascent/erased/load_module.hpp"
#include "nascent/io/detail/compiler_output.hpp"
#include "nascent/io/space_cpp.hpp"
#include "nascent/io/space_description.hpp"

namespace nascent {

struct build_space_options {
  std::string compiler{};           ///< of C++20, as a command; where empty $CXX, else c++
  std::string flags = "-O2";        ///< beside those that a module needs
  std::filesystem::path include{};  ///< the folder of `nascent/`; where empty that of this header
  std::filesystem::path cache{};    ///< where empty $XDG_CACHE_HOME/nascent, else ~/.cache/nascent
  double time_limit_s = std::numeric_limits<double>::infinity();  ///< of the compiler
  std::function<bool()> is_stopped{};                             ///< asked ten times a second; true ends the compiler
};

namespace detail {

/// Two hashes of FNV-1a's kind with different beginnings: as a name for a file.
inline std::string name_of_text(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string name;
  for (std::uint64_t hash : {0xcbf29ce484222325U, 0x9ae16a3b2f90404fU}) {
    for (const char c : text) {
      hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
      hash ^= hash >> 32;
    }
    for (int i = 0; i < 16; ++i) name += digits[hash >> (4 * i) & 15];
  }
  return name;
}

/// A folder that goes away with what is in it.
class work_folder {
 public:
  explicit work_folder(std::filesystem::path path) : path_(std::move(path)) {
    std::error_code problem;
    std::filesystem::create_directories(path_, problem);
    if (problem) throw_unwritable(path_, problem.value());
  }
  work_folder(const work_folder&) = delete;
  work_folder& operator=(const work_folder&) = delete;
  ~work_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Compiles the source of a module into `module`.
class module_builder {
 public:
  module_builder(const space_description& d, const block_catalogue& blocks, build_space_options options)
      : d_(d), blocks_(blocks), o_(std::move(options)), source_(to_module_cpp(d, blocks)) {
    const auto environment = [](const char* name) {
      const char* value = std::getenv(name);
      return std::string(value == nullptr ? "" : value);
    };
    if (o_.compiler.empty()) o_.compiler = environment("CXX");
    if (o_.compiler.empty()) o_.compiler = "c++";
    if (o_.include.empty()) o_.include = std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
    if (o_.cache.empty()) {
      const std::string caches = environment("XDG_CACHE_HOME");
      o_.cache = std::filesystem::path(caches.empty() ? environment("HOME") + "/.cache" : caches) / "nascent";
    }
    if (!std::filesystem::exists(o_.include / "nascent" / "nascent.hpp"))
      throw module_error("module.compiler", where(), "no headers of nascent in '" + o_.include.string() + "'",
                         "the folder that holds nascent/nascent.hpp; say which: build_space_options::include");
  }

  any_space build() {
    const std::filesystem::path module = o_.cache / (name() + ".so");
    if (std::filesystem::exists(module)) {
      try {
        return load(module);
      } catch (const module_error&) {  // cut off, or of another machine: made anew
      }
    }
    compile(module);
    return load(module);
  }

 private:
  std::string where() const { return "space '" + d_.name + "', compiling it"; }

  /// Of all that a module depends on; headers may change where they are a working copy.
  std::string name() const {
    std::filesystem::file_time_type newest{};
    std::error_code ignored;
    for (const auto& file : std::filesystem::recursive_directory_iterator(o_.include / "nascent", ignored))
      newest = std::max(newest, file.last_write_time(ignored));
    return name_of_text(source_ + "\n" + o_.compiler + "\n" + o_.flags + "\n" + built_with() + "\n" +
                        std::filesystem::absolute(o_.include).string() + "\n" +
                        std::to_string(newest.time_since_epoch().count()));
  }

  any_space load(const std::filesystem::path& module) const {
    const std::vector<any_space> spaces = load_module(module.string());
    if (spaces.size() != 1) throw module_error("module.load", "module '" + module.string() + "'", "no space", "one");
    if (d_.size != 0 && spaces[0].size() != d_.size)
      throw json_error("/size",
                       std::string(to_decimal(d_.size).c_str()) + ", and the declaration makes " +
                           to_decimal(spaces[0].size()).c_str() + " networks",
                       "the size of the declaration, or none");
    return spaces[0];
  }

  void compile(const std::filesystem::path& module) const {
    const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
    const work_folder work(
        o_.cache / (module.stem().string() + "." + std::to_string(process_number()) + "." + std::to_string(now)));
    const auto at = [&](const char* name) { return (work.path() / name).string(); };
    write_file(at("space.cpp"), source_);
    const bool is_file = std::filesystem::exists(o_.compiler);
    const std::string command = "LC_ALL=C " + (is_file ? shell_word(o_.compiler) : o_.compiler) +
                                " -std=c++20 -shared -fPIC -fvisibility=hidden " + o_.flags + " -I" +
                                shell_word(o_.include.string()) + " " + shell_word(at("space.cpp")) + " -o " +
                                shell_word(at("space.so")) + " 2> " + shell_word(at("errors.txt"));
    const child_result done = run_child(command, {.time_limit_s = o_.time_limit_s, .is_stopped = o_.is_stopped});
    if (done.how == child_result::end::stopped)
      throw module_error("module.compiler", where(), "a request to stop", "work until its end");
    if (done.how != child_result::end::exited)
      throw module_error(
          "module.compiler", where(),
          done.how == child_result::end::time_limit ? "no end within the time limit" : "a compiler that was killed",
          "a space that this machine can compile: more time, more memory, or a smaller space");
    if (done.code == 127)
      throw module_error("module.compiler", where(), "no compiler '" + o_.compiler + "'",
                         "a C++20 compiler; install g++ (Debian: apt install g++), or say which: "
                         "build_space_options::compiler, or CXX in the environment; without one a space that is "
                         "compiled elsewhere can be loaded (load_module)");
    if (done.code != 0) throw refusal_of(d_, blocks_, read_file(at("errors.txt")));
    std::error_code problem;
    std::filesystem::rename(at("space.so"), module, problem);
    if (problem) throw_unwritable(module, problem.value());
  }

  const space_description& d_;
  const block_catalogue& blocks_;
  build_space_options o_;
  std::string source_;
};

}  // namespace detail

/// The space that a description declares: `build_space(read_space(read_json("gpunet.json")))`. The compiler takes some
/// seconds, and only the first time: modules are kept by all that they are made of. They are not a run-time model of
/// the description, so that counting and sampling are as fast as in C++, and are described once.
///
/// \throws declaration_error for what the compiler refuses, with the place in the file; module_error
/// ("module.compiler") where there is no compiler or it does not end; json_error where the size is another than the
/// file says; file_error where the cache cannot be written
inline any_space build_space(const space_description& d, const block_catalogue& blocks = library_blocks(),
                             build_space_options options = {}) {
  return detail::module_builder(d, blocks, std::move(options)).build();
}

}  // namespace nascent
