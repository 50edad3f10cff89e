// SPDX-License-Identifier: MIT
// The way to the service that plays Defender's engine: messages out, answers back (abi/wire/engine.h). WdFilter uses
// filter-manager ports here; what travels is the same.
//
// Invariants, all under one fast mutex:
//   - an envelope stands in exactly one list: one of the three queues, or `unanswered_` once delivered and waiting;
//   - an envelope with a waiter is owned by the thread in ask(); any other by the port;
//   - whoever answers a waiter first takes its envelope off its list, so a waiter is answered once; that it is answered
//     is the last that is written of it, and may be read without the mutex;
//   - with nobody connected all lists are empty.
// Requests of the engine that wait for a message stand in a cancel-safe queue of their own. A request is taken out only
// while a message is at hand; it is completed after the mutex is released.
#pragma once

#include <atomic>
#include <cstdint>

#include "abi/wire/engine.h"
#include "kit/device.h"
#include "kit/nt.h"

namespace wdscope::notifier {

// The longest answer of any profile.
inline constexpr std::uint32_t kMaximumReplySize = 0x70;

struct EngineAnswer {
  std::uint32_t size;  // as sent; only the first kMaximumReplySize bytes are kept
  std::uint8_t bytes[kMaximumReplySize];
};

struct EngineWaiter;

// One message on its way; its bytes follow in memory.
struct EngineEnvelope {
  LIST_ENTRY links;
  std::uint64_t id;
  std::uint32_t size;    // bytes of the message
  EngineWaiter* waiter;  // null: nobody waits for an answer
  std::uint8_t* bytes() { return reinterpret_cast<std::uint8_t*>(this + 1); }
};

// <= APC_LEVEL. Room for `size` message bytes, which are the caller's to write, or null.
[[nodiscard]] EngineEnvelope* allocate_envelope(std::uint32_t size);
void free_envelope(EngineEnvelope* envelope);

enum class MessagePriority { High, Normal };

class EnginePort {
 public:
  // Messages that nobody fetches are kept up to so many bytes; later ones are dropped and counted. assumed.
  static constexpr std::uint32_t kMaximumQueuedSize = 1024 * 1024;

  EnginePort() = default;
  EnginePort(const EnginePort&) = delete;
  EnginePort& operator=(const EnginePort&) = delete;

  // PASSIVE_LEVEL, from DriverEntry. Makes the device and its names.
  [[nodiscard]] NTSTATUS start(PDRIVER_OBJECT driver);

  // Any IRQL. Whether an engine is connected now.
  bool connected() const { return connected_.load(std::memory_order_acquire); }

  // PASSIVE_LEVEL, no lock held. Sends a message and waits for its answer; the envelope stays the caller's.
  // STATUS_TIMEOUT, STATUS_PORT_DISCONNECTED (the engine went, or none was there), or an error status that the engine
  // sent instead of an answer. *answer is written on STATUS_SUCCESS alone.
  [[nodiscard]] NTSTATUS ask(EngineEnvelope* envelope, ULONG timeout_ms, EngineAnswer* answer);

  // <= APC_LEVEL, no lock held. Queues a message, or drops and counts it; takes the envelope.
  void post(EngineEnvelope* envelope, MessagePriority priority);

  // The device's requests (engine_device.cpp), PASSIVE_LEVEL.
  [[nodiscard]] NTSTATUS connect(PFILE_OBJECT file);
  // Wakes every waiter, frees every message, cancels every request of the engine.
  void disconnect();
  // Queues the request and returns STATUS_PENDING; from then on it may be completed at any moment.
  [[nodiscard]] NTSTATUS get_message(PIRP irp);
  // STATUS_NOT_FOUND: nobody waits for an answer to that message (any more).
  [[nodiscard]] NTSTATUS reply(const wire::EngineReply& header, const std::uint8_t* bytes);

  std::uint64_t dropped_count() const { return dropped_.load(); }

 private:
  static constexpr std::uint32_t kQueueCount = 3;  // creates that wait, high, normal

  static VOID NTAPI insert_irp(PIO_CSQ csq, PIRP irp);
  static VOID NTAPI remove_irp(PIO_CSQ csq, PIRP irp);
  static PIRP NTAPI peek_next_irp(PIO_CSQ csq, PIRP irp, PVOID context);
  static VOID NTAPI acquire_lock(PIO_CSQ csq, PKIRQL irql);
  static VOID NTAPI release_lock(PIO_CSQ csq, KIRQL irql);
  static VOID NTAPI complete_canceled_irp(PIO_CSQ csq, PIRP irp);

  struct Delivery;
  EngineEnvelope* first_message();
  Delivery next_delivery();
  void carry_out(Delivery delivery);
  void deliver();
  void finish(EngineEnvelope* envelope, NTSTATUS status, std::uint32_t size, const std::uint8_t* bytes);

  kit::ControlDevice device_;
  std::atomic<bool> connected_{false};  // written under mutex_
  std::atomic<std::uint64_t> dropped_{0};
  FAST_MUTEX mutex_;
  LIST_ENTRY queues_[kQueueCount];
  // Whether there may be messages in them. Written under mutex_, before the requests are looked at; who adds a request
  // reads it afterwards without the mutex: one of the two sees the other's, as both take the requests' own lock
  // between.
  std::atomic<bool> has_messages_{false};
  LIST_ENTRY unanswered_;
  std::uint32_t queued_size_ = 0;  // of messages that nobody waits for
  std::uint64_t last_id_ = 0;

  IO_CSQ csq_;
  KSPIN_LOCK irp_lock_;
  LIST_ENTRY irps_;
};

extern EnginePort* MpEnginePort;  // null before start and after stop

// PASSIVE_LEVEL. STATUS_INSUFFICIENT_RESOURCES, or what device and names give.
[[nodiscard]] NTSTATUS start_engine_port(PDRIVER_OBJECT driver);
void stop_engine_port();

}  // namespace wdscope::notifier
