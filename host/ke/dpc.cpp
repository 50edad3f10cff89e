// SPDX-License-Identifier: MIT
// Invariants: a KDPC is in the queue exactly while its dpc_data is not null; both change under the queue's mutex.
// A KTIMER is in the table exactly while header.inserted is 1; both change under the table's mutex. A timer that
// expires leaves the table before it is signalled, so its memory may go as soon as a cancel has returned.
#include "host/ke/dpc.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "host/image/loaded_image.h"
#include "host/ke/dispatcher.h"
#include "host/ke/thread.h"
#include "host/ke/time.h"
#include "host/verifier/bug_check.h"
#include "host/verifier/stack.h"

namespace wdscope::host {
namespace {

constexpr std::uint8_t kDpcObject = 0x13;

struct DpcQueue {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<KDpc*> queue;
  bool running = false;  // one has left the queue and has not returned
  bool started = false;
};

DpcQueue& dpcs() {
  static auto* const the_queue = new DpcQueue;  // its thread runs until the process ends
  return *the_queue;
}

void run_dpcs() {
  DpcQueue& q = dpcs();
  current_thread();
  for (std::unique_lock hold(q.mutex);;) {
    q.changed.wait(hold, [&] { return !q.queue.empty(); });
    KDpc* const dpc = q.queue.front();
    q.queue.pop_front();
    const KDpc call = *dpc;
    dpc->dpc_data = nullptr;  // from here on it may be queued again, or freed
    q.running = true;
    hold.unlock();
    raise_irql(kDispatchLevel);
    const CallGuard guard("a DPC routine");
    call.deferred_routine(dpc, call.deferred_context, call.system_argument1, call.system_argument2);
    guard.check();
    lower_irql(kPassiveLevel);
    hold.lock();
    q.running = false;
    q.changed.notify_all();
  }
}

struct TimerTable {
  std::mutex mutex;
  std::condition_variable changed;
  std::multimap<std::int64_t, KTimer*> by_deadline;  // CLOCK_MONOTONIC, ns
  bool started = false;
};

TimerTable& timers() {
  static auto* const the_table = new TimerTable;
  return *the_table;
}

// Table mutex held.
bool take_out(TimerTable& table, KTimer* timer) {
  if (!timer->header.inserted) return false;
  for (auto at = table.by_deadline.begin(); at != table.by_deadline.end(); ++at) {
    if (at->second != timer) continue;
    table.by_deadline.erase(at);
    timer->header.inserted = 0;
    return true;
  }
  return false;
}

// Table mutex held.
void put_in(TimerTable& table, KTimer* timer, std::int64_t deadline_ns) {
  timer->due_time = static_cast<std::uint64_t>(deadline_ns) / 100;
  timer->header.inserted = 1;
  table.by_deadline.emplace(deadline_ns, timer);
}

void run_timers() {
  TimerTable& table = timers();
  current_thread();
  for (std::unique_lock hold(table.mutex);;) {
    if (table.by_deadline.empty()) {
      table.changed.wait(hold);
      continue;
    }
    const auto [deadline, timer] = *table.by_deadline.begin();
    const std::int64_t now = monotonic_ns();
    if (now < deadline) {
      table.changed.wait_for(hold, std::chrono::nanoseconds(deadline - now));
      continue;
    }
    take_out(table, timer);
    KDpc* const dpc = timer->dpc;
    if (timer->period != 0) put_in(table, timer, deadline + std::int64_t{timer->period} * 1'000'000);
    // Signalled and queued inside the table's lock: who cancels waits here, and may then free the timer.
    signal_dispatcher_object(&timer->header);
    if (dpc) KeInsertQueueDpc(dpc, nullptr, nullptr);
  }
}

bool is_of(const LoadedImage& image, const void* address) {
  return address && image.contains(address);
}

}  // namespace

NTAPI void KeInitializeDpc(KDpc* dpc, DeferredRoutine routine, void* context) {
  *dpc = {};
  dpc->type = kDpcObject;
  dpc->importance = 1;
  dpc->deferred_routine = routine;
  dpc->deferred_context = context;
}

NTAPI Boolean KeInsertQueueDpc(KDpc* dpc, void* argument1, void* argument2) {
  DpcQueue& q = dpcs();
  std::lock_guard hold(q.mutex);
  if (!q.started) {
    q.started = true;
    std::thread(run_dpcs).detach();
  }
  if (dpc->dpc_data) return 0;
  dpc->system_argument1 = argument1;
  dpc->system_argument2 = argument2;
  dpc->dpc_data = &q;
  q.queue.push_back(dpc);
  q.changed.notify_all();
  return 1;
}

NTAPI Boolean KeRemoveQueueDpc(KDpc* dpc) {
  DpcQueue& q = dpcs();
  std::lock_guard hold(q.mutex);
  if (!dpc->dpc_data) return 0;
  dpc->dpc_data = nullptr;
  std::erase(q.queue, dpc);
  q.changed.notify_all();
  return 1;
}

NTAPI void KeFlushQueuedDpcs() {
  require_irql_at_most(kPassiveLevel, "KeFlushQueuedDpcs");
  DpcQueue& q = dpcs();
  std::unique_lock hold(q.mutex);
  q.changed.wait(hold, [&] { return q.queue.empty() && !q.running; });
}

NTAPI void KeSetImportanceDpc(KDpc* dpc, Ulong importance) {
  dpc->importance = static_cast<std::uint8_t>(importance);
}

NTAPI void KeSetTargetProcessorDpc(KDpc* dpc, std::int8_t number) {
  dpc->number = static_cast<std::uint8_t>(number);
}

NTAPI void KeInitializeTimerEx(KTimer* timer, Ulong type) {
  *timer = {};
  initialize_dispatcher_header(&timer->header,
                               type == 0 ? DispatcherType::NotificationTimer : DispatcherType::SynchronizationTimer,
                               sizeof(KTimer), 0);
}

NTAPI void KeInitializeTimer(KTimer* timer) {
  KeInitializeTimerEx(timer, 0);
}

NTAPI Boolean KeSetTimerEx(KTimer* timer, std::int64_t due_time, Long period_ms, KDpc* dpc) {
  require_irql_at_most(kDispatchLevel, "KeSetTimerEx");
  TimerTable& table = timers();
  std::lock_guard hold(table.mutex);
  if (!table.started) {
    table.started = true;
    std::thread(run_timers).detach();
  }
  const bool was_set = take_out(table, timer);
  std::atomic_ref(timer->header.signal_state).store(0);
  timer->dpc = dpc;
  timer->period = static_cast<Ulong>(period_ms);
  put_in(table, timer, deadline_of_timeout(due_time));
  table.changed.notify_all();
  return was_set;
}

NTAPI Boolean KeSetTimer(KTimer* timer, std::int64_t due_time, KDpc* dpc) {
  return KeSetTimerEx(timer, due_time, 0, dpc);
}

NTAPI Boolean KeSetCoalescableTimer(KTimer* timer, std::int64_t due_time, Ulong period_ms, Ulong, KDpc* dpc) {
  return KeSetTimerEx(timer, due_time, static_cast<Long>(period_ms), dpc);
}

NTAPI Boolean KeCancelTimer(KTimer* timer) {
  require_irql_at_most(kDispatchLevel, "KeCancelTimer");
  TimerTable& table = timers();
  std::lock_guard hold(table.mutex);
  return take_out(table, timer);
}

NTAPI Boolean KeReadStateTimer(KTimer* timer) {
  return std::atomic_ref(timer->header.signal_state).load(std::memory_order_acquire) != 0;
}

std::vector<std::string> timers_and_dpcs_of(const LoadedImage& image) {
  std::vector<std::string> found;
  {
    TimerTable& table = timers();
    std::lock_guard hold(table.mutex);
    for (const auto& [deadline, timer] : table.by_deadline) {
      const void* routine = timer->dpc ? reinterpret_cast<const void*>(timer->dpc->deferred_routine) : nullptr;
      if (is_of(image, timer) || is_of(image, routine)) {
        found.push_back("timer " + hex(timer) + (routine ? " for " + describe_address(routine) : ""));
      }
    }
  }
  DpcQueue& q = dpcs();
  std::lock_guard hold(q.mutex);
  for (const KDpc* dpc : q.queue) {
    const auto* routine = reinterpret_cast<const void*>(dpc->deferred_routine);
    if (is_of(image, dpc) || is_of(image, routine)) found.push_back("queued DPC of " + describe_address(routine));
  }
  return found;
}

}  // namespace wdscope::host
