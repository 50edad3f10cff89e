// SPDX-License-Identifier: MIT
// The callback: one notification in, one record in the ring. It allocates nothing, waits for nobody but the other
// producers' few hundred nanoseconds, keeps no foreign pointer, and believes nothing that it did not check.
#pragma once

#include <atomic>
#include <cstdint>

#include "abi/wire/record.h"
#include "kit/event_ring.h"
#include "observer/counters.h"
#include "observer/event_tracing.h"
#include "observer/evidence.h"
#include "observer/loaded_layout.h"
#include "observer/nt_facts.h"
#include "observer/raw_capture.h"
#include "observer/record_builder.h"
#include "observer/staging.h"

namespace wdscope::observer {

class Observation {
 public:
  Observation(kit::EventRing& ring, KEVENT& record_awaited) : ring_(ring), record_awaited_(record_awaited) {}
  Observation(const Observation&) = delete;
  Observation& operator=(const Observation&) = delete;

  // STATUS_INSUFFICIENT_RESOURCES. PASSIVE_LEVEL.
  [[nodiscard]] NTSTATUS start();
  // No notification may be running any more.
  void stop() {
    tracing_.stop();
    raw_capture_.stop();
    staging_.stop();
  }

  // What ExNotifyCallback passes, from whomever. IRQL <= DISPATCH_LEVEL; above APC_LEVEL only the fact is recorded.
  void notify(const void* argument1, const void* argument2);

  // Marks in the ring around what a refresh brings on this thread; one snapshot at a time. PASSIVE_LEVEL.
  void begin_snapshot(std::uint32_t number, wire::SnapshotTrigger trigger);
  void end_snapshot(std::uint32_t number, wire::SnapshotTrigger trigger);

  const Counters& counters() const { return counters_; }
  const Evidence& evidence() const { return evidence_; }
  RawCapture& raw_capture() { return raw_capture_; }
  LoadedLayout& loaded_layout() { return loaded_layout_; }

 private:
  void describe(const void* argument1, const void* argument2, RecordBuilder& builder);
  bool describe_loaded(const void* argument1, const Argument& argument, const ProcessKey* key, RecordBuilder& builder);
  void publish(std::uint64_t* record);
  void mark_snapshot(std::uint32_t number, wire::SnapshotTrigger trigger, wire::SnapshotBoundary boundary);

  kit::EventRing& ring_;
  KEVENT& record_awaited_;
  NtFacts nt_facts_;
  LoadedLayout loaded_layout_;
  RawCapture raw_capture_;
  Staging staging_;
  Counters counters_;
  Evidence evidence_;
  EventTracing tracing_;
  // Notifications on the thread that takes a snapshot; no thread's id is 0.
  std::atomic<std::uint64_t> snapshot_thread_id_{0};
  std::atomic<std::uint32_t> snapshot_answers_{0};
};

}  // namespace wdscope::observer
