// SPDX-License-Identifier: MIT
#include "notifier/engine_device.h"

#include "abi/wire/engine.h"
#include "notifier/command.h"
#include "notifier/engine_port.h"
#include "notifier/refresh.h"

namespace wdscope::notifier {
namespace {

using kit::complete;

NTSTATUS NTAPI dispatch_create(PDEVICE_OBJECT, PIRP irp) {
  return complete(irp, MpEnginePort->connect(IoGetCurrentIrpStackLocation(irp)->FileObject));
}

NTSTATUS NTAPI dispatch_cleanup(PDEVICE_OBJECT, PIRP irp) {
  MpEnginePort->disconnect();
  return complete(irp, STATUS_SUCCESS);
}

NTSTATUS NTAPI dispatch_close(PDEVICE_OBJECT, PIRP irp) {
  return complete(irp, STATUS_SUCCESS);
}

NTSTATUS reply(PIRP irp, ULONG input_length) {
  wire::EngineReply header;
  if (input_length < sizeof(header)) return STATUS_INVALID_PARAMETER;
  const auto* const input = static_cast<const std::uint8_t*>(irp->AssociatedIrp.SystemBuffer);
  RtlCopyMemory(&header, input, sizeof(header));
  if (header.reply_size != input_length - sizeof(header)) return STATUS_INVALID_PARAMETER;
  return MpEnginePort->reply(header, input + sizeof(header));
}

// The buffer is input and output: the reply is read before the request can be anybody else's.
NTSTATUS reply_and_get_message(PIRP irp, ULONG input_length) {
  const NTSTATUS status = reply(irp, input_length);
  if (!NT_SUCCESS(status) && status != STATUS_NOT_FOUND) return complete(irp, status);
  return MpEnginePort->get_message(irp);
}

NTSTATUS execute(PIRP irp, ULONG input_length, ULONG output_length) {
  std::uint32_t written = 0;
  void* const buffer = irp->AssociatedIrp.SystemBuffer;  // null when both lengths are 0
  const NTSTATUS status =
      execute_command({static_cast<const std::uint8_t*>(buffer), input_length}, buffer, output_length, &written);
  return complete(irp, status, written);
}

NTSTATUS statistics(PIRP irp, ULONG output_length) {
  const wire::EngineStatistics counted = refresh_statistics();
  if (output_length < sizeof(counted)) return complete(irp, STATUS_BUFFER_TOO_SMALL);
  RtlCopyMemory(irp->AssociatedIrp.SystemBuffer, &counted, sizeof(counted));
  return complete(irp, STATUS_SUCCESS, sizeof(counted));
}

NTSTATUS NTAPI dispatch_control(PDEVICE_OBJECT, PIRP irp) {
  const auto& parameters = IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl;
  switch (parameters.IoControlCode) {
    case wire::kEngineGetMessage:
      return MpEnginePort->get_message(irp);
    case wire::kEngineReply:
      return complete(irp, reply(irp, parameters.InputBufferLength));
    case wire::kEngineReplyAndGetMessage:
      return reply_and_get_message(irp, parameters.InputBufferLength);
    case wire::kEngineCommand:
      return execute(irp, parameters.InputBufferLength, parameters.OutputBufferLength);
    case wire::kEngineStatistics:
      return statistics(irp, parameters.OutputBufferLength);
    default:
      return complete(irp, STATUS_INVALID_DEVICE_REQUEST);
  }
}

}  // namespace

void set_engine_dispatch(PDRIVER_OBJECT driver) {
  driver->MajorFunction[IRP_MJ_CREATE] = dispatch_create;
  driver->MajorFunction[IRP_MJ_CLEANUP] = dispatch_cleanup;
  driver->MajorFunction[IRP_MJ_CLOSE] = dispatch_close;
  driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = dispatch_control;
}

}  // namespace wdscope::notifier
