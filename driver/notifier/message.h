// SPDX-License-Identifier: MIT
// What goes to the service: the process message (type 0) and the trusted-process message (type 0xD), in the profile's
// layout, and what a create's answer does. Every failure lets the process go on. Source: research wdfilter-research
// (25080), WdFilter-Research (1910).
#pragma once

#include "notifier/handler.h"
#include "notifier/notification.h"

namespace wdscope::notifier {

struct ProcessMessage {
  PEPROCESS process;
  MP_PROCESS_CONTEXT* context;
  ProcessEvent kind;
  HANDLE token = nullptr;              // a handle on the process's, if there is one already
  HANDLE parent_process_id = nullptr;  // create only, like all that follow
  PCUNICODE_STRING image_name = nullptr;
  PCUNICODE_STRING command_line = nullptr;
  std::uint32_t message_flags = 0;
  UniqueProcessId creator = {};
  BOOLEAN* access_denied = nullptr;
};

// PASSIVE_LEVEL, no lock held, the caller holds a reference. A create with an engine connected waits for its answer, at
// most MpParameters.create_timeout_ms: a denial sets *access_denied, else the answer's process info is applied, which
// may change trust and notify. Anything else is queued, if behaviour monitoring is on.
void MpSendProcessMessage(const ProcessMessage& message);

enum class UntrustedLeft : std::uint8_t { None = 0, One = 1 };
// <= APC_LEVEL. Queued, if behaviour monitoring is on. `name` may be null.
void MpSendTrustedProcessMessage(UntrustedLeft left, PCUNICODE_STRING name);

// <= APC_LEVEL, 25080 and later. Queued, if behaviour monitoring is on: a command took the process's exclusion.
void send_taint_message(MP_PROCESS_CONTEXT* context, std::uint8_t reason);

}  // namespace wdscope::notifier
