// SPDX-License-Identifier: MIT
#include "observer/raw_capture.h"

#include <bit>

#include "abi/defender/notify_info.h"
#include "kit/irql.h"
#include "kit/kernel_string.h"
#include "observer/clock.h"
#include "observer/raw_candidate.h"
#include "observer/raw_record.h"

namespace wdscope::observer {
namespace {

using wire::RawEnd;

using SetProcessRoutine = NTSTATUS(NTAPI*)(PCREATE_PROCESS_NOTIFY_ROUTINE_EX routine, BOOLEAN remove);

// Vista and later have it; without it NT says nothing of command lines and a capture goes without.
SetProcessRoutine set_process_routine() {
  UNICODE_STRING name = kit::counted(u"PsSetCreateProcessNotifyRoutineEx");
  return reinterpret_cast<SetProcessRoutine>(MmGetSystemRoutineAddress(&name));
}

// A process-notify routine has no context of its own.
std::atomic<RawCapture*> told_of_starts{nullptr};

}  // namespace

// Requests one after the other. Not a fast mutex: at its APC_LEVEL nothing could be registered with the executive.
class RawCapture::Turn {
 public:
  explicit Turn(RawCapture& capture) : event_(capture.turn_) {
    KeEnterCriticalRegion();
    // Nothing ends this wait but the event.
    static_cast<void>(KeWaitForSingleObject(&event_, Executive, KernelMode, FALSE, nullptr));
  }
  ~Turn() {
    KeSetEvent(&event_, IO_NO_INCREMENT, FALSE);
    KeLeaveCriticalRegion();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  KEVENT& event_;
};

// One of the buffers, if one is free.
class RawCapture::Buffer {
 public:
  explicit Buffer(RawCapture& capture) : capture_(capture) {
    std::uint32_t free = capture.free_buffers_.load(std::memory_order_relaxed);
    do {
      if (free == 0) return;
      mask_ = free & (~free + 1);
    } while (!capture.free_buffers_.compare_exchange_weak(free, free & ~mask_, std::memory_order_acquire,
                                                          std::memory_order_relaxed));
    words_ = capture.buffers_.as<std::uint64_t>() +
             static_cast<std::size_t>(std::countr_zero(mask_)) * wire::kMaximumRawRecordSize / sizeof(std::uint64_t);
  }
  ~Buffer() {
    if (words_ != nullptr) capture_.free_buffers_.fetch_or(mask_, std::memory_order_release);
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  std::uint64_t* words() const { return words_; }

 private:
  RawCapture& capture_;
  std::uint32_t mask_ = 0;
  std::uint64_t* words_ = nullptr;
};

RawCapture::RawCapture() {
  KeInitializeEvent(&turn_, SynchronizationEvent, TRUE);
}

NTSTATUS RawCapture::allocate() {
  if (!buffers_) {
    const NTSTATUS status =
        buffers_.allocate(kit::Pool::NonPaged, kBufferCount * wire::kMaximumRawRecordSize, kit::tag::RawCapture);
    if (!NT_SUCCESS(status)) return status;
  }
  if (!ring_ready_) {
    if (const NTSTATUS status = ring_.start(kRingSize, sizeof(wire::RawStartRecord)); !NT_SUCCESS(status)) {
      return status;
    }
    ring_ready_ = true;
  }
  return STATUS_SUCCESS;
}

NTSTATUS RawCapture::begin(PFILE_OBJECT owner, const Reader& client, const wire::RawStartRequest& request) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  if (request.size != sizeof(request) || request.flags != 0 || request.maximum_notifications == 0 ||
      request.maximum_notifications > wire::kMaximumRawNotifications || request.maximum_ms == 0 ||
      request.maximum_ms > wire::kMaximumRawTimeMs) {
    return STATUS_INVALID_PARAMETER;
  }
  const Turn turn(*this);
  // A request that was still under way when its handle was closed: nobody would end what it begins.
  if (client.closing()) return STATUS_CANCELLED;
  if (owner_ != nullptr && in_time()) return STATUS_DEVICE_BUSY;
  finish();
  if (const NTSTATUS status = allocate(); !NT_SUCCESS(status)) return status;
  // What an earlier capture has left is not this one's.
  if (const NTSTATUS status = reader_.create(ring_, ring_.head_sequence()); !NT_SUCCESS(status)) return status;
  owner_ = owner;
  notifications_.store(0, std::memory_order_relaxed);
  starts_.store(0, std::memory_order_relaxed);
  dropped_busy_.store(0, std::memory_order_relaxed);
  dropped_too_long_.store(0, std::memory_order_relaxed);
  ended_.store(RawEnd::Asked, std::memory_order_relaxed);
  remaining_.store(request.maximum_notifications, std::memory_order_relaxed);
  deadline_100ns_.store(interrupt_time_100ns() + milliseconds_to_100ns(request.maximum_ms), std::memory_order_relaxed);
  active_.store(true, std::memory_order_release);
  listen_to_nt();
  return STATUS_SUCCESS;
}

void RawCapture::listen_to_nt() {
  const SetProcessRoutine set_routine = set_process_routine();
  listening_status_ = STATUS_PROCEDURE_NOT_FOUND;
  if (set_routine == nullptr) return;
  told_of_starts.store(this, std::memory_order_release);
  listening_status_ = set_routine(process_started, FALSE);
  listening_ = NT_SUCCESS(listening_status_);
  if (!listening_) told_of_starts.store(nullptr, std::memory_order_relaxed);
}

// Whatever there is of a capture goes. Under the turn.
void RawCapture::finish() {
  active_.store(false, std::memory_order_relaxed);
  if (listening_) {
    // Returns when no call of the routine is left.
    const NTSTATUS status = set_process_routine()(process_started, TRUE);
    if (!NT_SUCCESS(status)) {
      DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL,
                 "wdscope: the process-notify routine of the raw capture stays: 0x%08X.\n", status);
    }
    listening_ = false;
    told_of_starts.store(nullptr, std::memory_order_relaxed);
  }
  reader_.reset();
  owner_ = nullptr;
}

NTSTATUS RawCapture::end(PFILE_OBJECT owner, wire::RawTotals& totals) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  const Turn turn(*this);
  if (owner_ != owner) return STATUS_INVALID_DEVICE_STATE;
  in_time();
  const NTSTATUS starts_status = listening_status_;
  finish();
  totals = {notifications_.load(std::memory_order_relaxed),
            starts_.load(std::memory_order_relaxed),
            dropped_busy_.load(std::memory_order_relaxed),
            dropped_too_long_.load(std::memory_order_relaxed),
            static_cast<std::uint32_t>(ended_.load(std::memory_order_relaxed)),
            static_cast<std::uint32_t>(starts_status)};
  return STATUS_SUCCESS;
}

Reader::Filled RawCapture::read(PFILE_OBJECT owner, void* output, std::size_t output_size) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  const Turn turn(*this);
  if (owner_ != owner) return {STATUS_INVALID_DEVICE_STATE, 0};
  return reader_->fill(output, output_size);
}

void RawCapture::close(PFILE_OBJECT owner) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  const Turn turn(*this);
  if (owner_ == owner) finish();
}

void RawCapture::stop() {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  const Turn turn(*this);
  finish();
}

void RawCapture::stop_because(RawEnd reason) {
  if (active_.exchange(false, std::memory_order_relaxed)) ended_.store(reason, std::memory_order_relaxed);
}

bool RawCapture::in_time() {
  if (!active_.load(std::memory_order_relaxed)) return false;
  if (interrupt_time_100ns() < deadline_100ns_.load(std::memory_order_relaxed)) return true;
  stop_because(RawEnd::TimeOver);
  return false;
}

void RawCapture::capture(const void* argument, const std::uint64_t* event) {
  std::atomic_thread_fence(std::memory_order_acquire);  // what begin() made is there
  if (!in_time()) return;
  const auto& record = *reinterpret_cast<const wire::ProcessRecord*>(event);
  if (KeGetCurrentIrql() > APC_LEVEL) return;  // nothing foreign can be read
  if (record.header.size > wire::kMaximumRawEventSize) {
    dropped_too_long_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  const std::int64_t remaining = remaining_.fetch_sub(1, std::memory_order_relaxed);
  if (remaining <= 1) stop_because(RawEnd::CountOver);
  if (remaining < 1) return;
  const Buffer buffer(*this);
  if (buffer.words() == nullptr) {
    dropped_busy_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  RawCandidate candidate;
  using defender::OperationType;
  const auto operation = static_cast<OperationType>(record.operation_type);
  const bool has_frame = (record.known & wire::known::Argument) != 0 &&
                         (operation == OperationType::Create || operation == OperationType::Terminate);
  if (has_frame) candidate = find_raw_candidate(reinterpret_cast<std::uint64_t>(argument), StackLimits::current());
  build_raw_notification(buffer.words(), event, candidate);
  ring_.publish(buffer.words());
  notifications_.fetch_add(1, std::memory_order_relaxed);
}

VOID RawCapture::process_started(PEPROCESS process, HANDLE process_id, PPS_CREATE_NOTIFY_INFO create_info) {
  RawCapture* const capture = told_of_starts.load(std::memory_order_acquire);
  if (create_info == nullptr || capture == nullptr) return;
  if (!capture->active_.load(std::memory_order_acquire) || !capture->in_time()) return;
  capture->capture_start(process, process_id, *create_info);
}

void RawCapture::capture_start(PEPROCESS process, HANDLE process_id, const PS_CREATE_NOTIFY_INFO& create_info) {
  const Buffer buffer(*this);
  if (buffer.words() == nullptr) {
    dropped_busy_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  build_raw_start(buffer.words(), process, process_id, create_info.ParentProcessId, create_info.CommandLine);
  ring_.publish(buffer.words());
  starts_.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace wdscope::observer
