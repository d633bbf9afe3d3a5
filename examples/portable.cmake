# SPDX-License-Identifier: Apache-2.0
# portable.cmake: FOLDER gets PROGRAM under the name NAME, and beside it the shared libraries that it needs, but for those of the C library,
# which every Linux has. The program was linked to look for them there.
file(REMOVE_RECURSE "${FOLDER}")
file(MAKE_DIRECTORY "${FOLDER}")
file(COPY_FILE "${PROGRAM}" "${FOLDER}/${NAME}")
file(GET_RUNTIME_DEPENDENCIES EXECUTABLES "${PROGRAM}" RESOLVED_DEPENDENCIES_VAR libraries UNRESOLVED_DEPENDENCIES_VAR missing
  PRE_EXCLUDE_REGEXES "^(libc|libm|libdl|librt|libpthread|libresolv|ld-linux.*)[.]so")
if(missing)
  message(FATAL_ERROR "${PROGRAM}: found no ${missing}")
endif()
foreach(library IN LISTS libraries)
  file(COPY "${library}" DESTINATION "${FOLDER}" FOLLOW_SYMLINK_CHAIN)
endforeach()
