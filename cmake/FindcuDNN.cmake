# SPDX-License-Identifier: Apache-2.0
# cuDNN, which NVIDIA ships without CMake files of its own, and the CUDA runtime that it needs.
#
#   find_package(cuDNN)    gives cuDNN::cuDNN, cuDNN_FOUND, cuDNN_VERSION
#
# Looked for where CUDA is installed, then where CMake looks anyway; cuDNN_ROOT names another place, for instance the folder
# nvidia/cudnn of Python's packages, which has the library without the name that linkers look for. cuDNN 9.8 is the
# first that plans without a device: older ones are not found.
find_package(CUDAToolkit QUIET)

find_path(cuDNN_INCLUDE_DIR cudnn_graph.h HINTS ${CUDAToolkit_INCLUDE_DIRS}
  DOC "The folder of cuDNN's headers")
find_library(cuDNN_LIBRARY NAMES cudnn libcudnn.so.9 HINTS ${CUDAToolkit_LIBRARY_DIR}
  DOC "cuDNN's library")
mark_as_advanced(cuDNN_INCLUDE_DIR cuDNN_LIBRARY)

set(cuDNN_VERSION "")
if(cuDNN_INCLUDE_DIR AND EXISTS ${cuDNN_INCLUDE_DIR}/cudnn_version.h)
  file(STRINGS ${cuDNN_INCLUDE_DIR}/cudnn_version.h lines REGEX "^#define CUDNN_(MAJOR|MINOR|PATCHLEVEL) +[0-9]+")
  list(TRANSFORM lines REPLACE "^#define CUDNN_[A-Z]+ +([0-9]+).*" "\\1")
  list(JOIN lines "." cuDNN_VERSION)
endif()

set(cuDNN_new_enough FALSE)
if(cuDNN_VERSION VERSION_GREATER_EQUAL 9.8)
  set(cuDNN_new_enough TRUE)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(cuDNN VERSION_VAR cuDNN_VERSION
  REQUIRED_VARS cuDNN_LIBRARY cuDNN_INCLUDE_DIR CUDAToolkit_FOUND cuDNN_new_enough)

if(cuDNN_FOUND AND NOT TARGET cuDNN::cuDNN)
  add_library(cuDNN::cuDNN SHARED IMPORTED)
  set_target_properties(cuDNN::cuDNN PROPERTIES IMPORTED_LOCATION ${cuDNN_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${cuDNN_INCLUDE_DIR}
    INTERFACE_LINK_LIBRARIES "CUDA::cudart;${CMAKE_DL_LIBS}")
endif()
