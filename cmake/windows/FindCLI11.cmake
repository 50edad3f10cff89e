# SPDX-License-Identifier: MIT
# Its headers are in windows_libraries, which every room has.
if(NOT TARGET CLI11::CLI11)
  add_library(CLI11::CLI11 INTERFACE IMPORTED GLOBAL)
endif()
set(CLI11_FOUND TRUE)
