// SPDX-License-Identifier: MIT
#include "host/ke/system_thread.h"

#include <pthread.h>
#include <setjmp.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <set>

#include "host/image/loaded_image.h"
#include "host/ke/thread_internal.h"
#include "host/nt/ob.h"
#include "host/nt/ps.h"
#include "host/ob/handle.h"
#include "host/verifier/bug_check.h"
#include "host/verifier/fault_plan.h"
#include "host/verifier/stack.h"

namespace wdscope::host {
namespace {

struct Launch {
  Thread* thread;
  ThreadStart start;
  void* context;
};

struct Running {
  std::mutex mutex;
  std::set<const Launch*> all;
};

Running& running() {
  static auto* const the_running = new Running;
  return *the_running;
}

// Where PsTerminateSystemThread goes: jumping over driver frames is sound, they have no destructors to run.
thread_local jmp_buf* thread_end = nullptr;

void check_end(const Thread& thread) {
  if (thread.irql != kPassiveLevel || thread.kernel_apc_disable != 0 || thread.special_apc_disable != 0) {
    bug_check(kIrqlNotLessOrEqual, {0, thread.irql, 0, 0},
              "a system thread ended at IRQL " + std::to_string(thread.irql) + " with kernel APC count " +
                  std::to_string(thread.kernel_apc_disable));
  }
}

void* run_system_thread(void* argument) {
  const std::unique_ptr<Launch> launch(static_cast<Launch*>(argument));
  adopt_thread(launch->thread);
  jmp_buf end;
  thread_end = &end;
  const CallGuard guard("a system thread's start routine");
  if (_setjmp(end) == 0) launch->start(launch->context);
  guard.check();
  check_end(*launch->thread);
  Running& r = running();
  std::lock_guard hold(r.mutex);
  r.all.erase(launch.get());
  return nullptr;
}

}  // namespace

NTAPI NtStatus PsCreateSystemThread(Handle* handle, Ulong access, ObjectAttributes*, Handle process, void* client_id,
                                    ThreadStart start, void* context) {
  void* const caller = __builtin_return_address(0);
  require_irql_at_most(kPassiveLevel, "PsCreateSystemThread");
  if (process != 0) return kStatusNotSupported;
  if (fault_plan_active() && fault_plan_says_fail("PsCreateSystemThread", caller)) return kStatusInsufficientResources;
  Thread* const thread = make_thread();
  thread->system_thread = true;
  auto launch = std::make_unique<Launch>(Launch{thread, start, context});
  Running& r = running();
  Handle opened = 0;
  if (const NtStatus status = open_handle(thread, access, caller, &opened); !nt_success(status)) {
    end_thread(thread);
    return status;
  }
  const std::uint64_t thread_id = thread->thread_id;
  {
    std::lock_guard hold(r.mutex);
    r.all.insert(launch.get());
  }
  pthread_attr_t detached;
  pthread_attr_init(&detached);
  pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
  pthread_t linux_thread;
  const int error = pthread_create(&linux_thread, &detached, run_system_thread, launch.get());
  pthread_attr_destroy(&detached);
  if (error != 0) {
    {
      std::lock_guard hold(r.mutex);
      r.all.erase(launch.get());
    }
    close_handle(opened);
    end_thread(thread);
    return kStatusInsufficientResources;
  }
  static_cast<void>(launch.release());  // the thread's own now
  *handle = opened;
  if (client_id) *static_cast<ClientId*>(client_id) = {4, thread_id};
  return kStatusSuccess;
}

NTAPI NtStatus PsTerminateSystemThread(NtStatus) {
  require_irql_at_most(kPassiveLevel, "PsTerminateSystemThread");
  if (!thread_end) return kStatusInvalidParameter;
  _longjmp(*thread_end, 1);
}

std::vector<std::string> system_threads_of(const LoadedImage& image) {
  Running& r = running();
  std::lock_guard hold(r.mutex);
  std::vector<std::string> found;
  for (const Launch* launch : r.all) {
    const auto* start = reinterpret_cast<const void*>(launch->start);
    if (image.contains(start)) {
      found.push_back("thread " + hex(launch->thread->thread_id) + " (" + describe_address(start) + ")");
    }
  }
  return found;
}

}  // namespace wdscope::host
