# SPDX-License-Identifier: Apache-2.0
# ONNX's own definitions as C++ classes (protobuf), without its operators.
#
#   find_package(OnnxProto)    gives OnnxProto::OnnxProto, OnnxProto_FOUND, OnnxProto_VERSION
#
# ONNX's CMake files do not look for protobuf, which they need.
find_package(Protobuf QUIET GLOBAL)
if(Protobuf_FOUND)
  find_package(ONNX CONFIG QUIET GLOBAL)
endif()

include(FindPackageHandleStandardArgs)
set(OnnxProto_VERSION ${ONNX_VERSION})
find_package_handle_standard_args(OnnxProto VERSION_VAR OnnxProto_VERSION REQUIRED_VARS ONNX_DIR Protobuf_FOUND)

if(OnnxProto_FOUND AND NOT TARGET OnnxProto::OnnxProto)
  add_library(OnnxProto::OnnxProto INTERFACE IMPORTED GLOBAL)
  target_link_libraries(OnnxProto::OnnxProto INTERFACE onnx_proto)
endif()
