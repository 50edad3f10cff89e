// SPDX-License-Identifier: MIT
#include "notifier/engine_port.h"

#include <new>

#include "kit/irql.h"
#include "kit/kernel_string.h"
#include "kit/locks.h"
#include "kit/pool.h"
#include "notifier/engine_device.h"
#include "notifier/exclusions.h"
#include "notifier/hardening_exclusion.h"
#include "notifier/mp_data.h"
#include "notifier/pool_tag.h"
#include "notifier/trace.h"

namespace wdscope::notifier {

EnginePort* MpEnginePort;

using defender::MpDataLayout;

// Stands on the stack of the thread in ask(): nonpaged, as the thread waits in kernel mode.
struct EngineWaiter {
  explicit EngineWaiter(EngineAnswer* place) : answer(place) {}

  KEVENT done;           // made and signalled only where the thread sleeps
  EngineAnswer* answer;  // written on STATUS_SUCCESS alone
  NTSTATUS status = STATUS_SUCCESS;
  bool sleeps = false;                // under the port's mutex
  std::atomic<bool> answered{false};  // from then on nobody touches the waiter
};

// A message put into a request that waited for one: what is left to do without the mutex.
struct EnginePort::Delivery {
  PIRP irp = nullptr;  // null: no message, or no request
  NTSTATUS status = STATUS_SUCCESS;
  ULONG_PTR information = 0;
  EngineEnvelope* finished = nullptr;  // delivered to nobody who waits for an answer
  bool more = false;                   // messages are left
};

namespace {

constexpr std::uint32_t kWaitingQueue = 0;
constexpr LONGLONG k100nsPerMs = 10000;
constexpr ULONG64 k100nsPerTick = 156250;  // the clock interrupt's usual period

EngineEnvelope* envelope_of(LIST_ENTRY* links) {
  return CONTAINING_RECORD(links, EngineEnvelope, links);
}

EnginePort* port_of(PIO_CSQ) {
  return MpEnginePort;
}

ULONG output_length(PIRP irp) {
  return IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl.OutputBufferLength;
}

std::uint32_t delivered_size(const EngineEnvelope* envelope) {
  return sizeof(wire::EngineMessage) + envelope->size;
}

using kit::complete;

}  // namespace

EngineEnvelope* allocate_envelope(std::uint32_t size) {
  void* const block = ExAllocatePoolWithTag(PagedPool, sizeof(EngineEnvelope) + size, pool_tag::kMessage);
  return block ? new (block) EngineEnvelope{.links = {}, .id = 0, .size = size, .waiter = nullptr} : nullptr;
}

void free_envelope(EngineEnvelope* envelope) {
  ExFreePoolWithTag(envelope, pool_tag::kMessage);
}

NTSTATUS EnginePort::start(PDRIVER_OBJECT driver) {
  ExInitializeFastMutex(&mutex_);
  for (LIST_ENTRY& queue : queues_) InitializeListHead(&queue);
  InitializeListHead(&unanswered_);
  InitializeListHead(&irps_);
  KeInitializeSpinLock(&irp_lock_);
  NTSTATUS status =
      IoCsqInitialize(&csq_, insert_irp, remove_irp, peek_next_irp, acquire_lock, release_lock, complete_canceled_irp);
  if (!NT_SUCCESS(status)) return status;
  set_engine_dispatch(driver);
  return device_.create(driver, kit::counted(wire::kEngineDeviceName), kit::counted(wire::kEngineDosDeviceName),
                        wire::kDeviceType, kit::Opens::Exclusive, 0);
}

NTSTATUS EnginePort::ask(EngineEnvelope* envelope, ULONG timeout_ms, EngineAnswer* answer) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  EngineWaiter waiter(answer);
  envelope->waiter = &waiter;
  Delivery delivery;
  {
    const kit::FastMutexGuard guard(mutex_);
    if (!connected()) return STATUS_PORT_DISCONNECTED;
    envelope->id = ++last_id_;
    InsertTailList(&queues_[kWaitingQueue], &envelope->links);
    has_messages_.store(true, std::memory_order_relaxed);
    delivery = next_delivery();
  }
  carry_out(delivery);
  if (waiter.answered.load(std::memory_order_acquire)) return waiter.status;
  {
    const kit::FastMutexGuard guard(mutex_);
    if (waiter.answered.load(std::memory_order_relaxed)) return waiter.status;
    KeInitializeEvent(&waiter.done, NotificationEvent, FALSE);
    waiter.sleeps = true;
  }
  LARGE_INTEGER timeout;
  timeout.QuadPart = -LONGLONG{timeout_ms} * k100nsPerMs;
  KeWaitForSingleObject(&waiter.done, Executive, KernelMode, FALSE, &timeout);
  // Also after an answer: whoever gave it may still be inside with the waiter in hand.
  const kit::FastMutexGuard guard(mutex_);
  if (!waiter.answered.load(std::memory_order_relaxed)) {
    RemoveEntryList(&envelope->links);
    return STATUS_TIMEOUT;
  }
  return waiter.status;
}

void EnginePort::post(EngineEnvelope* envelope, MessagePriority priority) {
  bool queued = false;
  Delivery delivery;
  {
    const kit::FastMutexGuard guard(mutex_);
    if (connected() && envelope->size <= kMaximumQueuedSize - queued_size_) {
      envelope->id = ++last_id_;
      queued_size_ += envelope->size;
      InsertTailList(&queues_[priority == MessagePriority::High ? 1 : 2], &envelope->links);
      has_messages_.store(true, std::memory_order_relaxed);
      queued = true;
      delivery = next_delivery();
    }
  }
  if (!queued) {
    dropped_.fetch_add(1);
    free_envelope(envelope);
    return;
  }
  carry_out(delivery);
}

NTSTATUS EnginePort::connect(PFILE_OBJECT file) {
  if (file->FileName.Length != 0) return STATUS_OBJECT_NAME_NOT_FOUND;
  {
    const ResourceLock lock(mp_data_resource(), LockMode::Exclusive);
    if (mp_data(&MpDataLayout::ConnectionCount) != 0) return STATUS_ACCESS_DENIED;
    PEPROCESS const process = PsGetCurrentProcess();
    ObReferenceObject(process);
    mp_data(&MpDataLayout::EngineProcess) = as_address(process);
    mp_data_atomic(&MpDataLayout::EngineProcessId) = reinterpret_cast<ULONG_PTR>(PsGetCurrentProcessId());
    mp_data(&MpDataLayout::ConnectionCount) = 1;
    mp_data(&MpDataLayout::ProtectionPort) = as_address(file);
    mp_data(&MpDataLayout::AsyncPort) = as_address(file);
  }
  {
    const kit::FastMutexGuard guard(mutex_);
    connected_.store(true, std::memory_order_release);
  }
  MpSetProcessExempt(nullptr, nullptr, Exempt::Yes, PsGetCurrentProcess());
  // assumed: the service turns behaviour monitoring on as soon as it is there.
  mp_data_atomic(&MpDataLayout::MonitorFlags).fetch_or(defender::monitor_flag::BehaviourMonitoring);
  trace_info("engine connected: process %p", PsGetCurrentProcessId());
  return STATUS_SUCCESS;
}

void EnginePort::disconnect() {
  mp_data_atomic(&MpDataLayout::MonitorFlags).fetch_and(~defender::monitor_flag::BehaviourMonitoring);
  {
    const kit::FastMutexGuard guard(mutex_);
    connected_.store(false, std::memory_order_release);
    for (LIST_ENTRY& queue : queues_) {
      while (!IsListEmpty(&queue)) {
        EngineEnvelope* const envelope = envelope_of(RemoveHeadList(&queue));
        if (envelope->waiter) {
          finish(envelope, STATUS_PORT_DISCONNECTED, 0, nullptr);
        } else {
          free_envelope(envelope);
        }
      }
    }
    while (!IsListEmpty(&unanswered_)) {
      finish(envelope_of(RemoveHeadList(&unanswered_)), STATUS_PORT_DISCONNECTED, 0, nullptr);
    }
    queued_size_ = 0;
  }
  while (PIRP const irp = IoCsqRemoveNextIrp(&csq_, nullptr)) complete(irp, STATUS_CANCELLED, 0);

  PEPROCESS process = nullptr;
  {
    const ResourceLock lock(mp_data_resource(), LockMode::Exclusive);
    process = as_pointer<_EPROCESS>(mp_data(&MpDataLayout::EngineProcess));
    mp_data(&MpDataLayout::EngineProcess) = 0;
    mp_data_atomic(&MpDataLayout::EngineProcessId) = 0;
    mp_data(&MpDataLayout::ConnectionCount) = 0;
    mp_data(&MpDataLayout::ProtectionPort) = 0;
    mp_data(&MpDataLayout::AsyncPort) = 0;
  }
  if (process) {
    MpSetProcessExempt(nullptr, nullptr, Exempt::No, process);
    ObDereferenceObject(process);
  }
  if (mp_data_has(&MpDataLayout::LastDisconnectTick)) {
    // KeQueryTickCount is no routine on x64 but a read of the shared page, which these drivers do without.
    ULONG64 counter = 0;
    mp_data(&MpDataLayout::LastDisconnectTick) = KeQueryInterruptTimePrecise(&counter) / k100nsPerTick;
    const NTSTATUS status = reset_hardening_exclusions();
    if (!NT_SUCCESS(status)) trace_error("hardening exclusions not reset: status %08X", status);
  }
  trace_info("engine disconnected; %I64u messages dropped so far", dropped_count());
}

NTSTATUS EnginePort::get_message(PIRP irp) {
  if (output_length(irp) < sizeof(wire::EngineMessage)) {
    complete(irp, STATUS_BUFFER_TOO_SMALL, 0);
    return STATUS_BUFFER_TOO_SMALL;
  }
  IoCsqInsertIrp(&csq_, irp, nullptr);
  if (has_messages_.load(std::memory_order_relaxed)) deliver();
  return STATUS_PENDING;
}

NTSTATUS EnginePort::reply(const wire::EngineReply& header, const std::uint8_t* bytes) {
  const kit::FastMutexGuard guard(mutex_);
  for (LIST_ENTRY* links = unanswered_.Flink; links != &unanswered_; links = links->Flink) {
    EngineEnvelope* const envelope = envelope_of(links);
    if (envelope->id != header.message_id) continue;
    RemoveEntryList(links);
    finish(envelope, static_cast<NTSTATUS>(header.status), header.reply_size, bytes);
    return STATUS_SUCCESS;
  }
  return STATUS_NOT_FOUND;
}

EngineEnvelope* EnginePort::first_message() {
  for (LIST_ENTRY& queue : queues_) {
    if (!IsListEmpty(&queue)) return envelope_of(queue.Flink);
  }
  return nullptr;
}

// Brings the first message and a waiting request together. The mutex is held.
EnginePort::Delivery EnginePort::next_delivery() {
  EngineEnvelope* const envelope = first_message();
  if (!envelope) return {};
  Delivery delivery;
  delivery.irp = IoCsqRemoveNextIrp(&csq_, nullptr);
  if (!delivery.irp) return delivery;
  if (output_length(delivery.irp) < delivered_size(envelope)) {
    delivery.status = STATUS_BUFFER_TOO_SMALL;  // the message stays first
    delivery.more = true;
    return delivery;
  }
  auto* const out = static_cast<std::uint8_t*>(delivery.irp->AssociatedIrp.SystemBuffer);
  const wire::EngineMessage header = {envelope->id, envelope->size, envelope->waiter != nullptr};
  RtlCopyMemory(out, &header, sizeof(header));
  RtlCopyMemory(out + sizeof(header), envelope->bytes(), envelope->size);
  delivery.information = delivered_size(envelope);
  RemoveEntryList(&envelope->links);
  if (envelope->waiter) {
    InsertTailList(&unanswered_, &envelope->links);
  } else {
    queued_size_ -= envelope->size;
    delivery.finished = envelope;
  }
  delivery.more = first_message() != nullptr;
  has_messages_.store(delivery.more, std::memory_order_relaxed);
  return delivery;
}

// Goes on as long as there are messages and requests. A message that comes later is its sender's to deliver.
void EnginePort::carry_out(Delivery delivery) {
  while (delivery.irp) {
    complete(delivery.irp, delivery.status, delivery.information);
    if (delivery.finished) free_envelope(delivery.finished);
    if (!delivery.more) return;
    const kit::FastMutexGuard guard(mutex_);
    delivery = next_delivery();
  }
}

void EnginePort::deliver() {
  Delivery delivery;
  {
    const kit::FastMutexGuard guard(mutex_);
    delivery = next_delivery();
  }
  carry_out(delivery);
}

// The mutex is held and the envelope is off its list.
void EnginePort::finish(EngineEnvelope* envelope, NTSTATUS status, std::uint32_t size, const std::uint8_t* bytes) {
  EngineWaiter* const waiter = envelope->waiter;
  waiter->status = status;
  if (status == STATUS_SUCCESS) {
    waiter->answer->size = size;
    RtlCopyMemory(waiter->answer->bytes, bytes, size < kMaximumReplySize ? size : kMaximumReplySize);
  }
  if (waiter->sleeps) KeSetEvent(&waiter->done, IO_NO_INCREMENT, FALSE);
  waiter->answered.store(true, std::memory_order_release);
}

VOID NTAPI EnginePort::insert_irp(PIO_CSQ csq, PIRP irp) {
  InsertTailList(&port_of(csq)->irps_, &irp->Tail.Overlay.ListEntry);
}
VOID NTAPI EnginePort::remove_irp(PIO_CSQ, PIRP irp) {
  RemoveEntryList(&irp->Tail.Overlay.ListEntry);
}
PIRP NTAPI EnginePort::peek_next_irp(PIO_CSQ csq, PIRP irp, PVOID) {
  LIST_ENTRY* const head = &port_of(csq)->irps_;
  LIST_ENTRY* const next = irp ? irp->Tail.Overlay.ListEntry.Flink : head->Flink;
  return next == head ? nullptr : CONTAINING_RECORD(next, IRP, Tail.Overlay.ListEntry);
}
VOID NTAPI EnginePort::acquire_lock(PIO_CSQ csq, PKIRQL irql) {
  KeAcquireSpinLock(&port_of(csq)->irp_lock_, irql);
}
VOID NTAPI EnginePort::release_lock(PIO_CSQ csq, KIRQL irql) {
  KeReleaseSpinLock(&port_of(csq)->irp_lock_, irql);
}
VOID NTAPI EnginePort::complete_canceled_irp(PIO_CSQ, PIRP irp) {
  complete(irp, STATUS_CANCELLED, 0);
}

NTSTATUS start_engine_port(PDRIVER_OBJECT driver) {
  void* const memory = kit::allocate_zeroed(kit::Pool::NonPaged, sizeof(EnginePort), kit::tag::Notifier);
  if (!memory) return STATUS_INSUFFICIENT_RESOURCES;
  MpEnginePort = new (memory) EnginePort;
  const NTSTATUS status = MpEnginePort->start(driver);
  if (!NT_SUCCESS(status)) stop_engine_port();
  return status;
}

void stop_engine_port() {
  if (!MpEnginePort) return;
  MpEnginePort->~EnginePort();
  ExFreePoolWithTag(MpEnginePort, kit::tag::Notifier);
  MpEnginePort = nullptr;
}

}  // namespace wdscope::notifier
