// SPDX-License-Identifier: MIT
//
// Invariants. Whoever exchanges the IRP's cancel routine for null and gets one back owns the IRP's removal: either the
// cancel path, or a remover. A queued IRP's fourth driver context word leads back to its queue: to the caller's context
// if it gave one, else to the queue itself; the two tell each other apart by their first word.
#include "host/io/csq.h"

#include <atomic>

#include "host/io/request.h"
#include "host/ke/thread.h"
#include "host/verifier/bug_check.h"

namespace wdscope::host {
namespace {

constexpr Ulong kTypeContext = 1, kTypeCsq = 2, kTypeCsqEx = 3;

void*& queue_word(Irp* irp) {
  return irp->driver_context[3];
}

CancelRoutine exchange_cancel_routine(Irp* irp, CancelRoutine routine) {
  return std::atomic_ref(irp->cancel_routine).exchange(routine);
}

IoCsqIrpContext* context_of(void* word) {
  return *static_cast<Ulong*>(word) == kTypeContext ? static_cast<IoCsqIrpContext*>(word) : nullptr;
}

// Caller holds the driver's lock and owns the removal.
void take_off(IoCsq* csq, Irp* irp) {
  csq->remove_irp(csq, irp);
  if (IoCsqIrpContext* context = context_of(queue_word(irp))) context->irp = nullptr;
  queue_word(irp) = nullptr;
}

void NTAPI cancel_queued(DeviceObject*, Irp* irp) {
  IoReleaseCancelSpinLock(irp->cancel_irql);
  void* word = queue_word(irp);
  IoCsqIrpContext* context = context_of(word);
  IoCsq* csq = context ? context->csq : static_cast<IoCsq*>(word);
  Irql irql = 0;
  csq->acquire_lock(csq, &irql);
  take_off(csq, irp);
  csq->release_lock(csq, irql);
  csq->complete_canceled_irp(csq, irp);
}

NtStatus initialize(IoCsq* csq, Ulong type, void* insert, decltype(IoCsq::remove_irp) remove,
                    decltype(IoCsq::peek_next_irp) peek, decltype(IoCsq::acquire_lock) acquire,
                    decltype(IoCsq::release_lock) release, decltype(IoCsq::complete_canceled_irp) complete) {
  *csq = {type, insert, remove, peek, acquire, release, complete, nullptr};
  return kStatusSuccess;
}

}  // namespace

NtStatus NTAPI IoCsqInitialize(IoCsq* csq, void* insert, decltype(IoCsq::remove_irp) remove,
                               decltype(IoCsq::peek_next_irp) peek, decltype(IoCsq::acquire_lock) acquire,
                               decltype(IoCsq::release_lock) release, decltype(IoCsq::complete_canceled_irp) complete) {
  return initialize(csq, kTypeCsq, insert, remove, peek, acquire, release, complete);
}

NtStatus NTAPI IoCsqInitializeEx(IoCsq* csq, void* insert, decltype(IoCsq::remove_irp) remove,
                                 decltype(IoCsq::peek_next_irp) peek, decltype(IoCsq::acquire_lock) acquire,
                                 decltype(IoCsq::release_lock) release,
                                 decltype(IoCsq::complete_canceled_irp) complete) {
  return initialize(csq, kTypeCsqEx, insert, remove, peek, acquire, release, complete);
}

void NTAPI IoCsqInsertIrp(IoCsq* csq, Irp* irp, IoCsqIrpContext* context) {
  IoCsqInsertIrpEx(csq, irp, context, nullptr);
}

NtStatus NTAPI IoCsqInsertIrpEx(IoCsq* csq, Irp* irp, IoCsqIrpContext* context, void* insert_context) {
  require_irql_at_most(kDispatchLevel, "IoCsqInsertIrpEx");
  if (context) {
    *context = {kTypeContext, irp, csq};
    queue_word(irp) = context;
  } else {
    queue_word(irp) = csq;
  }
  Irql irql = 0;
  csq->acquire_lock(csq, &irql);
  std::uint8_t& control = irp->current_stack_location->control;
  const std::uint8_t unmarked = control;
  control = unmarked | kStackPendingReturned;
  NtStatus status = kStatusSuccess;
  if (csq->type == kTypeCsqEx)
    status = reinterpret_cast<CsqInsertEx>(csq->insert_irp)(csq, irp, insert_context);
  else
    reinterpret_cast<CsqInsert>(csq->insert_irp)(csq, irp);
  if (!nt_success(status)) {
    control = unmarked;
    queue_word(irp) = nullptr;
    if (context) context->irp = nullptr;
    csq->release_lock(csq, irql);
    return status;
  }
  exchange_cancel_routine(irp, cancel_queued);
  if (std::atomic_ref(irp->cancel).load() && exchange_cancel_routine(irp, nullptr)) {
    take_off(csq, irp);
    csq->release_lock(csq, irql);
    csq->complete_canceled_irp(csq, irp);
    return status;
  }
  csq->release_lock(csq, irql);
  return status;
}

Irp* NTAPI IoCsqRemoveIrp(IoCsq* csq, IoCsqIrpContext* context) {
  require_irql_at_most(kDispatchLevel, "IoCsqRemoveIrp");
  Irql irql = 0;
  csq->acquire_lock(csq, &irql);
  Irp* irp = context->irp;
  if (irp && !exchange_cancel_routine(irp, nullptr)) irp = nullptr;
  if (irp) take_off(csq, irp);
  csq->release_lock(csq, irql);
  return irp;
}

Irp* NTAPI IoCsqRemoveNextIrp(IoCsq* csq, void* peek_context) {
  require_irql_at_most(kDispatchLevel, "IoCsqRemoveNextIrp");
  Irql irql = 0;
  csq->acquire_lock(csq, &irql);
  Irp* irp = csq->peek_next_irp(csq, nullptr, peek_context);
  while (irp && !exchange_cancel_routine(irp, nullptr)) irp = csq->peek_next_irp(csq, irp, peek_context);
  if (irp) take_off(csq, irp);
  csq->release_lock(csq, irql);
  return irp;
}

}  // namespace wdscope::host
