// SPDX-License-Identifier: MIT
// Events, semaphores, mutexes and waiting for them. Each object carries its own lock (bit 7 of its type), so that
// unrelated objects never contend; waiters queue on the object in order of arrival.
//
// Source of the semantics: documented, and tests that run on real Windows (previous values are raw signal states).
#pragma once

#include "host/nt/base.h"
#include "host/nt/ke.h"

namespace wdscope::host {

// --- events; KeSetEvent and the rest at <= DISPATCH_LEVEL ---
NTAPI void KeInitializeEvent(KEvent* event, Ulong type, Boolean state);  // type: 0 notification, 1 synchronization
// Returns the state before. `wait` not 0: the caller waits next; needs <= APC_LEVEL.
NTAPI Long KeSetEvent(KEvent* event, Long increment, Boolean wait);
NTAPI Long KeResetEvent(KEvent* event);
NTAPI void KeClearEvent(KEvent* event);
NTAPI Long KePulseEvent(KEvent* event, Long increment, Boolean wait);
NTAPI Long KeReadStateEvent(KEvent* event);

// --- semaphores ---
NTAPI void KeInitializeSemaphore(KSemaphore* semaphore, Long count, Long limit);
// Returns the count before. Going over the limit raises an exception on Windows: here a bug check 0x1E.
NTAPI Long KeReleaseSemaphore(KSemaphore* semaphore, Long increment, Long adjustment, Boolean wait);
NTAPI Long KeReadStateSemaphore(KSemaphore* semaphore);

// --- mutexes: recursive, owned; holding one disables normal kernel APCs ---
NTAPI void KeInitializeMutex(KMutant* mutex, Ulong level);
NTAPI Long KeReleaseMutex(KMutant* mutex, Boolean wait);  // the state before: 0 on the last release. Owner only
NTAPI Long KeReadStateMutex(KMutant* mutex);

// --- waiting. `object` is anything that begins with a DISPATCHER_HEADER ---
// `timeout`: null for ever; *timeout negative: relative, positive: absolute system time, in 100 ns; 0: only try.
// <= APC_LEVEL, or DISPATCH_LEVEL with a zero timeout. STATUS_SUCCESS or STATUS_TIMEOUT.
NTAPI NtStatus KeWaitForSingleObject(void* object, Ulong reason, Ulong mode, Boolean alertable,
                                     const std::int64_t* timeout);
// wait_type 0: all (consumes all or none), 1: any (returns the lowest satisfied index). At most 64 objects; more than
// three need a wait block array on Windows, and here too.
NTAPI NtStatus KeWaitForMultipleObjects(Ulong count, void* objects[], Ulong wait_type, Ulong reason, Ulong mode,
                                        Boolean alertable, const std::int64_t* timeout, void* wait_blocks);
NTAPI NtStatus KeDelayExecutionThread(Ulong mode, Boolean alertable, const std::int64_t* interval);

// Makes an object signalled, as a process or a thread is when it ends, and releases its waiters.
void signal_dispatcher_object(DispatcherHeader* header);
void initialize_dispatcher_header(DispatcherHeader* header, DispatcherType type, std::size_t size, Long state);

}  // namespace wdscope::host
