// SPDX-License-Identifier: Apache-2.0
/// \file
/// Spaces from a module, a shared library that they were compiled into.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <dlfcn.h>

#include "nascent/base/error.hpp"
#include "nascent/erased/any_space.hpp"
#include "nascent/erased/space_module.hpp"

namespace nascent {

/// A module that cannot be used: which file, what it is, what is allowed.
struct module_error : error {
  using error::error;
};

/// The spaces of a module, in its order. The library stays in memory as long as one of them does.
/// \throws module_error for a file that is no module, and for one of another version or compiler, whose objects this
/// program cannot share
inline std::vector<any_space> load_module(const std::string& path) {
  const std::string where = "module '" + path + "'";
  // A name without a slash would be looked for among the system's libraries.
  const std::string file = path.find('/') == std::string::npos ? "./" + path : path;
  const std::shared_ptr<void> library(dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL), [](void* l) {
    if (l != nullptr) dlclose(l);
  });
  if (library == nullptr) {
    const char* why = dlerror();
    throw module_error("module.load", where, why == nullptr ? "a file that cannot be loaded" : why,
                       "a module; nascent_add_space_module(NAME SOURCES FILE) makes one in CMake");
  }
  void* const symbol = dlsym(library.get(), "nascent_module_entry");
  if (symbol == nullptr)
    throw module_error("module.load", where, "a library without nascent_module_entry",
                       "a module; nascent_add_space_module(NAME SOURCES FILE) makes one in CMake");
  const nascent_module* const m = reinterpret_cast<const nascent_module* (*)()>(symbol)();
  if (m == nullptr || m->version < 1)
    throw module_error("module.load", where, "no table of functions", "what space_module::table() returns");
  if (std::string_view(m->built_with) != detail::built_with())
    throw module_error("module.version", where, m->built_with,
                       std::string(detail::built_with()) + ", as this program; build the module again");
  std::vector<any_space> spaces;
  for (std::size_t i = 0; i < m->space_count; ++i)
    spaces.emplace_back(*static_cast<const any_space*>(m->any_space(m->space(m, i))), library);
  return spaces;
}

}  // namespace nascent
