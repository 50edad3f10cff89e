// SPDX-License-Identifier: MIT
// Which processes NT has now, as they were announced: who asks for a new process's parent, or tells the notifier of
// those that run already, looks here. Any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "host/machine.h"
#include "lab/engine_message.h"

namespace wdscope {

class ProcessRoster {
 public:
  struct Process {
    std::uint32_t process_id = 0;
    std::int64_t created_100ns = 0;
    std::uint32_t parent_process_id = 0;
    std::u16string image;
    std::u16string command_line;

    // As the notifier would have asked about it. The texts are this process's.
    CreateMessage message() const;
  };

  void add(const host::ProcessStart& process);
  void remove(std::uint64_t process_id);

  // The image of the process that `child` names as its parent, as long as that runs; empty when it does not, or when
  // its id belongs to a younger process by now.
  std::u16string parent_image_of(const CreateMessage& child) const;
  // The oldest first.
  std::vector<Process> running() const;

 private:
  using Processes = std::unordered_map<std::uint64_t, Process>;  // by NT process id

  static constexpr std::size_t kSpare = 16;

  mutable std::mutex mutex_;
  Processes processes_;
  std::vector<Processes::node_type> spare_;  // of processes that are gone: their memory is used again
};

}  // namespace wdscope
