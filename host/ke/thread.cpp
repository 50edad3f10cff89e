// SPDX-License-Identifier: MIT
// A Thread outlives its Linux thread only through references to the object (PsCreateSystemThread's handle); other
// threads are freed when their Linux thread ends.
#include "host/ke/thread.h"

#include <asm/prctl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <set>

#include "host/ke/dispatcher.h"
#include "host/ke/thread_internal.h"
#include "host/verifier/bug_check.h"
#include "host/verifier/lock_order.h"
#include "host/verifier/stack.h"

namespace wdscope::host {
namespace {

// What drivers read through GS without any import.
struct alignas(4096) ProcessorRegion {
  std::byte unused_00[0x18];
  ProcessorRegion* self;  // 0x18
  void* current_prcb;     // 0x20
  std::byte unused_28[0x184 - 0x28];
  std::uint16_t number;  // 0x184
  std::byte unused_186[2];
  Thread* current_thread;  // 0x188
};
static_assert(offsetof(ProcessorRegion, self) == 0x18);
static_assert(offsetof(ProcessorRegion, number) == 0x184);
static_assert(offsetof(ProcessorRegion, current_thread) == 0x188);

struct Threads {
  std::mutex mutex;
  std::set<Thread*> all;
  Process* system_process = nullptr;
};

Threads& threads() {
  static Threads* const the_threads = new Threads;  // outlives every thread
  return *the_threads;
}

// Thread ids share the number space of process ids; those are given from outside and stay far below.
std::atomic<std::uint64_t> next_thread_id{0x4000'0000};

struct LinuxThreadState {
  Thread* thread = nullptr;
  ProcessorRegion* region = nullptr;
  void* signal_stack = nullptr;

  ~LinuxThreadState();
};

thread_local LinuxThreadState this_state;

constexpr std::size_t kSignalStackSize = 256 * 1024;

// A fault may be a stack overflow: its report needs a stack of its own. A sanitizer's runtime brings one.
void ensure_signal_stack() {
  stack_t current{};
  sigaltstack(nullptr, &current);
  if (!(current.ss_flags & SS_DISABLE) && current.ss_size >= kSignalStackSize) return;
  this_state.signal_stack = std::malloc(kSignalStackSize);
  stack_t wanted{};
  wanted.ss_sp = this_state.signal_stack;
  wanted.ss_size = kSignalStackSize;
  sigaltstack(&wanted, nullptr);
}

void find_stack_limits(Thread& thread) {
  pthread_attr_t attributes;
  void* low = nullptr;
  std::size_t size = 0;
  if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
    pthread_attr_getstack(&attributes, &low, &size);
    pthread_attr_destroy(&attributes);
  }
  thread.stack_low = low;
  thread.stack_high = static_cast<std::byte*>(low) + size;
}

LinuxThreadState::~LinuxThreadState() {
  if (Thread* ending = thread) {
    end_thread(ending);
    this_thread = nullptr;
    thread = nullptr;
  }
  syscall(SYS_arch_prctl, ARCH_SET_GS, 0);
  std::free(region);
  if (signal_stack) {
    stack_t off{};
    off.ss_flags = SS_DISABLE;
    sigaltstack(&off, nullptr);
    std::free(signal_stack);
  }
}

}  // namespace

Thread* make_thread() {
  auto* thread = static_cast<Thread*>(allocate_thread_object());
  std::memset(static_cast<void*>(thread), 0, sizeof(Thread));
  initialize_dispatcher_header(&thread->header, DispatcherType::Thread, sizeof(Thread), 0);
  thread->thread_id = next_thread_id.fetch_add(4);
  Threads& t = threads();
  std::lock_guard hold(t.mutex);
  thread->process = t.system_process;
  t.all.insert(thread);
  return thread;
}

void adopt_thread(Thread* thread) {
  find_stack_limits(*thread);
  ensure_signal_stack();
  void* region = nullptr;
  if (posix_memalign(&region, alignof(ProcessorRegion), sizeof(ProcessorRegion)) != 0) std::abort();
  std::memset(region, 0, sizeof(ProcessorRegion));
  this_state.region = static_cast<ProcessorRegion*>(region);
  this_state.region->self = this_state.region;
  this_state.region->current_prcb = static_cast<std::byte*>(region) + 0x180;
  this_state.region->current_thread = thread;
  syscall(SYS_arch_prctl, ARCH_SET_GS, region);
  this_state.thread = thread;
  this_thread = thread;
}

void end_thread(Thread* thread) {
  {
    Threads& t = threads();
    std::lock_guard hold(t.mutex);
    t.all.erase(thread);
  }
  signal_dispatcher_object(&thread->header);
  release_thread_object(thread);
}

void set_system_process(Process* process) {
  Threads& t = threads();
  std::lock_guard hold(t.mutex);
  t.system_process = process;
  for (Thread* thread : t.all) thread->process = process;
}

constinit thread_local Thread* this_thread = nullptr;

NTAPI_ASIDE Thread& adopt_linux_thread() noexcept {
  adopt_thread(make_thread());
  return *this_thread;
}

Thread* current_thread_or_null() {
  return this_thread;
}

ProcessContext::ProcessContext(Process* process) : previous_(current_thread().process) {
  current_thread().process = process;
}

ProcessContext::~ProcessContext() {
  current_thread().process = previous_;
}

[[noreturn]] NTAPI_ASIDE void irql_too_high(Irql current, Irql highest, const char* routine) noexcept {
  bug_check(kIrqlNotLessOrEqual, {0, current, 0, 0},
            std::string(routine) + " was called at IRQL " + std::to_string(current) + "; it needs IRQL " +
                std::to_string(highest) + " or lower" +
                (held_locks().count ? ". Held: " + describe_held_locks() : std::string()));
}

[[noreturn]] NTAPI_ASIDE void apcs_enabled(const char* routine) noexcept {
  bug_check(kDriverVerifierDetectedViolation, {0x37, 0, 0, 0},
            std::string(routine) +
                " was called with normal kernel APCs enabled; enter a critical region (KeEnterCriticalRegion) first");
}

[[noreturn]] static NTAPI_ASIDE void wrong_way(std::uint64_t rule, const char* doing, Irql old, Irql to) {
  bug_check(kDriverVerifierDetectedViolation, {rule, old, to, 0},
            std::string(doing) + " IRQL from " + std::to_string(old) + " to " + std::to_string(to));
}

NTAPI Irql raise_irql(Irql to) {
  Thread& thread = current_thread();
  const Irql old = thread.irql;
  if (to < old || to > kHighLevel) [[unlikely]] {
    wrong_way(0x30, "raising", old, to);
  }
  thread.irql = to;
  return old;
}

NTAPI void lower_irql(Irql to) {
  Thread& thread = current_thread();
  if (to > thread.irql) [[unlikely]] {
    wrong_way(0x31, "lowering", thread.irql, to);
  }
  thread.irql = to;
}

[[noreturn]] NTAPI_ASIDE void CallGuard::broken(const Thread& thread) const {
  if (thread.irql != irql_) {
    bug_check(kIrqlNotLessOrEqual, {0, thread.irql, irql_, 0},
              std::string(routine_) + " was entered at IRQL " + std::to_string(irql_) + " and returned at IRQL " +
                  std::to_string(thread.irql));
  }
  if (held_locks().count > locks_) {
    bug_check(kDriverVerifierDetectedViolation, {0x1003, held_locks().count, locks_, 0},
              std::string(routine_) + " returned holding locks: " + describe_held_locks());
  }
  bug_check(kApcIndexMismatch,
            {0, static_cast<std::uint64_t>(thread.special_apc_disable),
             static_cast<std::uint64_t>(thread.kernel_apc_disable), 0},
            std::string(routine_) + " left a critical or guarded region unbalanced: kernel APC count went from " +
                std::to_string(kernel_apc_disable_) + " to " + std::to_string(thread.kernel_apc_disable) +
                ", special from " + std::to_string(special_apc_disable_) + " to " +
                std::to_string(thread.special_apc_disable));
}

}  // namespace wdscope::host
