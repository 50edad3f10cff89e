// SPDX-License-Identifier: MIT
// wdwine.sys: the parts of NT's executive that Wine 8 lacks and wdscope's drivers need, for tests under Wine. It gives
// the drivers that load after it these routines by rewriting their import slots; the drivers are the ones that ship.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kit/nt.h"

namespace wdscope::wine {

struct Routine {
  const char* name;
  void* address;  // of a routine; of a variable for an import that is data
};

// What a driver is given in place of Wine's export of that name; null: Wine's own.
void* replacement(std::string_view name);

// The same of one part, each in the file that is named. Tables are made at each call: nobody runs a driver's
// constructors.
void* callback_routine(std::string_view name);  // callbacks.cpp: ExCreateCallback ..., their objects' references
void* queue_routine(std::string_view name);     // cancel_safe_queue.cpp: IoCsq...
void* closing_routine(std::string_view name);   // closing.cpp: IofCompleteRequest
void* process_routine(std::string_view name);   // processes.cpp: Ps..., Se...
void* memory_routine(std::string_view name);    // memory_and_time.cpp: Mm..., Ke..., FltParseFileName

template <std::size_t kCount>
void* find_routine(const Routine (&routines)[kCount], std::string_view name) {
  for (const Routine& one : routines) {
    if (name == one.name) return one.address;
  }
  return nullptr;
}

// From now on each system image that is loaded gets them. PsSetLoadImageNotifyRoutine's statuses.
NTSTATUS start_rewriting();
void stop_rewriting();

// The request is in a queue until it is completed, and its file object is not closed before: closing.cpp. Again: the
// same. STATUS_INSUFFICIENT_RESOURCES.
NTSTATUS hold_request(PIRP irp);

// Calls the process-notify routines that drivers have registered.
struct ProcessStart {
  HANDLE process_id;
  HANDLE parent_process_id;
  UNICODE_STRING image;
  UNICODE_STRING command_line;
};
NTSTATUS announce_start(const ProcessStart& start);
NTSTATUS announce_exit(HANDLE process_id);

}  // namespace wdscope::wine
