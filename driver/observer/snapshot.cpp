// SPDX-License-Identifier: MIT
#include "observer/snapshot.h"

#include "kit/irql.h"
#include "observer/clock.h"

namespace wdscope::observer {

NTSTATUS Snapshot::take(wire::SnapshotTrigger trigger) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  if (!subscription_.can_refresh()) return STATUS_NOT_FOUND;
  if (!subscription_.is_registered()) return STATUS_DEVICE_NOT_READY;
  if (taking_.exchange(true, std::memory_order_acquire)) return STATUS_DEVICE_BUSY;
  NTSTATUS status = STATUS_DEVICE_BUSY;
  const std::uint64_t interval_100ns = milliseconds_to_100ns(wire::kRefreshIntervalMs);
  if (last_100ns_ == 0 || interrupt_time_100ns() - last_100ns_ >= interval_100ns) {
    ask(trigger);
    last_100ns_ = interrupt_time_100ns();
    status = STATUS_SUCCESS;
  }
  taking_.store(false, std::memory_order_release);
  return status;
}

void Snapshot::ask(wire::SnapshotTrigger trigger) {
  const std::uint32_t number = ++number_;
  observation_.begin_snapshot(number, trigger);
  subscription_.ask_for_refresh();
  observation_.end_snapshot(number, trigger);
}

}  // namespace wdscope::observer
