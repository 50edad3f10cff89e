# SPDX-License-Identifier: MIT
# Debian's header-only libraries for the Windows build: a folder of links to nothing but them, as /usr/include itself
# would put glibc's headers before mingw's.
set(gate ${CMAKE_BINARY_DIR}/include/libraries)
file(MAKE_DIRECTORY ${gate})
foreach(header CLI fmt rapidjson tl toml++ xxhash.h xxh3.h)
  if(NOT EXISTS /usr/include/${header})
    message(FATAL_ERROR "/usr/include/${header} is missing: cmake/deps.sh build installs what the build needs")
  endif()
  file(CREATE_LINK /usr/include/${header} ${gate}/${header} SYMBOLIC)
endforeach()

add_library(windows_libraries INTERFACE)
target_include_directories(windows_libraries SYSTEM INTERFACE ${gate})
target_compile_definitions(windows_libraries INTERFACE
  FMT_HEADER_ONLY UNICODE _UNICODE WIN32_LEAN_AND_MEAN NOMINMAX WINVER=0x0A00 _WIN32_WINNT=0x0A00)
target_link_libraries(wdscope_flags INTERFACE windows_libraries)
