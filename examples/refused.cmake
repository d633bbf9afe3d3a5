# SPDX-License-Identifier: Apache-2.0
# refused.cmake: PROGRAM with ARGUMENTS must end at once with an error that EXPECT matches and that is short.
execute_process(COMMAND ${PROGRAM} ${ARGUMENTS} RESULT_VARIABLE code OUTPUT_VARIABLE out ERROR_VARIABLE err TIMEOUT 60)
if(code EQUAL 0 OR NOT code MATCHES "^[0-9]+$")
  message(FATAL_ERROR "${ARGUMENTS}: ended with '${code}', not with an error\n${out}${err}")
endif()
if(NOT "${out}${err}" MATCHES "${EXPECT}")
  message(FATAL_ERROR "${ARGUMENTS}: did not say '${EXPECT}':\n${out}${err}")
endif()
string(LENGTH "${out}${err}" length)
if(length GREATER 600)
  message(FATAL_ERROR "${ARGUMENTS}: ${length} characters for one mistake:\n${out}${err}")
endif()
