// SPDX-License-Identifier: MIT
// The NT types that every part of the executive shares, at their x64 layout. Structures that belong to one prefix
// (KEVENT, IRP, ERESOURCE ...) stand in a header of their own beside this one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// Driver code calls the host, and is called by it, by the Windows x64 convention.
//
// A routine in that convention keeps ten vector registers that Linux's lets go. One call of a Linux routine anywhere in
// it, be it for a report that never comes, and its prologue saves them all, which costs more than many of NT's routines
// do. So what those call on their way is inline, or NTAPI itself; what they call beside the way is NTAPI_ASIDE.
#define NTAPI __attribute__((ms_abi))
#define NTAPI_ASIDE __attribute__((ms_abi, cold, noinline))

namespace wdscope::host {

using NtStatus = std::int32_t;
using Irql = std::uint8_t;
using Handle = std::uint64_t;  // HANDLE as an integer: process ids are multiples of four
using Boolean = std::uint8_t;  // BOOLEAN
using Ulong = std::uint32_t;   // ULONG is 32 bits on Windows whatever the host's long is
using Long = std::int32_t;
using SizeT = std::uint64_t;

inline constexpr Irql kPassiveLevel = 0;
inline constexpr Irql kApcLevel = 1;
inline constexpr Irql kDispatchLevel = 2;
inline constexpr Irql kHighLevel = 15;

constexpr bool nt_success(NtStatus status) {
  return status >= 0;
}
constexpr NtStatus nt_status(std::uint32_t value) {
  return static_cast<NtStatus>(value);
}
constexpr bool nt_error(NtStatus status) {
  return static_cast<std::uint32_t>(status) >= 0xC0000000;
}

inline constexpr NtStatus kStatusSuccess = 0;
inline constexpr NtStatus kStatusAlerted = 0x101;
inline constexpr NtStatus kStatusTimeout = 0x102;
inline constexpr NtStatus kStatusPending = 0x103;
inline constexpr NtStatus kStatusBufferOverflow = nt_status(0x80000005);
inline constexpr NtStatus kStatusPartialCopy = nt_status(0x8000000D);
inline constexpr NtStatus kStatusNoMoreEntries = nt_status(0x8000001A);
inline constexpr NtStatus kStatusUnsuccessful = nt_status(0xC0000001);
inline constexpr NtStatus kStatusInvalidInfoClass = nt_status(0xC0000003);
inline constexpr NtStatus kStatusInfoLengthMismatch = nt_status(0xC0000004);
inline constexpr NtStatus kStatusAccessViolation = nt_status(0xC0000005);
inline constexpr NtStatus kStatusInvalidHandle = nt_status(0xC0000008);
inline constexpr NtStatus kStatusInvalidCid = nt_status(0xC000000B);
inline constexpr NtStatus kStatusInvalidParameter = nt_status(0xC000000D);
inline constexpr NtStatus kStatusInvalidDeviceRequest = nt_status(0xC0000010);
inline constexpr NtStatus kStatusNoMemory = nt_status(0xC0000017);
inline constexpr NtStatus kStatusAccessDenied = nt_status(0xC0000022);
inline constexpr NtStatus kStatusBufferTooSmall = nt_status(0xC0000023);
inline constexpr NtStatus kStatusObjectTypeMismatch = nt_status(0xC0000024);
inline constexpr NtStatus kStatusObjectNameInvalid = nt_status(0xC0000033);
inline constexpr NtStatus kStatusObjectNameNotFound = nt_status(0xC0000034);
inline constexpr NtStatus kStatusObjectNameCollision = nt_status(0xC0000035);
inline constexpr NtStatus kStatusObjectPathNotFound = nt_status(0xC000003A);
inline constexpr NtStatus kStatusObjectPathSyntaxBad = nt_status(0xC000003B);
inline constexpr NtStatus kStatusDeletePending = nt_status(0xC0000056);
inline constexpr NtStatus kStatusInvalidAcl = nt_status(0xC0000077);
inline constexpr NtStatus kStatusInvalidSecurityDescriptor = nt_status(0xC0000079);
inline constexpr NtStatus kStatusProcedureNotFound = nt_status(0xC000007A);
inline constexpr NtStatus kStatusInvalidImageFormat = nt_status(0xC000007B);
inline constexpr NtStatus kStatusInsufficientResources = nt_status(0xC000009A);
inline constexpr NtStatus kStatusInvalidParameter2 = nt_status(0xC00000F0);
inline constexpr NtStatus kStatusInvalidParameter4 = nt_status(0xC00000F2);
inline constexpr NtStatus kStatusNotSupported = nt_status(0xC00000BB);
inline constexpr NtStatus kStatusNameTooLong = nt_status(0xC0000106);
inline constexpr NtStatus kStatusProcessIsTerminating = nt_status(0xC000010A);
inline constexpr NtStatus kStatusImageAlreadyLoaded = nt_status(0xC000010E);
inline constexpr NtStatus kStatusCancelled = nt_status(0xC0000120);
inline constexpr NtStatus kStatusInvalidAddress = nt_status(0xC0000141);
inline constexpr NtStatus kStatusNotFound = nt_status(0xC0000225);
inline constexpr NtStatus kStatusEntryPointNotFound = nt_status(0xC0000139);
inline constexpr NtStatus kStatusDriverEntryPointNotFound = nt_status(0xC0000263);

struct ListEntry {  // LIST_ENTRY
  ListEntry* flink;
  ListEntry* blink;
};
static_assert(sizeof(ListEntry) == 0x10);

struct UnicodeString {  // UNICODE_STRING: counted, in bytes, no terminator promised
  std::uint16_t length;
  std::uint16_t maximum_length;
  char16_t* buffer;

  std::u16string_view view() const { return {buffer, length / sizeof(char16_t)}; }
};
static_assert(sizeof(UnicodeString) == 0x10);

struct AnsiString {  // ANSI_STRING
  std::uint16_t length;
  std::uint16_t maximum_length;
  char* buffer;
};
static_assert(sizeof(AnsiString) == 0x10);

struct ObjectAttributes {  // OBJECT_ATTRIBUTES
  Ulong length;
  Handle root_directory;
  UnicodeString* object_name;
  Ulong attributes;
  void* security_descriptor;
  void* security_quality_of_service;
};
static_assert(sizeof(ObjectAttributes) == 0x30);

// What one routine of the executive is called by drivers, and where it is.
struct Export {
  const char* name;
  void* address;
};

}  // namespace wdscope::host
