# SPDX-License-Identifier: Apache-2.0
# PyTorch's libraries for C++, as Debian's libtorch-dev or an unpacked libtorch has them.
#
#   find_package(LibTorch)    gives LibTorch::LibTorch, LibTorch_FOUND, LibTorch_VERSION
#
# PyTorch's own CMake files look for all that it was built with (protobuf, gflags, MKL), and change flags of the compiler for the whole
# project. LibTorch_ROOT names a place that CMake does not look at by itself. Versions before 2 do not compile in C++20 with clang: there
# this package is not found.
find_path(LibTorch_INCLUDE_DIR ATen/core/Tensor.h DOC "The folder of PyTorch's headers")
foreach(part IN ITEMS torch torch_cpu c10)
  find_library(LibTorch_${part}_LIBRARY ${part} DOC "PyTorch's library ${part}")
  mark_as_advanced(LibTorch_${part}_LIBRARY)
endforeach()
mark_as_advanced(LibTorch_INCLUDE_DIR)

set(LibTorch_VERSION "")
set(version_file ${LibTorch_INCLUDE_DIR}/torch/csrc/api/include/torch/version.h)
if(LibTorch_INCLUDE_DIR AND EXISTS ${version_file})
  file(STRINGS ${version_file} lines REGEX "^#define TORCH_VERSION_(MAJOR|MINOR|PATCH) +[0-9]+")
  list(TRANSFORM lines REPLACE "^#define TORCH_VERSION_[A-Z]+ +([0-9]+).*" "\\1")
  list(JOIN lines "." LibTorch_VERSION)
endif()
set(LibTorch_compiles TRUE)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang" AND LibTorch_VERSION VERSION_LESS 2)
  set(LibTorch_compiles FALSE)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch VERSION_VAR LibTorch_VERSION
  REQUIRED_VARS LibTorch_torch_LIBRARY LibTorch_torch_cpu_LIBRARY LibTorch_c10_LIBRARY LibTorch_INCLUDE_DIR LibTorch_compiles)

if(LibTorch_FOUND AND NOT TARGET LibTorch::LibTorch)
  add_library(LibTorch::LibTorch INTERFACE IMPORTED GLOBAL)
  target_include_directories(LibTorch::LibTorch SYSTEM INTERFACE ${LibTorch_INCLUDE_DIR} ${LibTorch_INCLUDE_DIR}/torch/csrc/api/include)
  target_link_libraries(LibTorch::LibTorch INTERFACE ${LibTorch_torch_LIBRARY} ${LibTorch_torch_cpu_LIBRARY} ${LibTorch_c10_LIBRARY})
endif()
