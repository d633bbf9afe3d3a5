# SPDX-License-Identifier: Apache-2.0
# nascent_add_space_module(<name> SOURCES <file>... [LINK <target>...]): a shared library <name>.so with search spaces for C, Python and programs
# that load it. One of the sources defines nascent_module_entry (nascent/erased/space_module.hpp), which alone is exported.
function(nascent_add_space_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
  if(NOT arg_SOURCES OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "nascent: module ${name}: found '${ARGN}'; allowed: nascent_add_space_module(NAME SOURCES FILE... [LINK TARGET...])")
  endif()
  add_library(${name} SHARED ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES PREFIX "" CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_link_libraries(${name} PRIVATE nascent::nascent ${arg_LINK})
  # The standard library's templates are visible whatever a preset says.
  set(exports ${CMAKE_CURRENT_BINARY_DIR}/${name}.exports)
  file(WRITE ${exports} "{ global: nascent_*; local: *; };\n")
  if(UNIX AND NOT APPLE)
    target_link_options(${name} PRIVATE -Wl,--version-script=${exports})
    set_property(TARGET ${name} APPEND PROPERTY LINK_DEPENDS ${exports})
  endif()
endfunction()
