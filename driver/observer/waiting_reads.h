// SPDX-License-Identifier: MIT
// Reads that wait for records: a cancel-safe queue, and one system thread that completes them when their records are
// there or their time is over.
//
// A producer never takes a lock of this file: the ring's armed sequence is the lowest head that any waiting read wants,
// and the publish that reaches it sets the event. Arming happens under the queue's lock, and whoever arms looks at the
// head once more before relying on it.
#pragma once

#include <cstdint>

#include "kit/event_ring.h"
#include "kit/nt.h"
#include "observer/reader.h"

namespace wdscope::observer {

class WaitingReads {
 public:
  explicit WaitingReads(kit::EventRing& ring);
  WaitingReads(const WaitingReads&) = delete;
  WaitingReads& operator=(const WaitingReads&) = delete;

  // Starts the thread; PsCreateSystemThread's and ObReferenceObjectByHandle's statuses. PASSIVE_LEVEL.
  [[nodiscard]] NTSTATUS start();
  // Completes every waiting read with STATUS_CANCELLED and ends the thread; later reads are cancelled at once. Harmless
  // when never started. PASSIVE_LEVEL.
  void stop();

  // Set by the publish that was waited for.
  KEVENT& record_awaited() { return wake_; }

  // Takes the read over: it completes here, with fill()'s status, STATUS_CANCELLED, or STATUS_INVALID_DEVICE_STATE when
  // its handle has kMaximumWaitingReads waiting. Returns STATUS_PENDING always; the IRP may be gone by then.
  // `output` is the mapped buffer. PASSIVE_LEVEL.
  NTSTATUS wait(PIRP irp, void* output, std::uint32_t minimum_records, std::uint32_t timeout_ms);
  // Cancels what waits on `file`, whose reader is closing. IRQL <= APC_LEVEL.
  void cancel(PFILE_OBJECT file);

 private:
  struct Peek;
  enum class Insertion { First, Again };

  static WaitingReads& of(PIO_CSQ queue);
  static NTSTATUS NTAPI insert(PIO_CSQ queue, PIRP irp, PVOID insertion);
  static VOID NTAPI remove(PIO_CSQ queue, PIRP irp);
  static PIRP NTAPI peek_next(PIO_CSQ queue, PIRP irp, PVOID context);
  static VOID NTAPI acquire_lock(PIO_CSQ queue, PKIRQL irql);
  static VOID NTAPI release_lock(PIO_CSQ queue, KIRQL irql);
  static VOID NTAPI complete_cancelled(PIO_CSQ queue, PIRP irp);
  static VOID NTAPI run_thread(PVOID self);

  void run();
  void serve(PIRP irp);
  enum class Next { Sleep, LookAgain, Stop };
  // Arms the ring for what waits; `deadline` is the earliest of its ends.
  Next prepare_sleep(std::uint64_t& deadline);

  kit::EventRing& ring_;
  IO_CSQ queue_{};
  KSPIN_LOCK lock_ = 0;
  LIST_ENTRY reads_{};             // under lock_
  bool stopping_ = false;          // under lock_
  std::uint64_t planned_end_ = 0;  // under lock_: until when the thread sleeps at most
  std::uint64_t armed_ = 0;        // under lock_: what the ring was last armed with
  KEVENT wake_{};
  KEVENT started_{};
  PVOID thread_ = nullptr;
};

}  // namespace wdscope::observer
