// SPDX-License-Identifier: MIT
// A machine of a history from its boot to its end, in this process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "event/source.h"
#include "lab/feed_counts.h"
#include "lab/lab.h"

namespace wdscope {

struct MachineAccount {
  FeedCounts feed;
  SourceCounts source;
  std::uint64_t without_record = 0;  // notifications that the observer could make no record of; known at the end
};

// Who hears of what is played. An error ends the play and is returned by it.
struct PlayListener {
  // Whose records follow; once for a machine.
  std::function<Result<void>(const Origin&)> begin;
  // Whole records in their order, and the account with them; now and then none, so that a play can be ended.
  std::function<Result<void>(std::span<const std::byte> records, const MachineAccount& so_far)> take;
  // How it went: also of a machine that failed after begin.
  std::function<void(const MachineAccount&)> end;
};

// Plays options.history. Errors of Lab::start and Lab::play, and the listener's.
Result<void> play_machine(const LabOptions& options, const PlayListener& listener);

}  // namespace wdscope
