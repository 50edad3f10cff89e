// SPDX-License-Identifier: MIT
// What a feed of processes has done.
#pragma once

#include <cstdint>

namespace wdscope {

struct FeedCounts {
  std::uint64_t started = 0;  // processes announced
  std::uint64_t exited = 0;
  std::uint64_t lost = 0;        // messages the kernel dropped before we read them (connector overflow)
  std::uint64_t incomplete = 0;  // processes gone before their image or command line could be read
  std::uint64_t clipped = 0;     // command lines longer than NT can hold, announced as a prefix
  std::uint64_t refused = 0;     // processes that the NT host would not start
  std::uint64_t denied = 0;      // processes that the service denied; started and exited count them too
  std::uint64_t enforced = 0;    // of them, those that ended before their first instruction
  std::uint64_t unreadable = 0;  // messages of the notifier that the service could not read, and answered nothing
};

}  // namespace wdscope
