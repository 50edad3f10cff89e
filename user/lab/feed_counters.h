// SPDX-License-Identifier: MIT
// What the feeds count; written by a feed's threads, read by anybody.
#pragma once

#include <atomic>
#include <cstdint>

#include "lab/feed_counts.h"

namespace wdscope {

struct FeedCounters {
  std::atomic<std::uint64_t> started{0};
  std::atomic<std::uint64_t> exited{0};
  std::atomic<std::uint64_t> lost{0};
  std::atomic<std::uint64_t> incomplete{0};
  std::atomic<std::uint64_t> clipped{0};
  std::atomic<std::uint64_t> refused{0};
  std::atomic<std::uint64_t> denied{0};
  std::atomic<std::uint64_t> enforced{0};

  FeedCounts read() const { return {started, exited, lost, incomplete, clipped, refused, denied, enforced}; }
};

}  // namespace wdscope
