// SPDX-License-Identifier: MIT
//
// Invariants. A request belongs to the thread that sent it until its dispatch routine is called, then to the driver
// until it is completed, then to the sender again: `done` is the last thing that completion writes, and a call to
// `completed` the last thing that it does. A completed IRP's
// current location lies two above its stack count, as on Windows, so that completing it again is seen.
#include "host/io/request.h"

#include <atomic>
#include <cstring>
#include <new>

#include <fmt/format.h>

#include "host/ex/pool.h"
#include "host/image/loaded_image.h"
#include "host/ke/raw_lock.h"
#include "host/ke/spin_lock.h"
#include "host/ke/thread.h"
#include "host/nt/pool_tag.h"
#include "host/verifier/bug_check.h"

namespace wdscope::host {
namespace {

constexpr std::int16_t kIrpType = 6;
constexpr Ulong kIrpTag = pool_tag("Irp ");
constexpr Ulong kCancelStateInCompletedIrp = 0x48;
constexpr Ulong kIrpReturnedWithoutCompletion = 0x214;  // 0xC4 subcodes of Driver Verifier's I/O rules
constexpr Ulong kCompletedWithPending = 0x20E;
constexpr Ulong kInconsistentPendingReturn = 0x212;
constexpr Ulong kInconsistentStatusReturn = 0x213;

KSpinLock cancel_spin_lock = 0;

std::string routine_name(void* address) {
  const LoadedImage* image = image_containing(address);
  return image ? image->describe(address) : fmt::format("{}", address);
}

const char* major_name(std::uint8_t major) {
  switch (major) {
    case kIrpMjCreate:
      return "IRP_MJ_CREATE";
    case kIrpMjClose:
      return "IRP_MJ_CLOSE";
    case kIrpMjDeviceControl:
      return "IRP_MJ_DEVICE_CONTROL";
    case kIrpMjCleanup:
      return "IRP_MJ_CLEANUP";
    default:
      return "an IRP";
  }
}

[[noreturn]] void broken_rule(Ulong subcode, const Request& request, DispatchRoutine routine, const std::string& what) {
  bug_check(kDriverVerifierDetectedViolation,
            {subcode, reinterpret_cast<std::uint64_t>(routine), reinterpret_cast<std::uint64_t>(&request.irp), 0},
            fmt::format("The dispatch routine {} for {} {}.", routine_name(reinterpret_cast<void*>(routine)),
                        major_name(request.stack[0].major_function), what));
}

}  // namespace

Request* allocate_request() {
  void* memory = pool_allocate_for_host(sizeof(Request), kIrpTag);
  return memory ? new (memory) Request{} : nullptr;
}

void free_request(Request* request) {
  pool_free_for_host(request);
}

void prepare_request(Request& request, DeviceObject* device, FileObject* file, std::uint8_t major_function) {
  std::memset(static_cast<void*>(&request), 0, sizeof request);
  Irp& irp = request.irp;
  irp.type = kIrpType;
  irp.size = sizeof(Irp) + sizeof(IoStackLocation);
  irp.stack_count = 1;
  irp.current_location = 1;  // the host has already stepped down to the only driver
  irp.requestor_mode = 1;    // UserMode
  irp.thread = &current_thread();
  irp.current_stack_location = &request.stack[0];
  irp.original_file_object = file;
  irp.thread_list_entry = {&irp.thread_list_entry, &irp.thread_list_entry};
  request.stack[0].major_function = major_function;
  request.stack[0].device_object = device;
  request.stack[0].file_object = file;
}

namespace {

// Calls the dispatch routine and holds its answer against what has become of the request. False: it is pending.
bool call_dispatch_routine(Request& request) {
  IoStackLocation& location = request.stack[0];
  DeviceObject* device = location.device_object;
  const DispatchRoutine routine = device->driver_object->major_function[location.major_function];
  const CallGuard guard("dispatch routine");
  const NtStatus status = routine(device, &request.irp);
  guard.check();

  const bool done = std::atomic_ref(request.done).load(std::memory_order_acquire) == kRequestDone;
  if (status == kStatusPending) {
    // The mark must have been set before the driver let go of the IRP, so it is stable by now in either place.
    if (done ? !request.pending_marked : !(std::atomic_ref(location.control).load() & kStackPendingReturned))
      broken_rule(kInconsistentPendingReturn, request, routine,
                  "returned STATUS_PENDING without having called IoMarkIrpPending");
    return done;
  }
  if (!done)
    broken_rule(kIrpReturnedWithoutCompletion, request, routine,
                fmt::format("returned {:#010x} but neither completed the IRP nor made it pending",
                            static_cast<std::uint32_t>(status)));
  if (request.pending_marked)
    broken_rule(kInconsistentPendingReturn, request, routine,
                fmt::format("called IoMarkIrpPending but returned {:#010x}, not STATUS_PENDING",
                            static_cast<std::uint32_t>(status)));
  if (status != request.irp.io_status.status)
    broken_rule(kInconsistentStatusReturn, request, routine,
                fmt::format("returned {:#010x} but completed the IRP with {:#010x}", static_cast<std::uint32_t>(status),
                            static_cast<std::uint32_t>(request.irp.io_status.status)));
  return true;
}

}  // namespace

void send_request(Request& request) {
  if (call_dispatch_routine(request)) return;
  std::atomic_ref done(request.done);
  std::uint32_t expected = kRequestOpen;
  done.compare_exchange_strong(expected, kRequestAwaited, std::memory_order_acq_rel);
  while (done.load(std::memory_order_acquire) != kRequestDone) futex_wait(&request.done, kRequestAwaited, -1);
}

void post_request(Request& request) {
  call_dispatch_routine(request);
}

void NTAPI IofCompleteRequest(Irp* irp, std::int8_t) {
  require_irql_at_most(kDispatchLevel, "IoCompleteRequest");
  const auto address = reinterpret_cast<std::uint64_t>(irp);
  if (!irp || irp->type != kIrpType || irp->current_location > irp->stack_count)
    bug_check(kMultipleIrpCompleteRequests, {address, 0, 0, 0},
              fmt::format("IoCompleteRequest: IRP {} is already completed, or no IRP.", static_cast<void*>(irp)));
  auto& request = *reinterpret_cast<Request*>(irp);
  const IoStackLocation& location = request.stack[0];
  const NtStatus status = irp->io_status.status;
  if (status == kStatusPending)
    bug_check(kDriverVerifierDetectedViolation, {kCompletedWithPending, 0, address, 0},
              "IoCompleteRequest: the IRP is completed with STATUS_PENDING, which says that it is not.");
  // The sender may be cancelling at this moment, in vain.
  if (const auto cancel = std::atomic_ref(irp->cancel_routine).load(std::memory_order_relaxed))
    bug_check(kCancelStateInCompletedIrp, {address, reinterpret_cast<std::uint64_t>(cancel), 0, 0},
              fmt::format("IoCompleteRequest: the IRP still has the cancel routine {}.",
                          routine_name(reinterpret_cast<void*>(cancel))));
  if (request.checks_information && !nt_error(status) && irp->io_status.information > request.information_limit)
    bug_check(kDriverVerifierDetectedViolation, {0, address, irp->io_status.information, request.information_limit},
              fmt::format("IoCompleteRequest: IoStatus.Information is {}, but the output buffer has {} bytes: kernel "
                          "memory would leak to the caller, or be overrun.",
                          irp->io_status.information, request.information_limit));
  request.pending_marked = (location.control & kStackPendingReturned) != 0;
  irp->pending_returned = request.pending_marked;
  irp->current_location = static_cast<std::int8_t>(irp->stack_count + 2);
  // Read before the request is the sender's again.
  const auto completed = request.completed;
  void* const owner = request.owner;
  std::atomic_ref done(request.done);
  if (completed) {
    done.store(kRequestDone, std::memory_order_release);
    completed(request, owner);
  } else if (done.exchange(kRequestDone, std::memory_order_acq_rel) == kRequestAwaited) {
    futex_wake(&request.done, 1);
  }
}

Boolean NTAPI IoCancelIrp(Irp* irp) {
  require_irql_at_most(kDispatchLevel, "IoCancelIrp");
  const CallGuard guard("cancel routine");
  const Irql old_irql = KeAcquireSpinLockRaiseToDpc(&cancel_spin_lock);
  std::atomic_ref(irp->cancel).store(1);
  const CancelRoutine routine = std::atomic_ref(irp->cancel_routine).exchange(nullptr);
  if (!routine) {
    KeReleaseSpinLock(&cancel_spin_lock, old_irql);
    return 0;
  }
  irp->cancel_irql = old_irql;
  routine(irp->current_stack_location->device_object, irp);
  guard.check();  // also that the routine gave back the cancel spin lock, and with it the IRQL
  return 1;
}

void NTAPI IoAcquireCancelSpinLock(Irql* irql) {
  *irql = KeAcquireSpinLockRaiseToDpc(&cancel_spin_lock);
}
void NTAPI IoReleaseCancelSpinLock(Irql irql) {
  KeReleaseSpinLock(&cancel_spin_lock, irql);
}

NtStatus NTAPI invalid_device_request(DeviceObject*, Irp* irp) {
  irp->io_status = {kStatusInvalidDeviceRequest, 0};
  IofCompleteRequest(irp, 0);
  return kStatusInvalidDeviceRequest;
}

}  // namespace wdscope::host
