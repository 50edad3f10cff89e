// SPDX-License-Identifier: MIT
// Whether a process is one of Defender's own, by name and by the service in its token (ProcessFlags 0x10).
// Source: research wdfilter-research (25080), WdFilter-Research (1910).
#pragma once

#include "notifier/process_context.h"

namespace wdscope::notifier {

// PASSIVE_LEVEL. Makes the SIDs that MP_DATA points to, tag "MPsd". STATUS_INSUFFICIENT_RESOURCES; what was made is
// left for stop_service_sids.
[[nodiscard]] NTSTATUS start_service_sids();
// Frees them; nothing happens for what is not there.
void stop_service_sids();

// PASSIVE_LEVEL, no lock held, the caller holds a reference on the context. Flag 0x10 goes on when the last component
// of `image_name` is a Defender program and the process's token has that program's service; off in every other case,
// but for a null, empty or unparsable name and a token that cannot be asked, which leave it.
void MpSetProcessHardening(PEPROCESS process, MP_PROCESS_CONTEXT* context, PCUNICODE_STRING image_name);

}  // namespace wdscope::notifier
