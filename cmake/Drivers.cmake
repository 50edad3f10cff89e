# SPDX-License-Identifier: MIT
# The kernel side is a CMake project of its own (driver/), configured for mingw-w64: one compilation of each .sys,
# the same file for Windows and for the host.
include(ExternalProject)

ExternalProject_Add(drivers
  SOURCE_DIR ${CMAKE_SOURCE_DIR}/driver
  BINARY_DIR ${CMAKE_BINARY_DIR}/driver
  CMAKE_ARGS
    -DCMAKE_TOOLCHAIN_FILE=${CMAKE_SOURCE_DIR}/cmake/mingw-driver.cmake
    -DCMAKE_BUILD_TYPE=RelWithDebInfo
    -DCMAKE_EXPORT_COMPILE_COMMANDS=ON
    -DWDSCOPE_VERSION=${PROJECT_VERSION}
    -DWDSCOPE_SANITIZE=${WDSCOPE_SANITIZE}
    -DWDSCOPE_DRIVERS=${WDSCOPE_OUTPUT}/drivers
  CMAKE_GENERATOR Ninja
  BUILD_ALWAYS ON
  INSTALL_COMMAND ""
  USES_TERMINAL_BUILD ON
  BUILD_BYPRODUCTS
    ${WDSCOPE_OUTPUT}/drivers/wdscope.sys
    ${WDSCOPE_OUTPUT}/drivers/wdnotifier.sys
    ${WDSCOPE_OUTPUT}/drivers/wdnis.sys)
