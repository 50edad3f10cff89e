// SPDX-License-Identifier: MIT
// Which image a process was created from, for the events that do not repeat it. A convenience for eyes: bounded, so it
// may have forgotten, and it never answers for another process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/event.h"

namespace wdscope::cli {

// A direct-mapped table: two processes whose ids fall into the same slot displace each other.
class ImageMemory {
 public:
  explicit ImageMemory(std::size_t slot_count = 32768);

  void remember(std::uint64_t pid, std::optional<FileTime> created, std::string_view image);
  // Empty when unknown, or when both creation times are known and differ (the pid was reused).
  std::string_view find(std::uint64_t pid, std::optional<FileTime> created) const;
  void forget(std::uint64_t pid);

 private:
  struct Slot {
    std::uint64_t pid = 0;
    std::optional<FileTime> created;
    std::string image;
  };
  std::size_t index(std::uint64_t pid) const { return pid / 4 % slots_.size(); }

  std::vector<Slot> slots_;
};

}  // namespace wdscope::cli
