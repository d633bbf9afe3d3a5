// SPDX-License-Identifier: Apache-2.0
/// \file
/// Whether there is an NVIDIA driver, only something that stands in for one, or nothing: what cuDNN can plan depends on
/// it.
#pragma once

#include <cstdint>
#include <string>

#include <dlfcn.h>

#include "nascent/executor/cudnn/status.hpp"

namespace nascent::cudnn {

/// What answers to the name libcuda.so.1 in this process. Engines that are compiled at run time need it to plan,
/// although they need no device: without it cuDNN does not offer them.
enum class driver_kind : std::uint8_t {
  none,      ///< no library of that name
  stand_in,  ///< nascent's own, or the toolkit's for linking: plans can be made, nothing can run
  real,      ///< NVIDIA's; there may still be no device
};

constexpr const char* to_string(driver_kind kind) {
  switch (kind) {
    case driver_kind::none: return "no driver library";
    case driver_kind::stand_in: return "a stand-in for the driver";
    case driver_kind::real: return "NVIDIA's driver";
  }
  return "unknown";
}

/// Looks for the driver library as cuDNN does, by its name.
inline driver_kind find_driver() {
  void* library = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);  // never closed: cuDNN holds it as well
  if (library == nullptr) return driver_kind::none;
  if (dlsym(library, "nascent_driver_stand_in") != nullptr) return driver_kind::stand_in;
  constexpr int stub_library = 34;  // CUDA_ERROR_STUB_LIBRARY
  const auto initialise = reinterpret_cast<int (*)(unsigned)>(dlsym(library, "cuInit"));
  return initialise == nullptr || initialise(0) == stub_library ? driver_kind::stand_in : driver_kind::real;
}

/// Loads nascent's stand-in for the driver (the target `driver_stand_in` of its build tree) into this process, for
/// planning on a machine that has none. Must come before cuDNN's first look for the driver, so at the start of a
/// program. Does nothing where there is a driver. \throws device_error where the file is no such library
inline void load_driver_stand_in(const std::string& path) {
  if (find_driver() != driver_kind::none) return;
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
  const char* why = library == nullptr ? dlerror() : nullptr;
  if (why != nullptr)
    throw device_error("executor.driver", "cudnn, '" + path + "' in place of the driver", why, "a library that loads");
  if (dlsym(library, "nascent_driver_stand_in") == nullptr || find_driver() != driver_kind::stand_in) {
    dlclose(library);
    throw device_error("executor.driver", "cudnn, '" + path + "' in place of the driver", "no stand-in",
                       "nascent's, which its build makes as driver_stand_in/libcuda.so.1");
  }
}

}  // namespace nascent::cudnn
