// SPDX-License-Identifier: MIT
// Constants of the object manager, as the published headers have them.
#pragma once

#include "host/nt/base.h"

namespace wdscope::host {

// OBJECT_ATTRIBUTES.Attributes
inline constexpr Ulong kObjInherit = 0x2;
inline constexpr Ulong kObjPermanent = 0x10;
inline constexpr Ulong kObjExclusive = 0x20;
inline constexpr Ulong kObjCaseInsensitive = 0x40;
inline constexpr Ulong kObjOpenIf = 0x80;
inline constexpr Ulong kObjOpenLink = 0x100;
inline constexpr Ulong kObjKernelHandle = 0x200;
inline constexpr Ulong kObjForceAccessCheck = 0x400;
inline constexpr Ulong kObjValidAttributes = 0x1FF2;

// Standard and generic rights.
inline constexpr Ulong kDelete = 0x10000;
inline constexpr Ulong kReadControl = 0x20000;
inline constexpr Ulong kWriteDac = 0x40000;
inline constexpr Ulong kWriteOwner = 0x80000;
inline constexpr Ulong kSynchronize = 0x100000;
inline constexpr Ulong kMaximumAllowed = 0x2000000;
inline constexpr Ulong kGenericAll = 0x10000000;
inline constexpr Ulong kGenericExecute = 0x20000000;
inline constexpr Ulong kGenericWrite = 0x40000000;
inline constexpr Ulong kGenericRead = 0x80000000;

inline constexpr Handle kCurrentProcessHandle = ~Handle{0};     // NtCurrentProcess()
inline constexpr Handle kCurrentThreadHandle = ~Handle{0} - 1;  // NtCurrentThread()

enum class ProcessorMode : std::uint8_t { Kernel = 0, User = 1 };  // KPROCESSOR_MODE

struct ObjectNameInformation {  // OBJECT_NAME_INFORMATION; the characters follow
  UnicodeString name;
};

}  // namespace wdscope::host
