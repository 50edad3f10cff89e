// SPDX-License-Identifier: MIT
// One request to a driver: an IRP with its stack location, sent by the calling thread, which waits until it is
// completed or is told of it by a call.
#pragma once

#include <cstdint>

#include "host/nt/io.h"

namespace wdscope::host {

// Whether a request is completed, and whether its sender sleeps until it is.
enum RequestState : std::uint32_t { kRequestOpen, kRequestDone, kRequestAwaited };

struct Request {
  Irp irp;  // first: an IRP that the host sent is the address of its request
  IoStackLocation stack[1];
  std::uint32_t done;       // futex: a RequestState
  bool pending_marked;      // as found at completion
  bool checks_information;  // Information is a count of output bytes
  std::uint64_t information_limit;

  // Of one that nobody waits for: called instead of waking the sender. The request stays its owner's, who must keep it
  // until post_request() has returned, too.
  void (*completed)(Request& request, void* owner);
  void* owner;
};

// A request to `device`, blank but for the IRP's constant fields. From nonpaged pool; null: no memory.
Request* allocate_request();
void prepare_request(Request& request, DeviceObject* device, FileObject* file, std::uint8_t major_function);
void free_request(Request* request);

// Calls the driver's dispatch routine at PASSIVE_LEVEL and waits until the IRP is completed. Bug-checks when the driver
// breaks the rules: neither completed nor pending, pending mark and returned status disagree, another status returned
// than completed with.
void send_request(Request& request);
// The same for a request with `completed`, without waiting.
void post_request(Request& request);

void NTAPI IofCompleteRequest(Irp* irp, std::int8_t priority_boost);
Boolean NTAPI IoCancelIrp(Irp* irp);
void NTAPI IoAcquireCancelSpinLock(Irql* irql);
void NTAPI IoReleaseCancelSpinLock(Irql irql);

// What every major function answers until the driver sets its own.
NtStatus NTAPI invalid_device_request(DeviceObject* device, Irp* irp);

}  // namespace wdscope::host
