// SPDX-License-Identifier: MIT
// The records of a raw capture, built in a buffer that holds the longest.
#pragma once

#include <cstdint>

#include "abi/wire/raw_capture.h"
#include "kit/nt.h"
#include "observer/raw_candidate.h"

namespace wdscope::observer {

// Builds a RawNotificationRecord from a published record and what the candidate points to; a candidate that cannot be
// read after all is left out. `buffer`: kMaximumRawRecordSize bytes, 8-byte aligned, any content. The event is at most
// kMaximumRawEventSize long. IRQL <= APC_LEVEL.
void build_raw_notification(std::uint64_t* buffer, const std::uint64_t* event, const RawCandidate& candidate);

// The same for a RawStartRecord. `command_line` may be null. IRQL <= APC_LEVEL.
void build_raw_start(std::uint64_t* buffer, PEPROCESS process, HANDLE process_id, HANDLE parent_process_id,
                     PCUNICODE_STRING command_line);

}  // namespace wdscope::observer
