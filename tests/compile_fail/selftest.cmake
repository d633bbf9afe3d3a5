# SPDX-License-Identifier: Apache-2.0
# Checks check.cmake: its verdict on a case is the one that the last line of the case names, "// verdict: <text>".
cmake_minimum_required(VERSION 3.25)
file(READ "${CASE}" program)
if(NOT program MATCHES "// verdict: ([^\n]+)\n$")
  message(FATAL_ERROR "the last line is not \"// verdict: <text>\"")
endif()
set(verdict "${CMAKE_MATCH_1}")
execute_process(COMMAND "${CMAKE_COMMAND}" -D CXX=${CXX} -D INCLUDE=${INCLUDE} -D CASE=${CASE}
                        -P "${CMAKE_CURRENT_LIST_DIR}/check.cmake"
                RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(verdict STREQUAL "accepted")
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "refused, but must be accepted:\n${output}")
  endif()
elseif(status EQUAL 0)
  message(FATAL_ERROR "accepted, but must be refused: ${verdict}")
else()
  string(FIND "${output}" "${verdict}" found)
  if(found EQUAL -1)
    message(FATAL_ERROR "refused for another reason than \"${verdict}\":\n${output}")
  endif()
endif()
