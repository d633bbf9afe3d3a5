# SPDX-License-Identifier: Apache-2.0
# ONNX's own definitions as C++ classes (protobuf).
#
#   find_package(OnnxProto)    gives OnnxProto::OnnxProto, OnnxProto_FOUND, OnnxProto_VERSION; and OnnxProto::operators, the library
#                              of ONNX's operators, with its checker and shape inference
#
# ONNX's CMake files do not look for protobuf, which they need.
find_package(Protobuf QUIET GLOBAL)
if(Protobuf_FOUND)
  find_package(ONNX CONFIG QUIET GLOBAL)
endif()

include(FindPackageHandleStandardArgs)
set(OnnxProto_VERSION ${ONNX_VERSION})
find_package_handle_standard_args(OnnxProto VERSION_VAR OnnxProto_VERSION REQUIRED_VARS ONNX_DIR Protobuf_FOUND)

# Newer versions put their targets into a namespace.
if(OnnxProto_FOUND AND NOT TARGET OnnxProto::OnnxProto)
  add_library(OnnxProto::OnnxProto INTERFACE IMPORTED GLOBAL)
  add_library(OnnxProto::operators INTERFACE IMPORTED GLOBAL)
  foreach(prefix IN ITEMS ONNX:: "")
    if(TARGET ${prefix}onnx_proto)
      target_link_libraries(OnnxProto::OnnxProto INTERFACE ${prefix}onnx_proto)
      target_link_libraries(OnnxProto::operators INTERFACE ${prefix}onnx)
      break()
    endif()
  endforeach()
endif()
