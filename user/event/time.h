// SPDX-License-Identifier: MIT
// FILETIMEs as ISO 8601 text.
#pragma once

#include <cstddef>

#include "event/event.h"

namespace wdscope {

inline constexpr std::size_t kTimeTextSize = 32;

// "2026-11-22T08:30:15.1234567Z". Years outside 0000..9999, which only garbage has, as "+12345" or "-00001". `out` has
// room for kTimeTextSize; returns the end.
char* write_time(char* out, FileTime time);

FileTime current_time();

}  // namespace wdscope
