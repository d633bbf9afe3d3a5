# SPDX-License-Identifier: Apache-2.0
# portable_check.cmake: NAME in FOLDER, copied elsewhere with all that lies beside it, runs ARGUMENTS in an empty environment and prints
# EXPECT. It is static, or finds its libraries beside it and those of the C library.
set(copy "${FOLDER}_copied")
file(REMOVE_RECURSE "${copy}")
file(COPY "${FOLDER}/" DESTINATION "${copy}")
execute_process(COMMAND env -i /usr/bin/ldd "${copy}/${NAME}" OUTPUT_VARIABLE needs ERROR_VARIABLE needs)
if(NOT needs MATCHES "not a dynamic executable|statically linked")
  string(REGEX MATCHALL "[^\n]+ => [^\n]+" lines "${needs}")
  if(NOT lines)
    message(FATAL_ERROR "ldd: found neither libraries nor a static program: ${needs}")
  endif()
  foreach(line IN LISTS lines)
    string(FIND "${line}" "=> ${copy}/" here)
    if(here EQUAL -1 AND NOT line MATCHES "^[ \t]*(libc|libm|libdl|librt|libpthread|libresolv)[.]so")
      message(FATAL_ERROR "${NAME} needs what does not lie beside it: ${line}")
    endif()
  endforeach()
endif()
execute_process(COMMAND env -i "${copy}/${NAME}" ${ARGUMENTS} WORKING_DIRECTORY "${copy}" RESULT_VARIABLE code
  OUTPUT_VARIABLE out ERROR_VARIABLE out)
if(NOT code EQUAL 0 OR NOT out MATCHES "${EXPECT}")
  message(FATAL_ERROR "ended with '${code}', not with '${EXPECT}':\n${out}")
endif()
