// SPDX-License-Identifier: MIT
// Cancel-safe queues: the driver keeps the list and the lock, the executive settles every race with cancellation.
#pragma once

#include "host/nt/io.h"

namespace wdscope::host {

using CsqInsert = void(NTAPI*)(IoCsq* csq, Irp* irp);
using CsqInsertEx = NtStatus(NTAPI*)(IoCsq* csq, Irp* irp, void* insert_context);

NtStatus NTAPI IoCsqInitialize(IoCsq* csq, void* insert, decltype(IoCsq::remove_irp) remove,
                               decltype(IoCsq::peek_next_irp) peek, decltype(IoCsq::acquire_lock) acquire,
                               decltype(IoCsq::release_lock) release, decltype(IoCsq::complete_canceled_irp) complete);
NtStatus NTAPI IoCsqInitializeEx(IoCsq* csq, void* insert, decltype(IoCsq::remove_irp) remove,
                                 decltype(IoCsq::peek_next_irp) peek, decltype(IoCsq::acquire_lock) acquire,
                                 decltype(IoCsq::release_lock) release,
                                 decltype(IoCsq::complete_canceled_irp) complete);
// After either insert the IRP may be gone: the caller returns STATUS_PENDING and forgets it. The Ex form returns the
// driver's own status; an error means that the IRP was not queued and is still the caller's.
void NTAPI IoCsqInsertIrp(IoCsq* csq, Irp* irp, IoCsqIrpContext* context);
NtStatus NTAPI IoCsqInsertIrpEx(IoCsq* csq, Irp* irp, IoCsqIrpContext* context, void* insert_context);
Irp* NTAPI IoCsqRemoveIrp(IoCsq* csq, IoCsqIrpContext* context);  // null: cancelled or removed already
Irp* NTAPI IoCsqRemoveNextIrp(IoCsq* csq, void* peek_context);    // null: none that is not being cancelled

}  // namespace wdscope::host
