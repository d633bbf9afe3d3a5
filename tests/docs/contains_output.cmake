# SPDX-License-Identifier: Apache-2.0
# Fails unless DOCUMENT contains what PROGRAM prints with --residuals.
execute_process(COMMAND ${PROGRAM} --residuals OUTPUT_VARIABLE printed COMMAND_ERROR_IS_FATAL ANY)
file(READ ${DOCUMENT} written)
string(STRIP "${printed}" printed)
string(FIND "${written}" "${printed}" place)
if(place EQUAL -1)
  message(FATAL_ERROR "${DOCUMENT} does not hold the tables that the program prints; write them anew: ${PROGRAM} --residuals")
endif()
