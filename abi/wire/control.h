// SPDX-License-Identifier: MIT
// The device \\.\wdscope: its control codes and their buffers. Opened by SYSTEM and Administrators only, for read
// access (GENERIC_READ); any number of handles. Each handle is one reader with a position of its own, which starts at
// the oldest record still in the ring when the handle was opened.
//
// For every handle, always: produced since its start = delivered + lost + still unread.
#pragma once

#include <cstdint>

#include "abi/wire/record.h"
#include "abi/wire/version.h"

namespace wdscope::wire {

inline constexpr char16_t kDeviceName[] = u"\\Device\\wdscope";
inline constexpr char16_t kDosDeviceName[] = u"\\DosDevices\\wdscope";
inline constexpr char kUserDeviceName[] = "\\\\.\\wdscope";

// CTL_CODE(type 0x8000 + 0x0777, function, method, access)
inline constexpr std::uint32_t kDeviceType = 0x8777;
enum class Method : std::uint32_t { Buffered = 0, InDirect = 1, OutDirect = 2, Neither = 3 };
enum class ControlAccess : std::uint32_t { Any = 0, Read = 1, Write = 2, ReadWrite = 3 };
constexpr std::uint32_t control_code(std::uint32_t function, Method method, ControlAccess access) {
  return kDeviceType << 16 | static_cast<std::uint32_t>(access) << 14 | function << 2 |
         static_cast<std::uint32_t>(method);
}

// Where "In: nothing" is said, input is refused with STATUS_INVALID_PARAMETER, so that it can get a meaning later.
// An unknown code: STATUS_INVALID_DEVICE_REQUEST.

// In: nothing. Out: VersionReply. STATUS_BUFFER_TOO_SMALL when the output is shorter.
inline constexpr std::uint32_t kControlVersion = control_code(0x800, Method::Buffered, ControlAccess::Read);

// In: ReadRequest. Out (direct): ReadReply, then whole records, 8-byte aligned. Waits until `minimum_records` more are
// produced for this reader (whether or not the ring still holds them all) or `timeout_ms` is over, whichever is first;
// cancellable. STATUS_SUCCESS with what is there on time-out, which may be nothing.
// STATUS_BUFFER_TOO_SMALL when not even the next record fits: ReadReply.needed_size says what would; nothing is
// skipped. STATUS_INVALID_PARAMETER for a short or misaligned buffer or an unknown flag; STATUS_INVALID_DEVICE_STATE
// when this handle already has as many waiting reads as kMaximumWaitingReads.
inline constexpr std::uint32_t kControlRead = control_code(0x801, Method::OutDirect, ControlAccess::Read);

// In: nothing. Out: Statistics, or as much of it as fits, but kFirstStatisticsSize. STATUS_BUFFER_TOO_SMALL when the
// output is shorter.
inline constexpr std::uint32_t kControlStatistics = control_code(0x802, Method::Buffered, ControlAccess::Read);

// In: nothing. Out: nothing. Notifies the Nri object (a zero, NULL), so that the notifier repeats the state of every
// process it knows as type-3 notifications, before this call returns; two marks stand around them in the stream.
// STATUS_NOT_FOUND without such an object, STATUS_DEVICE_BUSY while another refresh is running or within
// `kRefreshIntervalMs` of the last, STATUS_DEVICE_NOT_READY before the observer has registered.
inline constexpr std::uint32_t kControlRefresh = control_code(0x803, Method::Buffered, ControlAccess::Read);

// In: nothing. Out: Evidence. STATUS_BUFFER_TOO_SMALL when the output is shorter.
inline constexpr std::uint32_t kControlEvidence = control_code(0x804, Method::Buffered, ControlAccess::Read);

inline constexpr std::uint32_t kMaximumWaitingReads = 4;
inline constexpr std::uint32_t kRefreshIntervalMs = 1000;

namespace capability {
inline constexpr std::uint64_t Read = 1ull << 0;
inline constexpr std::uint64_t Statistics = 1ull << 1;
inline constexpr std::uint64_t Refresh = 1ull << 2;  // an Nri object was found
inline constexpr std::uint64_t Evidence = 1ull << 3;
}  // namespace capability

enum class CallbackObjectName : std::uint32_t { Wd = 1, Mp = 2 };

struct VersionReply {
  std::uint32_t protocol_version;
  std::uint32_t schema_version;
  std::uint32_t driver_version;   // major << 16 | minor << 8 | patch
  std::uint32_t callback_object;  // CallbackObjectName
  std::uint64_t capabilities;
  std::int64_t loaded_at_100ns;  // FILETIME
  std::uint64_t ring_size;       // bytes
  std::uint64_t boot_id;         // differs at each load of the observer
};
static_assert(sizeof(VersionReply) == 48);

struct ReadRequest {
  std::uint32_t size;             // sizeof(ReadRequest)
  std::uint32_t flags;            // none yet: 0
  std::uint32_t minimum_records;  // 0: do not wait
  std::uint32_t timeout_ms;       // 0xFFFFFFFF: for ever
};
static_assert(sizeof(ReadRequest) == 16);

struct ReadReply {
  std::uint32_t record_count;  // records that follow, loss records among them
  std::uint32_t needed_size;   // whole output buffer that the next record needs, when it did not fit; else 0
  std::uint64_t delivered;     // process records given to this reader so far, these included
  std::uint64_t lost;          // process records lost to this reader so far
  std::uint64_t produced;      // sequence that the next record will get
};
static_assert(sizeof(ReadReply) == 32);

struct Statistics {
  std::uint32_t size;  // bytes the driver wrote
  std::uint32_t reader_count;
  std::uint64_t notifications;      // calls of the callback
  std::uint64_t produced;           // records published
  std::uint64_t dropped_no_buffer;  // text left out because no staging buffer was free (record still published)
  std::uint64_t dropped_too_large;  // notifications without a record because it would exceed the ring
  std::uint64_t overwritten;        // records no longer in the ring
  std::uint64_t ring_size;          // bytes
  std::uint64_t ring_used;          // bytes
  std::uint64_t reader_delivered;   // of the asking handle
  std::uint64_t reader_lost;
  std::uint64_t reader_start;  // sequence at which this reader began
  std::uint64_t anomalies[static_cast<std::uint32_t>(Anomaly::Count)];
};
static_assert(sizeof(Statistics) % 8 == 0);
inline constexpr std::uint32_t kFirstStatisticsSize = 224;  // schema 1's, which ends with anomalies[HighIrql]
static_assert(offsetof(Statistics, anomalies) + (static_cast<std::uint32_t>(Anomaly::HighIrql) + 1) * 8 ==
              kFirstStatisticsSize);

// By which this machine's notifier is known, and what it was found to be. docs/observer.md has the rules.
struct Evidence {
  std::uint32_t size;  // bytes the driver wrote

  // The decision; Unknown, 0 and 0 while there is none.
  std::uint32_t generation;     // ArgumentGeneration
  std::uint32_t place_decided;  // 1: `place` and `magic` are decided, be it that no context lies near the argument
  std::uint32_t place;          // ContextPlace
  std::uint32_t magic;          // of the contexts there, known or not; 0 with place None
  std::uint32_t reserved;

  // Creates by their argument's generation. Agreeing: the parent that it leads to is the one that NT names.
  std::uint64_t creates_agreeing[3];     // index: ArgumentGeneration; [Unknown] stays 0
  std::uint64_t creates_disagreeing[3];  // NT names another; [Unknown]: member 0x08 was neither
  std::uint64_t creates_unconfirmed[3];  // NT does not know the process or its parent
  // Creates and exits by where their context lay. Agreeing: magic, process id and creation time are as NT has them.
  std::uint64_t contexts_agreeing[3];    // index: ContextPlace; [None]: no place had a pointer to a context's type
  std::uint64_t contexts_other_magic;    // a context's type, in an unknown size
  std::uint64_t contexts_other_process;  // a known magic, but NT has another id or creation time
  std::uint64_t contexts_unreadable;
  // Contexts recognised, by their magic: at most kMagics different ones, in no order; magic 0: free.
  static constexpr std::uint32_t kMagics = 8;
  struct Magic {
    std::uint32_t magic;
    std::uint32_t reserved;
    std::uint64_t count;
  } magics[kMagics];
  // Events against the decision that stood when they came: PlaceDisagrees and GenerationDisagrees count them too.
  std::uint64_t against_generation;
  std::uint64_t against_place;
  std::uint64_t decisions_changed;
  // Raw trusted bytes of creates and refreshes: 2019 writes 0x40, 2025 writes 1.
  std::uint64_t trusted_as_40;
  std::uint64_t trusted_as_01;
  std::uint64_t byte_1e_set;  // by value only: the newest build's alone
};
static_assert(sizeof(Evidence) % 8 == 0);

}  // namespace wdscope::wire
