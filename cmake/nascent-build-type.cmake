# SPDX-License-Identifier: Apache-2.0
# Header-only code is optimised by whoever includes it, and CMake without a build type does not.
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES AND NOT CMAKE_CXX_FLAGS MATCHES "-O[1-3sgf]")
  message(WARNING "nascent: found no CMAKE_BUILD_TYPE, so nothing is optimised: own kernels would be about 20 times as slow; "
    "add -DCMAKE_BUILD_TYPE=Release")
endif()
