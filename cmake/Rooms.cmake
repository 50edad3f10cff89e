# SPDX-License-Identifier: MIT
# How a room becomes a CMake target. A room's headers are reachable only by linking its target, and are always
# included as "room/file.h": each target exports a folder that holds nothing but a link to the room's own folder.

option(WDSCOPE_FUZZ "Build the libFuzzer targets (Clang)" OFF)
option(WDSCOPE_BENCH "Build the benchmarks" OFF)
option(WDSCOPE_COVERAGE "Instrument for gcov" OFF)
set(WDSCOPE_SANITIZE "" CACHE STRING "address, thread or empty")
set(WDSCOPE_OUTPUT "${CMAKE_BINARY_DIR}" CACHE PATH "Folder that gets bin/ and drivers/")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS ON) # ms_abi, __builtin_ms_va_list
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${WDSCOPE_OUTPUT}/bin)

add_library(wdscope_flags INTERFACE)
target_compile_options(wdscope_flags INTERFACE -Wall -Wextra -Wshadow -Werror)
if(WIN32)
  list(APPEND CMAKE_MODULE_PATH ${CMAKE_SOURCE_DIR}/cmake/windows)
  include(WindowsLibraries)
endif()
if(WDSCOPE_FUZZ)
  target_compile_options(wdscope_flags INTERFACE -fsanitize=fuzzer-no-link
    -fsanitize-ignorelist=${CMAKE_SOURCE_DIR}/cmake/sanitizer_ignore.txt)
endif()
if(WDSCOPE_SANITIZE STREQUAL "address")
  target_compile_options(wdscope_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined)
  target_link_options(wdscope_flags INTERFACE -fsanitize=address,undefined)
  target_compile_definitions(wdscope_flags INTERFACE WDSCOPE_ASAN=1)
  # toml++ 3.3 calls impossible what its table of spaces does not know (U+00AD); compilers answer rightly "no space".
  target_compile_options(wdscope_flags INTERFACE -fno-sanitize=unreachable)
elseif(WDSCOPE_SANITIZE STREQUAL "thread")
  target_compile_options(wdscope_flags INTERFACE -fsanitize=thread -Wno-tsan)
  target_link_options(wdscope_flags INTERFACE -fsanitize=thread)
  target_compile_definitions(wdscope_flags INTERFACE WDSCOPE_TSAN=1)
endif()
if(WDSCOPE_SANITIZE)
  # Their reports walk the stack by frame pointers; nothing else needs them.
  target_compile_options(wdscope_flags INTERFACE -fno-omit-frame-pointer)
endif()
if(WDSCOPE_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Instrumented code misleads GCC 12's flow warnings; the release build has every warning as an error.
  target_compile_options(wdscope_flags INTERFACE -Wno-error)
endif()
if(WDSCOPE_COVERAGE)
  target_compile_options(wdscope_flags INTERFACE --coverage)
  target_link_options(wdscope_flags INTERFACE --coverage)
endif()

# wdscope_platform_sources(LIST): leaves in LIST what the target system compiles. On Windows x_windows.cpp stands in for
# x.cpp if there is one, and x_windows_test.cpp for x_test.cpp; elsewhere they are left out.
function(wdscope_platform_sources list)
  set(sources ${${list}})
  set(windows_sources ${sources})
  list(FILTER windows_sources INCLUDE REGEX "_windows(_test)?\\.cpp$")
  if(WIN32)
    # The macros of windows.h are no neighbours for other files.
    set_source_files_properties(${windows_sources} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    list(TRANSFORM windows_sources REPLACE "_windows((_test)?\\.cpp)$" "\\1")
  endif()
  list(REMOVE_ITEM sources ${windows_sources})
  set(${list} ${sources} PARENT_SCOPE)
endfunction()

# wdscope_room(NAME [INTERFACE] SOURCES ... LINK ...)
# Makes library wdscope_<NAME>; the folder the call stands in is included as "<NAME>/...".
function(wdscope_room name)
  cmake_parse_arguments(ROOM "INTERFACE" "" "SOURCES;LINK" ${ARGN})
  set(gate ${CMAKE_BINARY_DIR}/include/${name})
  file(MAKE_DIRECTORY ${gate})
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${gate}/${name} SYMBOLIC)
  if(ROOM_INTERFACE)
    add_library(wdscope_${name} INTERFACE)
    target_include_directories(wdscope_${name} INTERFACE ${gate})
    target_link_libraries(wdscope_${name} INTERFACE ${ROOM_LINK})
  else()
    add_library(wdscope_${name} STATIC ${ROOM_SOURCES})
    target_include_directories(wdscope_${name} PUBLIC ${gate})
    target_link_libraries(wdscope_${name} PUBLIC wdscope_flags ${ROOM_LINK})
  endif()
endfunction()

# Most of a test file's compile time is GoogleTest's headers and the optimiser's work on its macros: the headers are
# compiled once for all tests, and the tests are not optimised.
function(wdscope_test_options name)
  find_package(GTest REQUIRED)
  target_link_libraries(${name} PRIVATE wdscope_flags GTest::gmock GTest::gtest_main)
  target_compile_options(${name} PRIVATE -O0 -g1)
  set_target_properties(${name} PROPERTIES UNITY_BUILD OFF)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Behind a precompiled header GCC 12 no longer knows libstdc++ for a system header, and warns of its insides.
    target_compile_options(${name} PRIVATE -Wno-array-bounds -Wno-restrict -Wno-stringop-overflow)
  endif()
endfunction()

# wdscope_test(NAME SOURCES ... LINK ...): a GoogleTest program, run by ctest one entry a test case. Drivers are
# built before it; WDSCOPE_DRIVERS names the folder they are in.
function(wdscope_test name)
  cmake_parse_arguments(TEST "" "" "SOURCES;LINK" ${ARGN})
  if(NOT TARGET test_headers)
    file(WRITE ${CMAKE_BINARY_DIR}/test_headers.cpp "")
    add_library(test_headers OBJECT ${CMAKE_BINARY_DIR}/test_headers.cpp)
    wdscope_test_options(test_headers)
    target_precompile_headers(test_headers PRIVATE <gmock/gmock.h> <gtest/gtest.h>)
  endif()
  add_executable(${name} ${TEST_SOURCES})
  target_link_libraries(${name} PRIVATE ${TEST_LINK})
  wdscope_test_options(${name})
  target_precompile_headers(${name} REUSE_FROM test_headers)
  if(WIN32)
    target_link_options(${name} PRIVATE -static)
  endif()
  target_compile_definitions(${name} PRIVATE WDSCOPE_DRIVERS="${WDSCOPE_OUTPUT}/drivers")
  if(TARGET drivers)
    add_dependencies(${name} drivers)
  endif()
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 300)
endfunction()
