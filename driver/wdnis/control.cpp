// SPDX-License-Identifier: MIT
#include "wdnis/control.h"

#include "abi/wire/wdnis.h"
#include "kit/device.h"
#include "wdnis/network_inspection.h"

namespace wdscope::wdnis {
namespace {

using kit::complete;

NTSTATUS NTAPI dispatch_open_or_close(PDEVICE_OBJECT, PIRP irp) {
  return complete(irp, STATUS_SUCCESS);
}

NTSTATUS NTAPI dispatch_control(PDEVICE_OBJECT device, PIRP irp) {
  const auto& parameters = IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl;
  void* const buffer = irp->AssociatedIrp.SystemBuffer;  // null when both lengths are 0
  NetworkInspection& inspection = inspection_of(device);
  switch (parameters.IoControlCode) {
    case wire::kNisSetProcessExceptions:
      return complete(irp, inspection.set_process_exceptions(buffer, parameters.InputBufferLength));
    case wire::kNisStatistics: {
      if (parameters.InputBufferLength != 0) return complete(irp, STATUS_INVALID_PARAMETER);
      if (parameters.OutputBufferLength < sizeof(wire::NisStatistics)) return complete(irp, STATUS_BUFFER_TOO_SMALL);
      const wire::NisStatistics statistics = inspection.statistics();
      RtlCopyMemory(buffer, &statistics, sizeof(statistics));
      return complete(irp, STATUS_SUCCESS, sizeof(statistics));
    }
    default:
      return complete(irp, STATUS_INVALID_DEVICE_REQUEST);
  }
}

}  // namespace

void set_dispatch_routines(PDRIVER_OBJECT driver) {
  driver->MajorFunction[IRP_MJ_CREATE] = dispatch_open_or_close;
  driver->MajorFunction[IRP_MJ_CLOSE] = dispatch_open_or_close;
  driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = dispatch_control;
}

}  // namespace wdscope::wdnis
