# SPDX-License-Identifier: Apache-2.0
# Fails unless DOCUMENT is what PROGRAM prints with --markdown.
execute_process(COMMAND ${PROGRAM} --markdown OUTPUT_VARIABLE printed COMMAND_ERROR_IS_FATAL ANY)
file(READ ${DOCUMENT} written)
if(NOT printed STREQUAL written)
  message(FATAL_ERROR "${DOCUMENT} is not what the program prints; write it anew: ${PROGRAM} --markdown > ${DOCUMENT}")
endif()
