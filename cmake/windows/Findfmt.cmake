# SPDX-License-Identifier: MIT
# Its headers are in windows_libraries, which every room has.
if(NOT TARGET fmt::fmt)
  add_library(fmt::fmt INTERFACE IMPORTED GLOBAL)
endif()
set(fmt_FOUND TRUE)
