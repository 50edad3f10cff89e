// SPDX-License-Identifier: MIT
// The observer as a whole: its parts in the order in which they start; they stop the other way round.
#pragma once

#include <atomic>
#include <cstdint>

#include "kit/device.h"
#include "kit/event_ring.h"
#include "observer/observation.h"
#include "observer/snapshot.h"
#include "observer/subscription.h"
#include "observer/waiting_reads.h"

namespace wdscope::observer {

class Observer {
 public:
  Observer() : waiting_reads_(ring_), observation_(ring_, waiting_reads_.record_awaited()) {}
  ~Observer() { stop(); }
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;

  // Opens Defender's objects, allocates, starts the thread, makes the device, registers, and then, unless the
  // parameter SnapshotOnAttach is 0, takes a snapshot. On an error nothing is left behind; a message says what was
  // wrong. PASSIVE_LEVEL, from DriverEntry.
  [[nodiscard]] NTSTATUS start(PDRIVER_OBJECT driver, const UNICODE_STRING& registry_path);
  // Unregisters first, and waits. PASSIVE_LEVEL.
  void stop();

  const kit::EventRing& ring() const { return ring_; }
  const Counters& counters() const { return observation_.counters(); }
  Observation& observation() { return observation_; }
  const Evidence& evidence() const { return observation_.evidence(); }
  Subscription& subscription() { return subscription_; }
  Snapshot& snapshot() { return snapshot_; }
  WaitingReads& waiting_reads() { return waiting_reads_; }
  std::atomic<std::uint32_t>& reader_count() { return reader_count_; }
  std::int64_t loaded_at_100ns() const { return loaded_at_100ns_; }
  std::uint64_t boot_id() const { return boot_id_; }

 private:
  static VOID NTAPI notified(PVOID self, PVOID argument1, PVOID argument2);

  kit::EventRing ring_;
  WaitingReads waiting_reads_;
  Observation observation_;
  kit::ControlDevice device_;
  Subscription subscription_;
  Snapshot snapshot_{subscription_, observation_};
  std::atomic<std::uint32_t> reader_count_{0};
  std::int64_t loaded_at_100ns_ = 0;
  std::uint64_t boot_id_ = 0;
};

// The observer behind a device object. Valid from start() to stop().
Observer& observer_of(PDEVICE_OBJECT device);

}  // namespace wdscope::observer
