// SPDX-License-Identifier: MIT
#include "observer/waiting_reads.h"

#include <algorithm>
#include <utility>

#include "kit/device.h"
#include "kit/irql.h"
#include "kit/locks.h"
#include "observer/clock.h"

namespace wdscope::observer {
namespace {

constexpr std::uint64_t kForever = ~std::uint64_t{0};
constexpr std::uint32_t kNoTimeout = 0xFFFFFFFF;

// What a waiting IRP carries in the words that the queue leaves to us.
struct Wait {
  std::uint64_t deadline_100ns;  // interrupt time
  std::uint32_t minimum_records;
  void* output;
};

void put_wait(PIRP irp, const Wait& wait) {
  irp->Tail.Overlay.DriverContext[0] = reinterpret_cast<PVOID>(wait.deadline_100ns);
  irp->Tail.Overlay.DriverContext[1] = reinterpret_cast<PVOID>(std::uint64_t{wait.minimum_records});
  irp->Tail.Overlay.DriverContext[2] = wait.output;
}

Wait wait_of(PIRP irp) {
  return {reinterpret_cast<std::uint64_t>(irp->Tail.Overlay.DriverContext[0]),
          static_cast<std::uint32_t>(reinterpret_cast<std::uint64_t>(irp->Tail.Overlay.DriverContext[1])),
          irp->Tail.Overlay.DriverContext[2]};
}

PFILE_OBJECT file_of(PIRP irp) {
  return IoGetCurrentIrpStackLocation(irp)->FileObject;
}

// Alive while the IRP is: an uncompleted IRP keeps its file object from closing.
Reader& reader_of(PIRP irp) {
  return *static_cast<Reader*>(file_of(irp)->FsContext);
}

PIRP irp_of(PLIST_ENTRY link) {
  return CONTAINING_RECORD(link, IRP, Tail.Overlay.ListEntry);
}

using kit::complete;

std::uint64_t deadline_after(std::uint32_t timeout_ms) {
  return timeout_ms == kNoTimeout ? kForever : interrupt_time_100ns() + milliseconds_to_100ns(timeout_ms);
}

}  // namespace

// Which of the waiting reads is meant.
struct WaitingReads::Peek {
  enum class Kind { Ready, OfFile, Any } kind;
  std::uint64_t now_100ns = 0;  // Ready: also those whose time is over
  PFILE_OBJECT file = nullptr;  // OfFile

  bool matches(PIRP irp) const {
    if (kind == Kind::Any) return true;
    if (kind == Kind::OfFile) return file_of(irp) == file;
    const Wait wait = wait_of(irp);
    return now_100ns >= wait.deadline_100ns || reader_of(irp).has(wait.minimum_records);
  }
};

WaitingReads::WaitingReads(kit::EventRing& ring) : ring_(ring), armed_(kit::EventRing::kNever) {
  KeInitializeSpinLock(&lock_);
  InitializeListHead(&reads_);
  KeInitializeEvent(&wake_, SynchronizationEvent, FALSE);
  KeInitializeEvent(&started_, NotificationEvent, FALSE);
}

NTSTATUS WaitingReads::start() {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  NTSTATUS status =
      IoCsqInitializeEx(&queue_, insert, remove, peek_next, acquire_lock, release_lock, complete_cancelled);
  if (!NT_SUCCESS(status)) return status;
  OBJECT_ATTRIBUTES attributes{};
  attributes.Length = sizeof(attributes);
  attributes.Attributes = OBJ_KERNEL_HANDLE;
  HANDLE handle = nullptr;
  status = PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, &attributes, nullptr, nullptr, run_thread, this);
  if (!NT_SUCCESS(status)) return status;
  ZwClose(handle);
  // The thread references itself: then nothing can fail once it runs.
  KeWaitForSingleObject(&started_, Executive, KernelMode, FALSE, nullptr);
  return STATUS_SUCCESS;
}

void WaitingReads::stop() {
  if (thread_ == nullptr) return;
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  {
    kit::SpinGuard guard(lock_);
    stopping_ = true;
  }
  KeSetEvent(&wake_, IO_NO_INCREMENT, FALSE);
  KeWaitForSingleObject(thread_, Executive, KernelMode, FALSE, nullptr);
  ObDereferenceObject(std::exchange(thread_, nullptr));
}

NTSTATUS WaitingReads::wait(PIRP irp, void* output, std::uint32_t minimum_records, std::uint32_t timeout_ms) {
  kit::expect_irql_at_most(APC_LEVEL);
  put_wait(irp, {deadline_after(timeout_ms), minimum_records, output});
  IoMarkIrpPending(irp);
  const NTSTATUS status = IoCsqInsertIrpEx(&queue_, irp, nullptr, reinterpret_cast<PVOID>(Insertion::First));
  if (!NT_SUCCESS(status)) complete(irp, status, 0);
  return STATUS_PENDING;
}

void WaitingReads::cancel(PFILE_OBJECT file) {
  Peek peek{.kind = Peek::Kind::OfFile, .file = file};
  while (PIRP irp = IoCsqRemoveNextIrp(&queue_, &peek)) complete(irp, STATUS_CANCELLED, 0);
}

// ---- the queue's own routines: under lock_, at DISPATCH_LEVEL

WaitingReads& WaitingReads::of(PIO_CSQ queue) {
  return *CONTAINING_RECORD(queue, WaitingReads, queue_);
}

NTSTATUS WaitingReads::insert(PIO_CSQ queue, PIRP irp, PVOID insertion) {
  WaitingReads& self = of(queue);
  Reader& reader = reader_of(irp);
  if (self.stopping_ || reader.closing()) return STATUS_CANCELLED;
  const auto kind = static_cast<Insertion>(reinterpret_cast<std::uintptr_t>(insertion));
  if (kind == Insertion::First && reader.waiting_count >= wire::kMaximumWaitingReads) {
    return STATUS_INVALID_DEVICE_STATE;
  }
  ++reader.waiting_count;
  // A read that was taken off too early is the oldest: it goes back to its place in front of its handle's others.
  if (kind == Insertion::First) {
    InsertTailList(&self.reads_, &irp->Tail.Overlay.ListEntry);
  } else {
    InsertHeadList(&self.reads_, &irp->Tail.Overlay.ListEntry);
  }
  const Wait wait = wait_of(irp);
  const std::uint64_t awaited = reader.awaited_head(wait.minimum_records);
  if (awaited < self.armed_) {
    self.armed_ = awaited;
    self.ring_.arm(awaited);
  }
  // Produced meanwhile, or to end before the thread would look by itself.
  if (self.ring_.head_sequence() >= awaited || wait.deadline_100ns < self.planned_end_) {
    KeSetEvent(&self.wake_, IO_NO_INCREMENT, FALSE);
  }
  return STATUS_SUCCESS;
}

VOID WaitingReads::remove(PIO_CSQ, PIRP irp) {
  --reader_of(irp).waiting_count;
  RemoveEntryList(&irp->Tail.Overlay.ListEntry);
}

PIRP WaitingReads::peek_next(PIO_CSQ queue, PIRP irp, PVOID context) {
  WaitingReads& self = of(queue);
  const auto& peek = *static_cast<const Peek*>(context);
  PLIST_ENTRY link = irp == nullptr ? self.reads_.Flink : irp->Tail.Overlay.ListEntry.Flink;
  for (; link != &self.reads_; link = link->Flink) {
    if (peek.matches(irp_of(link))) return irp_of(link);
  }
  return nullptr;
}

VOID WaitingReads::acquire_lock(PIO_CSQ queue, PKIRQL irql) {
  *irql = KeAcquireSpinLockRaiseToDpc(&of(queue).lock_);
}

VOID WaitingReads::release_lock(PIO_CSQ queue, KIRQL irql) {
  KeReleaseSpinLock(&of(queue).lock_, irql);
}

VOID WaitingReads::complete_cancelled(PIO_CSQ, PIRP irp) {
  complete(irp, STATUS_CANCELLED, 0);
}

// ---- the thread

VOID WaitingReads::run_thread(PVOID context) {
  auto& self = *static_cast<WaitingReads*>(context);
  self.thread_ = PsGetCurrentThread();
  ObReferenceObject(self.thread_);
  KeSetEvent(&self.started_, IO_NO_INCREMENT, FALSE);
  self.run();
  // `self` may be gone once this thread has ended, not before: stop() waits for its end.
  PsTerminateSystemThread(STATUS_SUCCESS);
}

void WaitingReads::run() {
  for (;;) {
    Peek ready{.kind = Peek::Kind::Ready, .now_100ns = interrupt_time_100ns()};
    while (PIRP irp = IoCsqRemoveNextIrp(&queue_, &ready)) serve(irp);

    std::uint64_t deadline = kForever;
    const Next next = prepare_sleep(deadline);
    if (next == Next::Stop) break;
    if (next == Next::LookAgain) continue;
    LARGE_INTEGER relative;
    const std::uint64_t now = interrupt_time_100ns();
    relative.QuadPart = deadline > now ? -static_cast<LONGLONG>(deadline - now) : -1;
    KeWaitForSingleObject(&wake_, Executive, KernelMode, FALSE, deadline == kForever ? nullptr : &relative);
  }
  Peek any{.kind = Peek::Kind::Any};
  while (PIRP irp = IoCsqRemoveNextIrp(&queue_, &any)) complete(irp, STATUS_CANCELLED, 0);
}

void WaitingReads::serve(PIRP irp) {
  const Wait wait = wait_of(irp);
  Reader& reader = reader_of(irp);
  // Another read of this handle may have taken the records since this one was chosen.
  if (!reader.has(wait.minimum_records) && interrupt_time_100ns() < wait.deadline_100ns) {
    const NTSTATUS status = IoCsqInsertIrpEx(&queue_, irp, nullptr, reinterpret_cast<PVOID>(Insertion::Again));
    if (!NT_SUCCESS(status)) complete(irp, status, 0);
    return;
  }
  const std::size_t size = IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl.OutputBufferLength;
  const Reader::Filled filled = reader.fill(wait.output, size);
  complete(irp, filled.status, filled.size);
}

WaitingReads::Next WaitingReads::prepare_sleep(std::uint64_t& deadline) {
  kit::SpinGuard guard(lock_);
  if (stopping_) return Next::Stop;
  std::uint64_t awaited = kit::EventRing::kNever;
  std::uint64_t earliest = kForever;
  for (PLIST_ENTRY link = reads_.Flink; link != &reads_; link = link->Flink) {
    const Wait wait = wait_of(irp_of(link));
    awaited = std::min(awaited, reader_of(irp_of(link)).awaited_head(wait.minimum_records));
    earliest = std::min(earliest, wait.deadline_100ns);
  }
  armed_ = awaited;
  ring_.arm(awaited);
  planned_end_ = earliest;
  deadline = earliest;
  return ring_.head_sequence() >= awaited ? Next::LookAgain : Next::Sleep;
}

}  // namespace wdscope::observer
