// SPDX-License-Identifier: MIT
// The device \Device\wdnis of the stand-in for WdNisDrv, the only known consumer of the process notification: its
// control codes and their buffers. Ours, not Defender's; what is known of WdNisDrv is that it registers on the process
// object and notifies the Nri object when its process exceptions have changed. SYSTEM and Administrators only; any
// number of handles. An unknown code: STATUS_INVALID_DEVICE_REQUEST.
#pragma once

#include <cstdint>

#include "abi/wire/control.h"

namespace wdscope::wire {

inline constexpr char16_t kNisDeviceName[] = u"\\Device\\wdnis";
inline constexpr char16_t kNisDosDeviceName[] = u"\\DosDevices\\wdnis";
inline constexpr char kNisUserDeviceName[] = "\\\\.\\wdnis";

// In: the whole list of process exceptions: NT paths of images, UTF-16, each with its terminator, one behind the other;
// no input clears the list. Out: nothing. Then the Nri object is notified (a zero, NULL), so that every process is
// named once more, before this call returns. STATUS_INVALID_PARAMETER: an odd size, a last text without its end, an
// empty text or one longer than kMaximumNisExceptionUnits; STATUS_INVALID_BUFFER_SIZE: more than
// kMaximumNisExceptionsSize bytes. Then, as with STATUS_INSUFFICIENT_RESOURCES, the old list stays and nobody is
// notified.
inline constexpr std::uint32_t kNisSetProcessExceptions = control_code(0xA00, Method::Buffered, ControlAccess::Write);

// In: nothing. Out: NisStatistics. STATUS_INVALID_PARAMETER for input, STATUS_BUFFER_TOO_SMALL for a shorter output.
inline constexpr std::uint32_t kNisStatistics = control_code(0xA01, Method::Buffered, ControlAccess::Read);

inline constexpr std::uint32_t kMaximumNisExceptionUnits = 260;  // without the terminator
inline constexpr std::uint32_t kMaximumNisExceptionsSize = 0x10000;

// What the driver was notified of since it was loaded. Every notification counts once in one of the first five.
struct NisStatistics {
  std::uint64_t creates;
  std::uint64_t terminates;
  std::uint64_t trust_changes;      // type 3 without a name
  std::uint64_t refreshes;          // type 3 with one
  std::uint64_t malformed;          // an argument that cannot be read or is none of the above
  std::uint64_t excepted;           // of all, those whose image is a process exception
  std::uint64_t exception_changes;  // lists taken: as often was the Nri object notified
};
static_assert(sizeof(NisStatistics) == 56);

}  // namespace wdscope::wire
