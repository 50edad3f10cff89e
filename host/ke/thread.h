// SPDX-License-Identifier: MIT
// The current NT thread: every Linux thread that runs driver code has one. IRQL, critical regions and the process in
// whose context the thread runs are kept here, and checked here: stricter than NT, which only asks its verifier.
#pragma once

#include <cstdint>

#include "host/nt/base.h"
#include "host/nt/ke.h"
#include "host/verifier/lock_order.h"

namespace wdscope::host {

struct Process;  // host/ps/process.h: the EPROCESS

struct Thread {                         // the ETHREAD; drivers see only its address
  alignas(16) DispatcherHeader header;  // type 6: waitable, signalled at exit
  std::uint64_t thread_id;              // shares the number space of process ids
  Process* process;                     // the current process; never null
  Irql irql;
  std::int16_t kernel_apc_disable;   // KeEnterCriticalRegion makes it negative
  std::int16_t special_apc_disable;  // KeEnterGuardedRegion
  bool system_thread;                // made by PsCreateSystemThread
  void* stack_low;                   // IoGetStackLimits: lowest address
  void* stack_high;                  // one past the highest
};

// The calling thread's NT thread, or null if it has none yet. Set by thread.cpp alone.
extern constinit thread_local Thread* this_thread;
NTAPI_ASIDE Thread& adopt_linux_thread() noexcept;

// The calling thread's NT thread; made on first use, in the System process, at PASSIVE_LEVEL.
inline Thread& current_thread() {
  if (Thread* const thread = this_thread) [[likely]] {
    return *thread;
  }
  return adopt_linux_thread();
}

// The process that threads are born into. Called when a machine boots; moves every thread that exists into it.
void set_system_process(Process* process);

// Changes the current process for a scope (the executive acts on behalf of a creator, or of a dying process).
class ProcessContext {
 public:
  explicit ProcessContext(Process* process);
  ~ProcessContext();
  ProcessContext(const ProcessContext&) = delete;
  ProcessContext& operator=(const ProcessContext&) = delete;

 private:
  Process* previous_;
};

[[noreturn]] NTAPI_ASIDE void irql_too_high(Irql current, Irql highest, const char* routine) noexcept;

// Bug-checks (0xA, naming `routine`) when the current IRQL is above `highest`.
inline void require_irql_at_most(const Thread& thread, Irql highest, const char* routine) {
  if (thread.irql > highest) [[unlikely]] {
    irql_too_high(thread.irql, highest, routine);
  }
}
inline void require_irql_at_most(Irql highest, const char* routine) {
  require_irql_at_most(current_thread(), highest, routine);
}
[[noreturn]] NTAPI_ASIDE void apcs_enabled(const char* routine) noexcept;

inline bool apcs_are_disabled(const Thread& thread) {
  return thread.irql >= kApcLevel || thread.kernel_apc_disable != 0 || thread.special_apc_disable != 0 ||
         thread.system_thread;
}
// Bug-checks (0xC4) when normal kernel APCs are enabled: no critical region, IRQL below APC, no system thread.
inline void require_apcs_disabled(const Thread& thread, const char* routine) {
  if (!apcs_are_disabled(thread)) [[unlikely]] {
    apcs_enabled(routine);
  }
}
inline void require_apcs_disabled(const char* routine) {
  require_apcs_disabled(current_thread(), routine);
}

NTAPI Irql raise_irql(Irql to);  // returns the old one; bug-checks if `to` is lower
NTAPI void lower_irql(Irql to);  // bug-checks if `to` is higher

// What a call into a driver must leave as it found it. Make one before, check after: bug-check 1 or 0xC4.
class CallGuard {
 public:
  explicit CallGuard(const char* routine) : routine_(routine) {
    const Thread& thread = current_thread();
    irql_ = thread.irql;
    kernel_apc_disable_ = thread.kernel_apc_disable;
    special_apc_disable_ = thread.special_apc_disable;
    locks_ = held_locks().count;
  }
  void check() const {
    const Thread& thread = current_thread();
    if (thread.irql != irql_ || held_locks().count > locks_ || thread.kernel_apc_disable != kernel_apc_disable_ ||
        thread.special_apc_disable != special_apc_disable_) [[unlikely]] {
      broken(thread);
    }
  }

 private:
  [[noreturn]] NTAPI_ASIDE void broken(const Thread& thread) const;

  const char* routine_;
  Irql irql_;
  std::int16_t kernel_apc_disable_;
  std::int16_t special_apc_disable_;
  std::uint32_t locks_;
};

}  // namespace wdscope::host
