// SPDX-License-Identifier: MIT
// The five notifications: what each tells the callback object, byte for byte, in the frame of the profile.
// All: PASSIVE_LEVEL, no lock held, the caller holds a reference on the context, Argument2 is NULL. Callbacks run on
// this thread before the call returns.
#pragma once

#include "abi/defender/notify_info.h"
#include "notifier/process_context.h"

namespace wdscope::notifier {

// pid and creation time, as Defender passes them about: 12 bytes.
#pragma pack(push, 1)
struct UniqueProcessId {
  std::uint32_t process_id;
  std::int64_t create_time;
};
#pragma pack(pop)
static_assert(sizeof(UniqueProcessId) == 12);

// What stands in the handler's frame at the create and exit sites.
struct SiteFrame {
  PEPROCESS process;
  HANDLE process_id;
  HANDLE parent_process_id;       // null for exit
  PCUNICODE_STRING image_name;    // the handler's parameter, not the context's copy; null for exit
  PCUNICODE_STRING command_line;  // null for exit
  BOOLEAN* access_denied;         // null for exit
  UniqueProcessId creator;        // zero for exit
  MP_PROCESS_CONTEXT* context;
};

void notify_created(const SiteFrame& site);
void notify_terminated(const SiteFrame& site);

void notify_refreshed(MP_PROCESS_CONTEXT* context);
void notify_set_trusted(MP_PROCESS_CONTEXT* context);
void notify_set_untrusted(MP_PROCESS_CONTEXT* context);

}  // namespace wdscope::notifier
