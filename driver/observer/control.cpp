// SPDX-License-Identifier: MIT
#include "observer/control.h"

#include <algorithm>

#include "abi/wire/control.h"
#include "abi/wire/layout.h"
#include "kit/device.h"
#include "kit/irql.h"
#include "kit/pool.h"
#include "observer/calibration_control.h"
#include "observer/observer.h"
#include "observer/reader.h"

namespace wdscope::observer {
namespace {

using OwnedReader = kit::PoolObject<Reader, kit::tag::Reader>;

using kit::complete;

// The buffers of one control request.
struct Buffers {
  explicit Buffers(PIRP irp)
      : input_size(IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl.InputBufferLength),
        output_size(IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl.OutputBufferLength),
        system(irp->AssociatedIrp.SystemBuffer) {}

  std::size_t input_size;
  std::size_t output_size;
  void* system;  // null when both lengths are 0
};

// METHOD_BUFFERED, no input, one structure out: as much of it as fits, but `least` bytes.
template <class Reply>
NTSTATUS finish_with(PIRP irp, const Reply& reply, std::size_t least = sizeof(Reply)) {
  const Buffers buffers(irp);
  if (buffers.output_size < least) return complete(irp, STATUS_BUFFER_TOO_SMALL);
  const std::size_t size = std::min(buffers.output_size, sizeof(Reply));
  RtlCopyMemory(buffers.system, &reply, size);
  return complete(irp, STATUS_SUCCESS, size);
}

NTSTATUS answer_version(Observer& observer, PIRP irp) {
  std::uint64_t capabilities = wire::capability::Read | wire::capability::Statistics | wire::capability::Evidence;
  if (observer.subscription().can_refresh()) capabilities |= wire::capability::Refresh;
  return finish_with(irp, wire::VersionReply{wire::kProtocolVersion, wire::kSchemaVersion, WDSCOPE_DRIVER_VERSION,
                                             static_cast<std::uint32_t>(observer.subscription().name()), capabilities,
                                             observer.loaded_at_100ns(), observer.ring().size(), observer.boot_id()});
}

NTSTATUS answer_statistics(Observer& observer, const Reader& reader, PIRP irp) {
  wire::Statistics statistics{};
  const kit::EventRing& ring = observer.ring();
  statistics.size = static_cast<std::uint32_t>(std::min(Buffers(irp).output_size, sizeof(statistics)));
  statistics.reader_count = observer.reader_count().load(std::memory_order_relaxed);
  // The account of the reader before the head: it never claims more than was produced.
  statistics.reader_delivered = reader.delivered();
  statistics.reader_lost = reader.lost();
  statistics.reader_start = reader.start();
  observer.counters().describe(statistics);
  const std::uint64_t marks = observer.counters().marks();
  statistics.overwritten = ring.tail_sequence();
  statistics.produced = ring.head_sequence();
  // Each becomes a record or is dropped as too large; marks are no notifications.
  statistics.notifications = statistics.produced + statistics.dropped_too_large - marks;
  statistics.ring_size = ring.size();
  statistics.ring_used = ring.used();
  return finish_with(irp, statistics, wire::kFirstStatisticsSize);
}

NTSTATUS answer_evidence(Observer& observer, PIRP irp) {
  wire::Evidence evidence{};
  observer.evidence().describe(evidence);
  return finish_with(irp, evidence);
}

NTSTATUS read_records(Observer& observer, Reader& reader, PIRP irp) {
  const Buffers buffers(irp);
  wire::ReadRequest request;
  if (buffers.input_size < sizeof(request) || buffers.output_size < sizeof(wire::ReadReply)) {
    return complete(irp, STATUS_INVALID_PARAMETER);
  }
  RtlCopyMemory(&request, buffers.system, sizeof(request));
  if (request.size != sizeof(request) || request.flags != 0) return complete(irp, STATUS_INVALID_PARAMETER);
  void* const output = MmGetSystemAddressForMdlSafe(irp->MdlAddress, kNormalPriorityNoExecute);
  if (output == nullptr) return complete(irp, STATUS_INSUFFICIENT_RESOURCES);
  if (reinterpret_cast<std::uintptr_t>(output) % alignof(wire::ReadReply) != 0) {
    return complete(irp, STATUS_INVALID_PARAMETER);
  }
  if (request.timeout_ms != 0 && !reader.has(request.minimum_records)) {
    return observer.waiting_reads().wait(irp, output, request.minimum_records, request.timeout_ms);
  }
  const Reader::Filled filled = reader.fill(output, buffers.output_size);
  return complete(irp, filled.status, filled.size);
}

NTSTATUS refresh(Observer& observer, PIRP irp) {
  return complete(irp, observer.snapshot().take(wire::SnapshotTrigger::Request));
}

bool takes_no_input(std::uint32_t code) {
  return code == wire::kControlVersion || code == wire::kControlStatistics || code == wire::kControlRefresh ||
         code == wire::kControlEvidence;
}

NTSTATUS NTAPI dispatch_control(PDEVICE_OBJECT device, PIRP irp) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  Observer& observer = observer_of(device);
  const PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
  Reader& reader = *static_cast<Reader*>(stack->FileObject->FsContext);
  const std::uint32_t code = stack->Parameters.DeviceIoControl.IoControlCode;
  // Refused now, so that a later version may give input a meaning.
  if (takes_no_input(code) && stack->Parameters.DeviceIoControl.InputBufferLength != 0) {
    return complete(irp, STATUS_INVALID_PARAMETER);
  }
  switch (code) {
    case wire::kControlVersion:
      return answer_version(observer, irp);
    case wire::kControlRead:
      return read_records(observer, reader, irp);
    case wire::kControlStatistics:
      return answer_statistics(observer, reader, irp);
    case wire::kControlRefresh:
      return refresh(observer, irp);
    case wire::kControlRawStart:
    case wire::kControlRawStop:
    case wire::kControlRawRead:
    case wire::kControlLoadLayout:
      return dispatch_calibration(observer.observation(), reader, irp);
    case wire::kControlEvidence:
      return answer_evidence(observer, irp);
    default:
      return complete(irp, STATUS_INVALID_DEVICE_REQUEST);
  }
}

NTSTATUS NTAPI dispatch_create(PDEVICE_OBJECT device, PIRP irp) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  Observer& observer = observer_of(device);
  const PFILE_OBJECT file = IoGetCurrentIrpStackLocation(irp)->FileObject;
  // There is nothing below the device.
  if (file->FileName.Length != 0) return complete(irp, STATUS_OBJECT_NAME_NOT_FOUND);
  OwnedReader reader;
  if (const NTSTATUS status = reader.create(observer.ring()); !NT_SUCCESS(status)) return complete(irp, status);
  file->FsContext = reader.release();
  observer.reader_count().fetch_add(1, std::memory_order_relaxed);
  return complete(irp, STATUS_SUCCESS);
}

NTSTATUS NTAPI dispatch_cleanup(PDEVICE_OBJECT device, PIRP irp) {
  const PFILE_OBJECT file = IoGetCurrentIrpStackLocation(irp)->FileObject;
  static_cast<Reader*>(file->FsContext)->close();
  observer_of(device).waiting_reads().cancel(file);
  observer_of(device).observation().raw_capture().close(file);
  return complete(irp, STATUS_SUCCESS);
}

NTSTATUS NTAPI dispatch_close(PDEVICE_OBJECT device, PIRP irp) {
  const PFILE_OBJECT file = IoGetCurrentIrpStackLocation(irp)->FileObject;
  OwnedReader reader = OwnedReader::adopt(static_cast<Reader*>(file->FsContext));
  file->FsContext = nullptr;
  observer_of(device).reader_count().fetch_sub(1, std::memory_order_relaxed);
  return complete(irp, STATUS_SUCCESS);
}

}  // namespace

void set_dispatch_routines(PDRIVER_OBJECT driver) {
  driver->MajorFunction[IRP_MJ_CREATE] = dispatch_create;
  driver->MajorFunction[IRP_MJ_CLEANUP] = dispatch_cleanup;
  driver->MajorFunction[IRP_MJ_CLOSE] = dispatch_close;
  driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = dispatch_control;
}

}  // namespace wdscope::observer
