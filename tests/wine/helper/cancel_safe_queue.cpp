// SPDX-License-Identifier: MIT
// Cancel-safe queues: the driver keeps the IRPs, this keeps cancelling safe. Source: documented (IoCsqInsertIrp and its
// like), nothing of it is in Wine 8. No IO_CSQ_IRP_CONTEXT: no driver here uses one.
#include "wine/helper/executive.h"

namespace wdscope::wine {
namespace {

// DriverContext[3] of a queued IRP is the queue.
constexpr ULONG kPlain = 1;
constexpr ULONG kExtended = 3;

NTSTATUS set_up(PIO_CSQ queue, ULONG type, void* insert, PIO_CSQ_REMOVE_IRP remove, PIO_CSQ_PEEK_NEXT_IRP peek,
                PIO_CSQ_ACQUIRE_LOCK acquire, PIO_CSQ_RELEASE_LOCK release, PIO_CSQ_COMPLETE_CANCELED_IRP complete) {
  queue->Type = type;
  queue->CsqInsertIrp = reinterpret_cast<PIO_CSQ_INSERT_IRP>(insert);
  queue->CsqRemoveIrp = remove;
  queue->CsqPeekNextIrp = peek;
  queue->CsqAcquireLock = acquire;
  queue->CsqReleaseLock = release;
  queue->CsqCompleteCanceledIrp = complete;
  queue->ReservePointer = nullptr;
  return STATUS_SUCCESS;
}

NTSTATUS NTAPI initialize(PIO_CSQ queue, PIO_CSQ_INSERT_IRP insert, PIO_CSQ_REMOVE_IRP remove,
                          PIO_CSQ_PEEK_NEXT_IRP peek, PIO_CSQ_ACQUIRE_LOCK acquire, PIO_CSQ_RELEASE_LOCK release,
                          PIO_CSQ_COMPLETE_CANCELED_IRP complete) {
  return set_up(queue, kPlain, reinterpret_cast<void*>(insert), remove, peek, acquire, release, complete);
}

NTSTATUS NTAPI initialize_ex(PIO_CSQ queue, PIO_CSQ_INSERT_IRP_EX insert, PIO_CSQ_REMOVE_IRP remove,
                             PIO_CSQ_PEEK_NEXT_IRP peek, PIO_CSQ_ACQUIRE_LOCK acquire, PIO_CSQ_RELEASE_LOCK release,
                             PIO_CSQ_COMPLETE_CANCELED_IRP complete) {
  return set_up(queue, kExtended, reinterpret_cast<void*>(insert), remove, peek, acquire, release, complete);
}

void NTAPI cancel(PDEVICE_OBJECT, PIRP irp) {
  IoReleaseCancelSpinLock(irp->CancelIrql);
  auto* const queue = static_cast<PIO_CSQ>(irp->Tail.Overlay.DriverContext[3]);
  KIRQL irql = 0;
  queue->CsqAcquireLock(queue, &irql);
  queue->CsqRemoveIrp(queue, irp);
  queue->CsqReleaseLock(queue, irql);
  queue->CsqCompleteCanceledIrp(queue, irp);
}

NTSTATUS NTAPI insert_ex(PIO_CSQ queue, PIRP irp, void*, void* insert_context) {
  NTSTATUS status = hold_request(irp);
  if (!NT_SUCCESS(status)) return status;
  KIRQL irql = 0;
  queue->CsqAcquireLock(queue, &irql);
  irp->Tail.Overlay.DriverContext[3] = queue;
  IoMarkIrpPending(irp);
  if (queue->Type == kExtended) {
    const auto insert = reinterpret_cast<PIO_CSQ_INSERT_IRP_EX>(reinterpret_cast<void*>(queue->CsqInsertIrp));
    status = insert(queue, irp, insert_context);
  } else {
    queue->CsqInsertIrp(queue, irp);
  }
  if (!NT_SUCCESS(status)) {
    queue->CsqReleaseLock(queue, irql);
    return status;
  }
  IoSetCancelRoutine(irp, cancel);
  // Cancelled before there was a routine, which nobody else has taken: then it is ours to complete.
  if (irp->Cancel && IoSetCancelRoutine(irp, nullptr) != nullptr) {
    queue->CsqRemoveIrp(queue, irp);
    queue->CsqReleaseLock(queue, irql);
    queue->CsqCompleteCanceledIrp(queue, irp);
    return STATUS_SUCCESS;
  }
  queue->CsqReleaseLock(queue, irql);
  return STATUS_SUCCESS;
}

void NTAPI insert_plain(PIO_CSQ queue, PIRP irp, void* context) {
  insert_ex(queue, irp, context, nullptr);
}

PIRP NTAPI remove_next(PIO_CSQ queue, void* peek_context) {
  KIRQL irql = 0;
  queue->CsqAcquireLock(queue, &irql);
  PIRP irp = queue->CsqPeekNextIrp(queue, nullptr, peek_context);
  // Whose routine is taken is being cancelled.
  while (irp != nullptr && IoSetCancelRoutine(irp, nullptr) == nullptr) {
    irp = queue->CsqPeekNextIrp(queue, irp, peek_context);
  }
  if (irp != nullptr) queue->CsqRemoveIrp(queue, irp);
  queue->CsqReleaseLock(queue, irql);
  return irp;
}

}  // namespace

void* queue_routine(std::string_view name) {
  const Routine routines[] = {
      {"IoCsqInitialize", reinterpret_cast<void*>(initialize)},
      {"IoCsqInitializeEx", reinterpret_cast<void*>(initialize_ex)},
      {"IoCsqInsertIrp", reinterpret_cast<void*>(insert_plain)},
      {"IoCsqInsertIrpEx", reinterpret_cast<void*>(insert_ex)},
      {"IoCsqRemoveNextIrp", reinterpret_cast<void*>(remove_next)},
  };
  return find_routine(routines, name);
}

}  // namespace wdscope::wine
