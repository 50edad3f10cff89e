# SPDX-License-Identifier: MIT
# GoogleTest for Windows, compiled from the sources that Debian's googletest package brings.
if(NOT TARGET GTest::gtest_main)
  set(BUILD_GMOCK ON)
  set(INSTALL_GTEST OFF)
  add_subdirectory(/usr/src/googletest ${CMAKE_BINARY_DIR}/googletest EXCLUDE_FROM_ALL)
  foreach(library gtest gmock gtest_main)
    target_compile_options(${library} PRIVATE -O0 -g0)
  endforeach()
endif()
set(GTest_FOUND TRUE)
