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
enum class ControlAccess : std::uint32_t { Any = 0, Read = 1, Write = 2 };
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

// In: nothing. Out: Statistics. STATUS_BUFFER_TOO_SMALL when the output is shorter.
inline constexpr std::uint32_t kControlStatistics = control_code(0x802, Method::Buffered, ControlAccess::Read);

// In: nothing. Out: nothing. Notifies the Nri object (a zero, NULL), so that the notifier repeats the state of every
// process it knows as type-3 notifications, before this call returns. STATUS_NOT_FOUND without such an object,
// STATUS_DEVICE_BUSY while another refresh is running or within `kRefreshIntervalMs` of the last.
inline constexpr std::uint32_t kControlRefresh = control_code(0x803, Method::Buffered, ControlAccess::Read);

inline constexpr std::uint32_t kMaximumWaitingReads = 4;
inline constexpr std::uint32_t kRefreshIntervalMs = 1000;

namespace capability {
inline constexpr std::uint64_t Read = 1ull << 0;
inline constexpr std::uint64_t Statistics = 1ull << 1;
inline constexpr std::uint64_t Refresh = 1ull << 2;  // an Nri object was found
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

}  // namespace wdscope::wire
