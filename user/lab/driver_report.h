// SPDX-License-Identifier: MIT
// What a driver under examination holds at a moment. Texts are for a reader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace wdscope {

struct DriverReport {
  struct PoolTag {
    std::string tag;
    std::string kind;  // "paged" or "nonpaged"
    std::size_t allocations = 0, bytes = 0;
  };
  struct Lock {
    std::string kind;  // "spin lock", "ERESOURCE"
    std::string place;
    std::uint64_t taken = 0;
  };

  std::string name;                        // "first_attempt.sys"
  std::vector<std::string> registrations;  // callback functions, process-notify routines
  std::vector<std::string> devices;        // and symbolic links
  std::vector<std::string> objects;        // handles, work items, threads, timers, ERESOURCEs, lookaside lists
  std::vector<PoolTag> pool;               // what is allocated and not freed
  std::vector<Lock> locks;                 // its own that were taken
  bool can_unload = false;                 // it has an unload routine
};

}  // namespace wdscope
