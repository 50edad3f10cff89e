// SPDX-License-Identifier: MIT
// DbgPrint and its kin: NT formatting, a filter by component and level, at most 512 bytes a call, to the machine's
// debug output.
#pragma once

#include <functional>
#include <string_view>

#include "host/nt/base.h"

namespace wdscope::host {

// Gets a line and the name of the driver that printed it, which is empty for the host itself.
using DebugOutput = std::function<void(std::string_view driver, std::string_view line)>;

// Where lines go, and the mask of levels that every component shows (bit n: level n; 1 is Windows' default: errors).
void set_debug_output(DebugOutput output, Ulong level_mask);

// One line from the host itself, past the filter.
void debug_line(std::string_view text);

// At any IRQL up to HIGH_LEVEL; PASSIVE_LEVEL only with %C %S %ls %ws %wZ. Always STATUS_SUCCESS, filtered or not.
Ulong NTAPI DbgPrint(const char* format, ...);
Ulong NTAPI DbgPrintEx(Ulong component, Ulong level, const char* format, ...);
Ulong NTAPI vDbgPrintEx(Ulong component, Ulong level, const char* format, __builtin_ms_va_list arguments);
Ulong NTAPI vDbgPrintExWithPrefix(const char* prefix, Ulong component, Ulong level, const char* format,
                                  __builtin_ms_va_list arguments);
// Adds (or takes) a level to what a component shows. INVALID_PARAMETER_1 for an unknown component.
NtStatus NTAPI DbgSetDebugFilterState(Ulong component, Ulong level, Boolean state);
NtStatus NTAPI DbgQueryDebugFilterState(Ulong component, Ulong level);  // 1: shown

}  // namespace wdscope::host
