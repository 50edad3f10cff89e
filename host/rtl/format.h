// SPDX-License-Identifier: MIT
// printf as the Microsoft C runtime and NT have it: %S is the other width, %l is 32 bits, %I64, %Z and %wZ, no floating
// point. One formatter serves DbgPrint and the kernel's _vsnprintf family.
#pragma once

#include <string>
#include <string_view>

#include "host/nt/base.h"

namespace wdscope::host {

// What narrow (%s in a narrow format) text is made of when it is wide: NT converts by the ANSI code page; here UTF-8.
struct FormatResult {
  std::string text;      // UTF-8
  bool touches_unicode;  // a conversion that NT allows at PASSIVE_LEVEL only
};
FormatResult format_narrow(const char* format, __builtin_ms_va_list arguments);
std::u16string format_wide(const char16_t* format, __builtin_ms_va_list arguments);

// _vsnprintf and the like: number of characters written without the terminator, or -1 if they do not all fit (then
// `count` characters are written). Terminated only if there is room.
int NTAPI nt_vsnprintf(char* buffer, SizeT count, const char* format, __builtin_ms_va_list arguments);
int NTAPI nt_vsnwprintf(char16_t* buffer, SizeT count, const char16_t* format, __builtin_ms_va_list arguments);
int NTAPI nt_snprintf(char* buffer, SizeT count, const char* format, ...);
int NTAPI nt_snwprintf(char16_t* buffer, SizeT count, const char16_t* format, ...);

}  // namespace wdscope::host
