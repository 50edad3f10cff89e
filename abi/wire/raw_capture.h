// SPDX-License-Identifier: MIT
// Raw capture: for a bounded time and count the observer keeps, beside its records, the bytes of what looks like a
// process context near each notification's argument, and the counted strings it points to. Off until somebody asks;
// one capture at a time; it ends when its time or its count is over or the handle that began it is closed, whichever
// is first. What it makes goes to that handle alone and never into the stream that other readers get.
//
// A candidate is judged conservatively. Only creates and exits whose argument lies on the current stack are looked at;
// only the slots of 8 bytes from Argument1 - 0x40 up to it and from behind it to + 0x40, inside the stack limits. A
// candidate is a value there that is a kernel address outside the stack, aligned to 8, at which a magic can be read
// whose type begins with 0xDA and whose size half is a multiple of 8, at least 0x40. The type 0xDA0F wins; else the
// slot nearest below the argument. Everything is read by checked copies.
#pragma once

#include <cstddef>
#include <cstdint>

#include "abi/wire/control.h"

namespace wdscope::wire {

// In: RawStartRequest. Out: nothing. Begins a capture that belongs to this handle; one of this handle that has ended
// is thrown away. STATUS_DEVICE_BUSY while one is going on; STATUS_INVALID_PARAMETER for a limit outside its bounds;
// STATUS_INSUFFICIENT_RESOURCES. Needs write access.
inline constexpr std::uint32_t kControlRawStart = control_code(0x808, Method::Buffered, ControlAccess::Write);

// In: nothing. Out: RawTotals. Ends the capture of this handle, and throws away what was not read.
// STATUS_INVALID_DEVICE_STATE when the handle has none.
inline constexpr std::uint32_t kControlRawStop = control_code(0x809, Method::Buffered, ControlAccess::Write);

// In: nothing. Out (direct): ReadReply, then whole raw records, as kControlRead gives process records; never waits.
// STATUS_INVALID_DEVICE_STATE when the handle has no capture, ended or not.
inline constexpr std::uint32_t kControlRawRead = control_code(0x80A, Method::OutDirect, ControlAccess::Read);

inline constexpr std::uint32_t kMaximumRawNotifications = 100'000;
inline constexpr std::uint32_t kMaximumRawTimeMs = 3'600'000;

struct RawStartRequest {
  std::uint32_t size;                   // sizeof(RawStartRequest)
  std::uint32_t flags;                  // none yet: 0
  std::uint32_t maximum_notifications;  // 1 .. kMaximumRawNotifications
  std::uint32_t maximum_ms;             // 1 .. kMaximumRawTimeMs
};
static_assert(sizeof(RawStartRequest) == 16);

struct RawTotals {
  std::uint64_t notifications;     // captured
  std::uint64_t starts;            // process starts that NT told
  std::uint64_t dropped_busy;      // all buffers were in use
  std::uint64_t dropped_too_long;  // the notification's own record is longer than kMaximumRawEventSize
  std::uint32_t ended;             // RawEnd
  std::uint32_t starts_status;     // NTSTATUS of asking NT to tell of process starts
};
static_assert(sizeof(RawTotals) == 40);

enum class RawEnd : std::uint32_t { Asked = 0, TimeOver = 1, CountOver = 2 };

// Kinds of records beside RecordKind's. They have no sequence in the stream: header.sequence counts raw records alone.
inline constexpr std::uint16_t kRawNotificationKind = 16;
inline constexpr std::uint16_t kRawStartKind = 17;

inline constexpr std::uint32_t kMaximumRawContextSize = 1024;
inline constexpr std::uint32_t kMaximumRawTextSize = 1024;  // what is carried of each string, in bytes
inline constexpr std::uint32_t kMaximumRawEventSize = 16 * 1024;
inline constexpr std::uint32_t kMinimumRawContextSize = 0x40;
inline constexpr std::uint32_t kMaximumRawTexts = kMaximumRawContextSize / sizeof(std::uint64_t);
// How far from the argument a slot may begin.
inline constexpr std::int32_t kFirstRawSlot = -0x40;
inline constexpr std::int32_t kLastRawSlot = 0x38;

// A counted string that the context points to; its text, cut to kMaximumRawTextSize, is at `offset`.
struct RawText {
  std::uint32_t pointer_offset;  // in the context, of the pointer
  std::uint16_t length;          // as the string says, in bytes
  std::uint16_t maximum_length;
  std::uint32_t offset;  // of the record
  std::uint32_t size;    // bytes carried
};
static_assert(sizeof(RawText) == 16);

// Fixed part, the process record, the context, room for one RawText a word of the context, the texts; padded to 8
// bytes.
struct RawNotificationRecord {
  RecordHeader header;
  std::int32_t slot_offset;  // where the pointer stood, from Argument1; 0: no candidate, and no context
  std::uint32_t candidate_count;
  std::uint64_t context_address;
  std::uint32_t context_magic;
  std::uint32_t context_offset;
  std::uint32_t context_size;  // the magic's size half, at most kMaximumRawContextSize
  std::uint32_t text_offset;   // RawText[text_count]
  std::uint32_t text_count;
  std::uint32_t event_offset;  // the whole ProcessRecord as published
  std::uint32_t event_size;
  std::uint32_t reserved;
};
static_assert(sizeof(RawNotificationRecord) == 64);

// A process start as NT itself tells it to a process-notify routine, whatever the notifier says.
struct RawStartRecord {
  RecordHeader header;
  std::uint64_t process_id;
  std::uint64_t parent_process_id;
  std::int64_t created_100ns;
  std::uint32_t command_line_length;  // whole, in bytes
  std::uint32_t reserved;
  StringSpan command_line;  // its first kMaximumRawTextSize bytes
};
static_assert(sizeof(RawStartRecord) == 56);

inline constexpr std::size_t kMaximumRawRecordSize = sizeof(RawNotificationRecord) + kMaximumRawEventSize +
                                                     kMaximumRawContextSize +
                                                     kMaximumRawTexts * (sizeof(RawText) + kMaximumRawTextSize);
static_assert(kMaximumRawRecordSize % kRecordAlignment == 0);

}  // namespace wdscope::wire
