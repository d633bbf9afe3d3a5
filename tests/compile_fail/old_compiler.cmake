# SPDX-License-Identifier: Apache-2.0
# A compiler or a standard that is too old ends with one sentence: cmake -D CXX=<compiler> -D INCLUDE=<folder> -P old_compiler.cmake
cmake_minimum_required(VERSION 3.25)
set(ENV{LC_ALL} C)

# Refuses more than these lines of a compiler, or other ones.
function(expect header sentence)
  set(program ${CMAKE_CURRENT_BINARY_DIR}/old_compiler.cpp)
  file(WRITE ${program} "#include <${header}>\nint main() {}\n")
  execute_process(COMMAND ${CXX} ${ARGN} -fsyntax-only -I${INCLUDE} ${program} RESULT_VARIABLE status ERROR_VARIABLE message)
  string(REGEX MATCHALL "error: " errors "${message}")
  list(LENGTH errors count)
  string(LENGTH "${message}" length)
  if(status EQUAL 0 OR NOT message MATCHES "error: [^\n]*${sentence}" OR count GREATER 2 OR length GREATER 3000)
    message(FATAL_ERROR "${header}, ${ARGN}: \"${sentence}\" is not all that is said:\n${message}")
  endif()
endfunction()

foreach(header IN ITEMS nascent/nascent.hpp nascent/block/block.hpp nascent/space/space.hpp nascent/space/constraint.hpp nascent/cost/cost.hpp
    nascent/zoo/efficientnet.hpp nascent/base/random.hpp nascent/report/picture.hpp nascent/reward/reward.hpp nascent/scaling/compound.hpp
    nascent/timing/measure.hpp nascent/executor/own_kernels.hpp nascent/accuracy/priors.hpp)
  expect(${header} "nascent: found C[+][+]17 or older; allowed: C[+][+]20; add -std=c[+][+]20" -std=c++17)
endforeach()

execute_process(COMMAND ${CXX} -dM -E -x c++ /dev/null OUTPUT_VARIABLE macros)
if(macros MATCHES "__clang_major__")
  expect(nascent/nascent.hpp "nascent: found clang 16 or older" -std=c++20 -Wno-builtin-macro-redefined -U__clang_major__ -D__clang_major__=16
    -U__apple_build_version__)
else()
  expect(nascent/nascent.hpp "nascent: found g[+][+] 11 or older" -std=c++20 -Wno-builtin-macro-redefined -U__GNUC__ -D__GNUC__=11)
endif()
