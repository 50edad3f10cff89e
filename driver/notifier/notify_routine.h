// SPDX-License-Identifier: MIT
// The driver's connections to NT: the two callback objects, the Nri registration and the process-notify routine.
#pragma once

#include "notifier/mp_data.h"

namespace wdscope::notifier {

// PASSIVE_LEVEL. First the callback objects, so that no notification can meet a missing one (Defender makes them last);
// then the Nri registration; then the process routine by Ex2, else Ex, else the plain kind. On failure nothing is left.
// STATUS_ALREADY_REGISTERED: the Nri object has an owner already, a live Defender for instance.
[[nodiscard]] NTSTATUS MpSetProcessNotifyRoutine();

// PASSIVE_LEVEL; waits for calls in progress. Unregisters first, then lets the objects go. Nothing happens for what is
// not there.
void MpRemoveProcessNotifyRoutine();

// The routines that NT calls: PASSIVE_LEVEL, in a critical region, in the creating or the exiting thread.
void NTAPI MpCreateProcessNotifyRoutineEx(PEPROCESS process, HANDLE process_id, PPS_CREATE_NOTIFY_INFO create_info);
// Where neither Ex kind exists: no command line, no veto; nothing happens for an id that cannot be looked up.
void NTAPI MpCreateProcessNotifyRoutine(HANDLE parent_process_id, HANDLE process_id, BOOLEAN create);

}  // namespace wdscope::notifier
