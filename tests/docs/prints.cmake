# SPDX-License-Identifier: Apache-2.0
# Fails unless PROGRAM prints what FILE holds, and writes the picture WRITTEN, where that is given, as SHOWN is.
execute_process(COMMAND ${PROGRAM} OUTPUT_VARIABLE printed COMMAND_ERROR_IS_FATAL ANY)
file(READ ${FILE} expected)
if(NOT printed STREQUAL expected)
  message(FATAL_ERROR "the document says that this is printed:\n${expected}It is:\n${printed}")
endif()
if(WRITTEN)
  file(READ ${WRITTEN} written)
  file(READ ${SHOWN} shown)
  if(NOT written STREQUAL shown)
    message(FATAL_ERROR "${SHOWN} is not what the program writes, ${WRITTEN}: write it anew")
  endif()
endif()
