// SPDX-License-Identifier: MIT
// The time of a lab that plays a history: it stands still until somebody moves it on, and never runs backwards.
#pragma once

#include <algorithm>
#include <atomic>

#include "event/event.h"

namespace wdscope {

// The observer's ring where time is virtual. Whoever plays reads often enough; a ring that is small stays in the
// processor's caches.
inline constexpr std::uint32_t kPlayedRingKb = 1024;

class VirtualClock {
 public:
  explicit VirtualClock(FileTime start) : now_(start) {}

  // Any thread.
  FileTime now() const { return now_.load(std::memory_order_relaxed); }
  // One thread.
  void advance_to(FileTime time) { now_.store(std::max(time, now()), std::memory_order_relaxed); }

 private:
  std::atomic<FileTime> now_;
};

}  // namespace wdscope
