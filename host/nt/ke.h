// SPDX-License-Identifier: MIT
// The kernel's own structures at their x64 layout: dispatcher objects, DPCs, timers, spin locks.
// Source: header (mingw-w64 DDK, wdm.h), documented.
#pragma once

#include "host/nt/base.h"

namespace wdscope::host {

struct Thread;

enum class DispatcherType : std::uint8_t {
  NotificationEvent = 0,
  SynchronizationEvent = 1,
  Mutant = 2,
  Process = 3,
  Semaphore = 5,
  Thread = 6,
  NotificationTimer = 8,
  SynchronizationTimer = 9,
};

struct DispatcherHeader {  // DISPATCHER_HEADER: what every waitable object begins with
  std::uint8_t type;       // DispatcherType; bit 7 is the object's lock, as on Windows
  std::uint8_t flags1;
  std::uint8_t size;      // in ULONGs
  std::uint8_t inserted;  // timers: in the timer table
  Long signal_state;
  ListEntry wait_list_head;
};
static_assert(sizeof(DispatcherHeader) == 0x18);

struct KEvent {
  DispatcherHeader header;
};
static_assert(sizeof(KEvent) == 0x18);

struct KSemaphore {
  DispatcherHeader header;
  Long limit;
};
static_assert(sizeof(KSemaphore) == 0x20);

struct KMutant {  // KMUTEX
  DispatcherHeader header;
  ListEntry mutant_list_entry;
  Thread* owner_thread;
  Boolean abandoned;
  std::uint8_t apc_disable;
};
static_assert(sizeof(KMutant) == 0x38);

struct KDpc;
using DeferredRoutine = void NTAPI (*)(KDpc* dpc, void* context, void* argument1, void* argument2);

struct KDpc {
  std::uint8_t type;  // 0x13
  std::uint8_t importance;
  std::uint16_t number;
  ListEntry list_entry;
  DeferredRoutine deferred_routine;
  void* deferred_context;
  void* system_argument1;
  void* system_argument2;
  void* dpc_data;  // not null while queued
};
static_assert(sizeof(KDpc) == 0x40);

struct KTimer {
  DispatcherHeader header;
  std::uint64_t due_time;
  ListEntry timer_list_entry;
  KDpc* dpc;
  Ulong processor;
  Ulong period;  // milliseconds; 0: once
};
static_assert(sizeof(KTimer) == 0x40);

using KSpinLock = std::uint64_t;  // 0: free

struct KLockQueueHandle {  // KLOCK_QUEUE_HANDLE
  KLockQueueHandle* next;
  KSpinLock* lock;
  Irql old_irql;
};
static_assert(sizeof(KLockQueueHandle) == 0x18);

}  // namespace wdscope::host
