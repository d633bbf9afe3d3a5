// SPDX-License-Identifier: Apache-2.0
/// \file
/// How every program here begins and ends.
#pragma once

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <iostream>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>

namespace examples {

/// Says what is wrong, to standard error. Returns the exit status of an error.
inline int complain(const char* program, const char* what) {
  std::fprintf(stderr, "%s: %s\n", program, what);
  return 1;
}

/// A sentence of the library for somebody at a shell: where it says which function helps a C++ programmer, the command
/// that does so.
inline std::string in_shell_words(std::string sentence) {
  constexpr std::pair<std::string_view, std::string_view> words[]{
      {"nascent::zoo::model_names()", "list_models prints them"},
      {"tables with all kernels of the space (build_table measures them, or estimates with estimate_rest)",
       "tables with all kernels of the space; build_table --table FILE --active measures and estimates them"},
      {"estimate them with estimate_missing, or build_table and .estimate_rest",
       "build_table --table FILE --active estimates them"},
      {"nascent::cudnn::to_json(devices::h200()) shows all",
       "gpu_plan --dump-device FILE, on a machine with a GPU, writes all"},
  };
  for (const auto& [function, command] : words)
    if (const std::size_t at = sentence.find(function); at != std::string::npos)
      sentence.replace(at, function.size(), command);
  return sentence;
}

/// The three standard streams are open, or become so on nothing: a file that is opened later must not take their place
/// and be written by whoever prints. False where there is no standard output.
inline bool open_standard_streams() {
  bool output = true;
  for (int stream = 0; stream < 3; ++stream) {
    if (::fcntl(stream, F_GETFD) != -1 || errno != EBADF) continue;
    if (stream == 1) output = false;
    if (::open("/dev/null", O_RDWR) != stream) return false;  // the lowest number that is free
  }
  return output;
}

/// The command as it was given, for reports.
inline std::string command_line(int argc, char** argv) {
  std::string line;
  for (int i = 0; i < argc; ++i) {
    const std::string word = argv[i];
    const bool plain = word.find_first_of(" \t\"'\\$`*?;&|<>()") == std::string::npos && !word.empty();
    line += (i == 0 ? "" : " ") + (plain ? word : "'" + word + "'");
  }
  return line;
}

/// Runs a program. What it throws goes to standard error, and so does what became of its output: a disk that is full
/// under it is an error like any other. Returns what the program returned; 1 after an error.
template <class Body>
int run_program(const char* name, Body&& body) {
  if (!open_standard_streams())
    return complain(name, "standard output: found closed; allowed: open; name a file or /dev/null with >");
  int status = 1;
  try {
    status = body();
  } catch (const std::bad_alloc&) {
    return complain(name, "memory: found none left; allowed: less at once: a smaller input, batch or space");
  } catch (const std::exception& e) {
    return complain(name, in_shell_words(e.what()).c_str());
  }
  errno = 0;
  std::cout.flush();
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && std::cout) return status;
  std::fprintf(stderr, "%s: standard output: found %s; allowed: a place that takes all of it\n", name,
               errno != 0 ? std::strerror(errno) : "an error");
  return 1;
}

/// The same for a program without options: it only explains itself. `about` ends with an example.
template <class Body>
int run_program(const char* name, int argc, char** argv, const char* about, Body&& body) {
  return run_program(name, [&] {
    if (argc == 1) {
      body();
      return 0;
    }
    if (const std::string_view option = argv[1]; argc == 2 && (option == "--help" || option == "-h")) {
      std::puts(about);
      return 0;
    }
    std::fprintf(stderr, "%s: command line: found '%s'; allowed: nothing, or --help\n", name, argv[1]);
    return 1;
  });
}

}  // namespace examples
