// SPDX-License-Identifier: MIT
//
// Invariants. One worker runs the items in the order of queueing. An item is marked idle before its routine is called,
// so that the routine may free or queue it again, as on Windows.
#include "host/io/work_item.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "host/ex/pool.h"
#include "host/image/loaded_image.h"
#include "host/ke/thread.h"
#include "host/nt/pool_tag.h"
#include "host/ob/object.h"
#include "host/verifier/bug_check.h"
#include "host/verifier/fault_plan.h"

namespace wdscope::host {

struct IoWorkItem {
  DeviceObject* device;
  WorkItemRoutine routine;
  void* context;
  const LoadedImage* owner;
  bool queued;
};

namespace {

constexpr Ulong kWorkItemTag = pool_tag("IoIt");
constexpr Ulong kWorkerInvalid = 0xE4;  // WORKER_INVALID

std::mutex queue_lock;
std::condition_variable queue_changed;
std::condition_variable item_done;
std::deque<IoWorkItem*> queue;
std::vector<IoWorkItem*> all_items;
std::thread worker;
const LoadedImage* running_for = nullptr;  // whose routine the worker is inside of
bool stopping = false;

void work() {
  std::unique_lock lock(queue_lock);
  for (;;) {
    queue_changed.wait(lock, [] { return stopping || !queue.empty(); });
    if (queue.empty()) return;
    IoWorkItem* item = queue.front();
    queue.pop_front();
    item->queued = false;
    const IoWorkItem call = *item;
    running_for = call.owner;
    lock.unlock();
    {
      const CallGuard guard("work item routine");
      call.routine(call.device, call.context);
      guard.check();
    }
    dereference_object(call.device);
    lock.lock();
    running_for = nullptr;
    item_done.notify_all();
  }
}

}  // namespace

IoWorkItem* NTAPI IoAllocateWorkItem(DeviceObject* device) {
  require_irql_at_most(kDispatchLevel, "IoAllocateWorkItem");
  if (fault_plan_says_fail("IoAllocateWorkItem", __builtin_return_address(0))) return nullptr;
  auto* item = static_cast<IoWorkItem*>(pool_allocate_for_host(sizeof(IoWorkItem), kWorkItemTag));
  if (!item) return nullptr;
  *item = {device, nullptr, nullptr, image_containing(__builtin_return_address(0)), false};
  std::scoped_lock lock(queue_lock);
  all_items.push_back(item);
  return item;
}

void NTAPI IoQueueWorkItem(IoWorkItem* item, WorkItemRoutine routine, Ulong, void* context) {
  require_irql_at_most(kDispatchLevel, "IoQueueWorkItem");
  std::scoped_lock lock(queue_lock);
  if (item->queued)
    bug_check(kWorkerInvalid, {1, reinterpret_cast<std::uint64_t>(item), 0, 0},
              "IoQueueWorkItem: the work item is already queued.");
  reference_object(item->device);
  item->routine = routine;
  item->context = context;
  item->queued = true;
  queue.push_back(item);
  if (!worker.joinable()) worker = std::thread(work);
  queue_changed.notify_one();
}

void NTAPI IoFreeWorkItem(IoWorkItem* item) {
  require_irql_at_most(kDispatchLevel, "IoFreeWorkItem");
  {
    std::scoped_lock lock(queue_lock);
    if (item->queued)
      bug_check(kWorkerInvalid, {0, reinterpret_cast<std::uint64_t>(item), 0, 0},
                "IoFreeWorkItem: the work item is still queued.");
    std::erase(all_items, item);
  }
  pool_free_for_host(item);
}

void run_down_work_items(const LoadedImage& image) {
  std::unique_lock lock(queue_lock);
  item_done.wait(lock, [&] {
    return running_for != &image &&
           std::none_of(queue.begin(), queue.end(), [&](const IoWorkItem* item) { return item->owner == &image; });
  });
}

std::vector<std::string> work_items_left_by(const LoadedImage& image) {
  std::scoped_lock lock(queue_lock);
  std::vector<std::string> left;
  for (const IoWorkItem* item : all_items)
    if (item->owner == &image) left.push_back("a work item that was not freed");
  if (running_for == &image) left.push_back("a work item routine that is still running");
  return left;
}

void shut_down_work_items() {
  {
    std::scoped_lock lock(queue_lock);
    if (!worker.joinable()) return;
    stopping = true;
    queue_changed.notify_all();
  }
  worker.join();
  std::scoped_lock lock(queue_lock);
  stopping = false;
  for (IoWorkItem* item : all_items) pool_free_for_host(item);
  all_items.clear();
}

}  // namespace wdscope::host
