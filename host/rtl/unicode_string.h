// SPDX-License-Identifier: MIT
// Counted strings: the RtlUnicodeString family. Routines that use the case table or allocate need PASSIVE_LEVEL.
// Source of the semantics: documented, and measured on real Windows' own tests where the documentation is silent.
#pragma once

#include "host/nt/base.h"

namespace wdscope::host {

void NTAPI RtlInitUnicodeString(UnicodeString* target, const char16_t* source);
NtStatus NTAPI RtlInitUnicodeStringEx(UnicodeString* target, const char16_t* source);  // NAME_TOO_LONG
void NTAPI RtlCopyUnicodeString(UnicodeString* target, const UnicodeString* source);
NtStatus NTAPI RtlAppendUnicodeStringToString(UnicodeString* target, const UnicodeString* source);
NtStatus NTAPI RtlAppendUnicodeToString(UnicodeString* target, const char16_t* source);
Boolean NTAPI RtlEqualUnicodeString(const UnicodeString* a, const UnicodeString* b, Boolean ignore_case);
Long NTAPI RtlCompareUnicodeString(const UnicodeString* a, const UnicodeString* b, Boolean ignore_case);
Boolean NTAPI RtlPrefixUnicodeString(const UnicodeString* prefix, const UnicodeString* whole, Boolean ignore_case);
char16_t NTAPI RtlUpcaseUnicodeChar(char16_t unit);
char16_t NTAPI RtlDowncaseUnicodeChar(char16_t unit);
// BUFFER_OVERFLOW: no room, the target is unchanged. With `allocate` the target is exactly as long, not terminated.
NtStatus NTAPI RtlUpcaseUnicodeString(UnicodeString* target, const UnicodeString* source, Boolean allocate);
NtStatus NTAPI RtlDowncaseUnicodeString(UnicodeString* target, const UnicodeString* source, Boolean allocate);
NtStatus NTAPI RtlDuplicateUnicodeString(Ulong flags, const UnicodeString* source, UnicodeString* target);
// Algorithms 0 (default) and 1: x65599.
NtStatus NTAPI RtlHashUnicodeString(const UnicodeString* text, Boolean ignore_case, Ulong algorithm, Ulong* hash);
NtStatus NTAPI RtlUnicodeStringToInteger(const UnicodeString* text, Ulong base, Ulong* value);
NtStatus NTAPI RtlIntegerToUnicodeString(Ulong value, Ulong base, UnicodeString* text);
NtStatus NTAPI RtlInt64ToUnicodeString(std::uint64_t value, Ulong base, UnicodeString* text);
void NTAPI RtlInitAnsiString(AnsiString* target, const char* source);
NtStatus NTAPI RtlAnsiStringToUnicodeString(UnicodeString* target, const AnsiString* source, Boolean allocate);
NtStatus NTAPI RtlUnicodeStringToAnsiString(AnsiString* target, const UnicodeString* source, Boolean allocate);
void NTAPI RtlFreeUnicodeString(UnicodeString* text);
void NTAPI RtlFreeAnsiString(AnsiString* text);

}  // namespace wdscope::host
