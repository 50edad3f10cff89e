// SPDX-License-Identifier: MIT
#include "host/exports.h"

#include "host/io/csq.h"
#include "host/io/device.h"
#include "host/io/driver.h"
#include "host/io/file.h"
#include "host/io/mdl.h"
#include "host/io/request.h"
#include "host/io/work_item.h"
#include "host/ke/thread.h"
#include "host/nt/export_table.h"
#include "host/ob/namespace.h"
#include "host/ps/process.h"

namespace wdscope::host {
namespace {

Process* NTAPI IoGetRequestorProcess(Irp* irp) {
  return irp->thread ? irp->thread->process : nullptr;
}
Ulong NTAPI IoGetRequestorProcessId(Irp* irp) {
  return irp->thread ? static_cast<Ulong>(irp->thread->process->process_id) : 0;
}
Boolean NTAPI IoIs32bitProcess(Irp*) {
  return 0;
}  // the host's callers are all 64-bit

ObjectType* IoFileObjectType = &file_type;
ObjectType* IoDriverObjectType = &driver_type;
ObjectType* IoDeviceObjectType = &device_type;

}  // namespace

std::span<const Export> io_exports() {
  static const Export table[] = {
      NT_EXPORT(IoCreateDevice),
      NT_EXPORT(IoDeleteDevice),
      NT_EXPORT(IoCreateSymbolicLink),
      NT_EXPORT(IoDeleteSymbolicLink),
      NT_EXPORT(IofCompleteRequest),
      NT_EXPORT(IoCancelIrp),
      NT_EXPORT(IoAcquireCancelSpinLock),
      NT_EXPORT(IoReleaseCancelSpinLock),
      NT_EXPORT(IoCsqInitialize),
      NT_EXPORT(IoCsqInitializeEx),
      NT_EXPORT(IoCsqInsertIrp),
      NT_EXPORT(IoCsqInsertIrpEx),
      NT_EXPORT(IoCsqRemoveIrp),
      NT_EXPORT(IoCsqRemoveNextIrp),
      NT_EXPORT(IoAllocateMdl),
      NT_EXPORT(IoFreeMdl),
      NT_EXPORT(IoAllocateWorkItem),
      NT_EXPORT(IoQueueWorkItem),
      NT_EXPORT(IoFreeWorkItem),
      NT_EXPORT(IoGetRequestorProcess),
      NT_EXPORT(IoGetRequestorProcessId),
      NT_EXPORT(IoIs32bitProcess),
      NT_EXPORT(IoFileObjectType),
      NT_EXPORT(IoDriverObjectType),
      NT_EXPORT(IoDeviceObjectType),
      NT_EXPORT(ZwOpenFile),
      NT_EXPORT(IoGetTransactionParameterBlock),
      {"IoCompleteRequest", reinterpret_cast<void*>(&IofCompleteRequest)},
  };
  return table;
}

}  // namespace wdscope::host
