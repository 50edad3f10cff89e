// SPDX-License-Identifier: MIT
#include "observer/calibration_control.h"

#include "abi/wire/layout.h"
#include "kit/device.h"
#include "kit/irql.h"

namespace wdscope::observer {
namespace {

using kit::complete;

// What came in, copied before it is judged; exactly a T.
template <class T>
bool take_input(PIRP irp, std::size_t size, T& input) {
  if (size != sizeof(T)) return false;
  RtlCopyMemory(&input, irp->AssociatedIrp.SystemBuffer, sizeof(T));
  return true;
}

}  // namespace

NTSTATUS dispatch_calibration(Observation& observation, const Reader& reader, PIRP irp) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  const PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
  const PFILE_OBJECT file = stack->FileObject;
  const std::size_t input_size = stack->Parameters.DeviceIoControl.InputBufferLength;
  const std::size_t output_size = stack->Parameters.DeviceIoControl.OutputBufferLength;
  RawCapture& capture = observation.raw_capture();
  switch (stack->Parameters.DeviceIoControl.IoControlCode) {
    case wire::kControlRawStart: {
      wire::RawStartRequest request;
      if (!take_input(irp, input_size, request)) return complete(irp, STATUS_INVALID_PARAMETER);
      return complete(irp, capture.begin(file, reader, request));
    }
    case wire::kControlRawStop: {
      if (input_size != 0) return complete(irp, STATUS_INVALID_PARAMETER);
      wire::RawTotals totals;
      if (output_size < sizeof(totals)) return complete(irp, STATUS_BUFFER_TOO_SMALL);
      const NTSTATUS status = capture.end(file, totals);
      if (!NT_SUCCESS(status)) return complete(irp, status);
      RtlCopyMemory(irp->AssociatedIrp.SystemBuffer, &totals, sizeof(totals));
      return complete(irp, status, sizeof(totals));
    }
    case wire::kControlRawRead: {
      if (input_size != 0 || output_size < sizeof(wire::ReadReply)) {
        return complete(irp, STATUS_INVALID_PARAMETER);
      }
      void* const output = MmGetSystemAddressForMdlSafe(irp->MdlAddress, kNormalPriorityNoExecute);
      if (output == nullptr) return complete(irp, STATUS_INSUFFICIENT_RESOURCES);
      if (reinterpret_cast<std::uintptr_t>(output) % alignof(wire::ReadReply) != 0) {
        return complete(irp, STATUS_INVALID_PARAMETER);
      }
      const Reader::Filled filled = capture.read(file, output, output_size);
      return complete(irp, filled.status, filled.size);
    }
    case wire::kControlLoadLayout: {
      if (input_size == 0) {
        observation.loaded_layout().unload();
        return complete(irp, STATUS_SUCCESS);
      }
      wire::ContextLayout layout;
      if (!take_input(irp, input_size, layout)) return complete(irp, STATUS_INFO_LENGTH_MISMATCH);
      return complete(irp, observation.loaded_layout().load(layout));
    }
    default:
      return complete(irp, STATUS_INVALID_DEVICE_REQUEST);
  }
}

}  // namespace wdscope::observer
