// SPDX-License-Identifier: MIT
// A snapshot: the notifier repeats the state of every process it knows, and two marks in the ring say where its
// answers begin and end. At most one at a time and one in kRefreshIntervalMs, whoever asks; never before the callback
// is registered, when the answers would go to others alone.
#pragma once

#include <atomic>
#include <cstdint>

#include "abi/wire/control.h"
#include "observer/observation.h"
#include "observer/subscription.h"

namespace wdscope::observer {

class Snapshot {
 public:
  Snapshot(Subscription& subscription, Observation& observation)
      : subscription_(subscription), observation_(observation) {}
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  // kControlRefresh's statuses. The notifications come on this thread, inside this call. PASSIVE_LEVEL, no lock held.
  [[nodiscard]] NTSTATUS take(wire::SnapshotTrigger trigger);

 private:
  void ask(wire::SnapshotTrigger trigger);

  Subscription& subscription_;
  Observation& observation_;
  std::atomic<bool> taking_{false};
  std::uint64_t last_100ns_ = 0;  // interrupt time; under taking_. 0: never
  std::uint32_t number_ = 0;      // under taking_
};

}  // namespace wdscope::observer
