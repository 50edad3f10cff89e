// SPDX-License-Identifier: MIT
// The table of process-notify routines: 64 slots, called in slot order, removable only by waiting for calls in
// progress.
#pragma once

#include <string>
#include <vector>

#include "host/nt/ps.h"

namespace wdscope::host {

class LoadedImage;

enum class DuplicateRoutines : std::uint8_t { Accept, Refuse };
void start_notify(DuplicateRoutines duplicates);

// Runs the routines for the creation of `process`, on the calling thread in its current process. Returns the verdict:
// what the last routine left in CreationStatus. Routines that are not of the Ex2 kind are not told of subsystem
// processes.
NtStatus notify_process_created(Process& process);
// Runs the routines for its exit; the calling thread should be in that process.
void notify_process_exited(Process& process);

// Routines of `image` still in the table, as text for a report.
std::vector<std::string> notify_routines_left_by(const LoadedImage& image);
void forget_notify_routines();

NtStatus NTAPI PsSetCreateProcessNotifyRoutine(void* routine, Boolean remove);
NtStatus NTAPI PsSetCreateProcessNotifyRoutineEx(void* routine, Boolean remove);
NtStatus NTAPI PsSetCreateProcessNotifyRoutineEx2(Ulong type, void* information, Boolean remove);

}  // namespace wdscope::host
