// SPDX-License-Identifier: MIT
// What happens when a process starts or ends: the order of context, notification and message.
#pragma once

#include "notifier/process_context.h"

namespace wdscope::notifier {

enum class ProcessEvent { Create, Exit };

struct ProcessEventFacts {
  PEPROCESS process;
  HANDLE process_id;
  ProcessEvent kind;
  HANDLE parent_process_id = nullptr;  // create only, like all that follow
  PCUNICODE_STRING image_name = nullptr;
  PCUNICODE_STRING command_line = nullptr;
  bool transacted = false;           // the image was opened in a transaction
  BOOLEAN* access_denied = nullptr;  // set when the service refuses; null: nobody can refuse
};

// PASSIVE_LEVEL, in the creating or the exiting thread; nothing is locked at either notification. A create without a
// context (memory, name, query) and the exit of an unknown process are traced and otherwise silent.
void MpHandleProcessNotification(const ProcessEventFacts& facts);

}  // namespace wdscope::notifier
