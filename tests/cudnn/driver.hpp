// SPDX-License-Identifier: Apache-2.0
/// \file
/// What tests of this room do about the driver.
#pragma once

#include <catch2/catch_test_macros.hpp>

#include "nascent/executor/cudnn/driver.hpp"
#include "nascent/executor/detail/cudnn/runtime.hpp"

namespace test {

/// For tests that plan: a driver, or the stand-in for one. ctest runs each test in a process of its own, so that others
/// stay without.
inline void need_driver_library() { nascent::cudnn::load_driver_stand_in(NASCENT_DRIVER_STAND_IN); }

/// For tests of what happens without.
inline void need_no_driver_library() {
  if (nascent::cudnn::find_driver() != nascent::cudnn::driver_kind::none)
    SKIP("there is a driver library, or an earlier test loaded a stand-in");
}

/// For tests that run something.
inline void need_device() {
  if (nascent::cudnn::find_driver() != nascent::cudnn::driver_kind::real)
    SKIP("no NVIDIA driver (libcuda.so.1) on this machine: nothing can be run");
  int count = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess || count == 0)
    SKIP("NVIDIA's driver is here, but it finds no device: nothing can be run");
}

}  // namespace test
