# SPDX-License-Identifier: Apache-2.0
# Checks one mistake: cmake -D CXX=<compiler> -D INCLUDE=<folder> -D CASE=<file> -P check.cmake
#
# With CONTROL defined the case compiles. Without, it does not: one error and less than 8 KiB, and what line 1 of the case
# expects stands where a reader looks: in the lines up to the error, or the two after it. Lines of the case itself that
# the compiler repeats do not count.
cmake_minimum_required(VERSION 3.25)

file(READ "${CASE}" program)
if(NOT program MATCHES "^// expect: ([^\n]+)\n")
  message(FATAL_ERROR "line 1 is not \"// expect: <regular expression>\"")
endif()
set(expected "${CMAKE_MATCH_1}")

set(ENV{LC_ALL} C)
set(compile "${CXX}" -std=c++20 -fsyntax-only "-I${INCLUDE}")
execute_process(COMMAND ${compile} -DCONTROL "${CASE}" RESULT_VARIABLE status ERROR_VARIABLE message)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "the control does not compile:\n${message}")
endif()
execute_process(COMMAND ${compile} "${CASE}" RESULT_VARIABLE status ERROR_VARIABLE message)
if(status EQUAL 0)
  message(FATAL_ERROR "it compiles, but must not")
endif()
string(LENGTH "${message}" length)
if(NOT length LESS 8192)
  message(FATAL_ERROR "the message has ${length} bytes; less than 8192 are allowed:\n${message}")
endif()

set(head "")
set(rest "${message}\n")
set(lines_left 3)  # the line of the first error and two more
set(error_seen FALSE)
while(lines_left GREATER 0 AND NOT rest STREQUAL "")
  string(FIND "${rest}" "\n" end)
  string(SUBSTRING "${rest}" 0 ${end} line)
  math(EXPR next "${end} + 1")
  string(SUBSTRING "${rest}" ${next} -1 rest)
  if(line MATCHES "^ *[0-9]* [|] *(.*)$")  # a line of source, or the marks under it
    set(source "${CMAKE_MATCH_1}")
    string(FIND "${program}" "${source}" found)
    if(NOT found EQUAL -1 OR NOT source MATCHES "[A-Za-z]")
      continue()
    endif()
  endif()
  string(APPEND head "${line}\n")
  if(error_seen OR line MATCHES "error: ")
    set(error_seen TRUE)
    math(EXPR lines_left "${lines_left} - 1")
  endif()
endwhile()

if(NOT head MATCHES "${expected}")
  message(FATAL_ERROR "\"${expected}\" is not at the head of the message:\n${head}--- the whole message:\n${message}")
endif()
# Some mistakes are syntax, and compilers have several lines for them, each an "error": g++ says that deduction failed, then
# why; that a lambda is no constant, then which variable; that one_of is a function, twice. clang goes on with a lambda that
# had a mistake as with one that returns nothing, which is all that `define` sees of it.
set(rest "${message}")
foreach(heading IN ITEMS "error: class template argument deduction failed" "error: [^\n]*lambda[^\n]* called in a constant expression"
    "error: call to non-[^\n]*lambda"
    "error: missing template arguments before" "error: [^\n]*returns_nothing[^\n]*where the compiler has reported a mistake")
  if(rest MATCHES "error: .*error: ")
    string(REGEX REPLACE "${heading}" "" rest "${rest}")
  endif()
endforeach()
string(REGEX MATCHALL "error: " errors "${rest}")
list(LENGTH errors count)
if(count GREATER 1)
  message(FATAL_ERROR "${count} errors for one mistake:\n${message}")
endif()
message("${head}")
