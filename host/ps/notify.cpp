// SPDX-License-Identifier: MIT
//
// Invariants. The slots are guarded by one lock, held only to look; that a slot is empty is seen without it. A call in
// progress holds its block by `running`; a remover first takes the block out of its slot, so that no new call can
// begin, then marks it as leaving and waits until nobody runs it, then frees it. Nothing is locked while a routine
// runs.
#include "host/ps/notify.h"

#include <algorithm>
#include <atomic>

#include <fmt/format.h>

#include "host/ex/pool.h"
#include "host/image/loaded_image.h"
#include "host/io/file.h"
#include "host/ke/raw_lock.h"
#include "host/ke/thread.h"
#include "host/nt/pool_tag.h"
#include "host/ps/process.h"
#include "host/verifier/bug_check.h"
#include "host/verifier/fault_plan.h"

namespace wdscope::host {
namespace {

enum class Kind : std::uint8_t { Plain, Ex, Ex2 };

constexpr std::size_t kSlots = 64;
constexpr Ulong kBlockTag = pool_tag("Cbrb");
constexpr std::uint16_t kForceIntegrity = 0x80;

struct Block {
  void* routine;
  Kind kind;
  std::uint32_t running;  // calls in progress, and kLeaving: a futex for the remover
};
constexpr std::uint32_t kLeaving = 0x80000000;

std::uint32_t slots_lock = 0;
using SlotsLock = WordLock<std::uint32_t>;
std::atomic<Block*> slots[kSlots];
std::atomic<std::size_t> slots_end{0};  // behind the last that was ever in use
DuplicateRoutines duplicate_policy = DuplicateRoutines::Refuse;

// The routines that this thread is inside of, innermost first: removing one of them would wait for itself.
struct Call {
  const Block* block;
  const Call* outer;
};
thread_local const Call* innermost_call = nullptr;

const char* name_of(Kind kind) {
  switch (kind) {
    case Kind::Plain:
      return "PsSetCreateProcessNotifyRoutine";
    case Kind::Ex:
      return "PsSetCreateProcessNotifyRoutineEx";
    case Kind::Ex2:
      return "PsSetCreateProcessNotifyRoutineEx2";
  }
  __builtin_unreachable();
}

std::string describe(const void* address) {
  const LoadedImage* image = image_containing(address);
  return image ? image->describe(address, LoadedImage::CodeAddress::Exact) : fmt::format("{}", address);
}

NtStatus add(void* routine, Kind kind) {
  if (kind != Kind::Plain) {
    const LoadedImage* image = image_containing(routine);
    if (image && !(image->dll_characteristics() & kForceIntegrity)) return kStatusAccessDenied;
  }
  auto* block = static_cast<Block*>(pool_allocate_for_host(sizeof(Block), kBlockTag));
  if (!block) return kStatusInsufficientResources;
  *block = {routine, kind, 0};
  {
    SlotsLock lock(slots_lock);
    std::atomic<Block*>* free_slot = nullptr;
    bool duplicate = false;
    for (std::atomic<Block*>& slot : slots) {
      const Block* const there = slot;
      if (!there && !free_slot) free_slot = &slot;
      duplicate |= there && there->routine == routine;
    }
    if (free_slot && !(duplicate && duplicate_policy == DuplicateRoutines::Refuse)) {
      *free_slot = block;
      slots_end = std::max<std::size_t>(slots_end, static_cast<std::size_t>(free_slot - slots) + 1);
      return kStatusSuccess;
    }
  }
  pool_free_for_host(block);
  return kStatusInvalidParameter;
}

NtStatus remove(void* routine, Kind kind) {
  Block* block = nullptr;
  {
    SlotsLock lock(slots_lock);
    for (Block* const there : slots)
      if (there && there->routine == routine && there->kind == kind) {
        block = there;
        break;
      }
    if (!block) return kStatusProcedureNotFound;
    for (const Call* call = innermost_call; call; call = call->outer)
      if (call->block == block)
        bug_check(kDriverVerifierDetectedViolation, {0, reinterpret_cast<std::uint64_t>(routine), 0, 0},
                  fmt::format("{}: the routine {} removes itself. Removal waits until the routine is not running, so "
                              "this thread would wait for itself for ever.",
                              name_of(kind), describe(routine)));
    for (std::atomic<Block*>& slot : slots)
      if (slot == block) slot = nullptr;
  }
  std::atomic_ref running(block->running);
  running.fetch_or(kLeaving);
  for (std::uint32_t now = running.load(std::memory_order_acquire); now != kLeaving;
       now = running.load(std::memory_order_acquire))
    futex_wait(&block->running, now, -1);
  pool_free_for_host(block);
  return kStatusSuccess;
}

NtStatus change(void* routine, Kind kind, Boolean remove_it, void* caller) {
  require_irql_at_most(kPassiveLevel, name_of(kind));
  // Only adding can fail for want of memory; a removal of what is there never does.
  if (!remove_it && fault_plan_says_fail(name_of(kind), caller)) return kStatusInsufficientResources;
  return remove_it ? remove(routine, kind) : add(routine, kind);
}

Block* begin_call(std::size_t slot) {
  if (!slots[slot].load(std::memory_order_relaxed)) return nullptr;
  SlotsLock lock(slots_lock);
  Block* block = slots[slot].load(std::memory_order_relaxed);
  if (block) std::atomic_ref(block->running).fetch_add(1, std::memory_order_relaxed);
  return block;
}

void end_call(Block* block) {
  // The remover may free the block as soon as nobody runs it: a wake of an address that is gone is harmless.
  const std::uint32_t before = std::atomic_ref(block->running).fetch_sub(1, std::memory_order_release);
  if (before == (kLeaving | 1)) futex_wake(&block->running, 1);
}

// Calls `call(block)` for each routine in slot order, as the kernel calls a driver: PASSIVE_LEVEL, normal APCs off.
template <class CallRoutine>
void call_all(CallRoutine call_routine) {
  Thread& thread = current_thread();
  require_irql_at_most(kPassiveLevel, "process notification");
  --thread.kernel_apc_disable;
  for (std::size_t slot = 0; slot < slots_end; ++slot) {
    Block* block = begin_call(slot);
    if (!block) continue;
    const Call call{block, innermost_call};
    innermost_call = &call;
    const CallGuard guard("process-notify routine");
    call_routine(*block);
    guard.check();
    innermost_call = call.outer;
    end_call(block);
  }
  ++thread.kernel_apc_disable;
}

}  // namespace

void start_notify(DuplicateRoutines duplicates) {
  SlotsLock lock(slots_lock);
  duplicate_policy = duplicates;
}

NtStatus notify_process_created(Process& process) {
  const Thread& thread = current_thread();
  CreateNotifyInfo info{};
  info.size = sizeof info;
  info.flags = (process.file_open_name_available ? kFileOpenNameAvailable : 0) |
               (process.subsystem_process ? kIsSubsystemProcess : 0);
  info.parent_process_id = process.parent_process_id;
  info.creating_thread = {thread.process->process_id, thread.thread_id};
  info.file_object = process.image_file;
  const ImageFile* const opened = process.image_file ? image_of(process.image_file) : nullptr;
  const UnicodeString& name = opened && opened->opened_as.buffer ? opened->opened_as : process.image;
  info.image_file_name = name.buffer ? &name : nullptr;
  info.command_line = process.command_line.buffer && process.command_line.length ? &process.command_line : nullptr;
  call_all([&](const Block& block) {
    if (process.subsystem_process && block.kind != Kind::Ex2) return;
    if (block.kind == Kind::Plain)
      reinterpret_cast<CreateProcessNotifyRoutine>(block.routine)(process.parent_process_id, process.process_id, 1);
    else
      reinterpret_cast<CreateProcessNotifyRoutineEx>(block.routine)(&process, process.process_id, &info);
  });
  return info.creation_status;
}

void notify_process_exited(Process& process) {
  call_all([&](const Block& block) {
    if (process.subsystem_process && block.kind != Kind::Ex2) return;
    if (block.kind == Kind::Plain)
      reinterpret_cast<CreateProcessNotifyRoutine>(block.routine)(process.parent_process_id, process.process_id, 0);
    else
      reinterpret_cast<CreateProcessNotifyRoutineEx>(block.routine)(&process, process.process_id, nullptr);
  });
}

std::vector<std::string> notify_routines_left_by(const LoadedImage& image) {
  SlotsLock lock(slots_lock);
  std::vector<std::string> left;
  for (const Block* block : slots)
    if (block && image.contains(block->routine))
      left.push_back(
          fmt::format("the process-notify routine {} ({})", image.describe(block->routine), name_of(block->kind)));
  return left;
}

void forget_notify_routines() {
  SlotsLock lock(slots_lock);
  for (std::atomic<Block*>& slot : slots) {
    if (Block* const block = slot.exchange(nullptr)) pool_free_for_host(block);
  }
}

NtStatus NTAPI PsSetCreateProcessNotifyRoutine(void* routine, Boolean remove_it) {
  return change(routine, Kind::Plain, remove_it, __builtin_return_address(0));
}

NtStatus NTAPI PsSetCreateProcessNotifyRoutineEx(void* routine, Boolean remove_it) {
  return change(routine, Kind::Ex, remove_it, __builtin_return_address(0));
}

NtStatus NTAPI PsSetCreateProcessNotifyRoutineEx2(Ulong type, void* information, Boolean remove_it) {
  if (type != 0) return kStatusInvalidParameter;  // PsCreateProcessNotifySubsystems is the only kind there is
  return change(information, Kind::Ex2, remove_it, __builtin_return_address(0));
}

}  // namespace wdscope::host
