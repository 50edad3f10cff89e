# SPDX-License-Identifier: MIT
# wdscope.exe: hosted C++ for x64 Windows 10, one static file. The posix variant has std::thread and std::mutex.
include(${CMAKE_CURRENT_LIST_DIR}/mingw-driver.cmake)
set(CMAKE_C_COMPILER x86_64-w64-mingw32-gcc-posix)
# Debian's header-only packages serve Windows too, but not through /usr/include, where glibc's headers lie beside them:
# cmake/windows has a Find module for each, which a folder of links stands behind.
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
