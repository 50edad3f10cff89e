// SPDX-License-Identifier: MIT
// A feed of a machine's recorded past (capture/machine_history.h): its processes start and end at their own times, on
// the calling thread, as fast as the listener takes them.
//
// - DOS paths become NT paths. Process ids are Windows' own.
// - A process that ran before the first record is adopted; its creation time, which no record tells, is the clock's.
// - The clock shows the time of a step while the listener is told of it.
// - A process that the listener would not start (refused, or denied by its notifier) is not told of its end.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "capture/machine_history.h"
#include "lab/feed_counters.h"
#include "lab/process_listener.h"
#include "lab/virtual_clock.h"

namespace wdscope {

class HistoryFeed {
 public:
  // All must outlive the feed. The clock should stand before the first step.
  HistoryFeed(const MachineHistory& history, ProcessListener& listener, VirtualClock& clock, FeedCounters& counters);

  // Those that ran before. Once, before play().
  void adopt();
  // Everything else. `between` is called now and then, before what was told amounts to more than kBurst bytes of text
  // or kBurstSteps steps, which the observer's ring holds several times; its error ends the play.
  Result<void> play(const std::function<Result<void>()>& between);

  static constexpr std::size_t kBurst = 128 * 1024;
  static constexpr std::size_t kBurstSteps = 256;

 private:
  enum class State : std::uint8_t { Absent, Running };

  host::ProcessStart& describe(const HistoryProcess& process);
  void fetch_ahead(std::size_t step) const;
  void start(std::uint32_t index);
  void end(std::uint32_t index);

  const MachineHistory& history_;
  ProcessListener& listener_;
  VirtualClock& clock_;
  FeedCounters& counters_;
  std::vector<State> states_;     // as history_.processes
  host::ProcessStart described_;  // last; its strings' memory is used again
};

}  // namespace wdscope
