// SPDX-License-Identifier: MIT
// Which processes run now.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "event/event.h"
#include "lab/lab_clock.h"
#include "lab/process_identity.h"

namespace wdscope {

// A process seen in /proc.
struct RunningProcess {
  enum class Kind : std::uint8_t { User, Kernel };
  pid_t pid = 0;
  pid_t parent = 0;
  FileTime created = 0;  // to a clock tick, rounded down
  FileTime seen = 0;     // before its folder was read
  Kind kind = Kind::User;
  SharedIdentity identity;
};

// Every process that lives, parents before their children. Zombies are not among them.
std::vector<RunningProcess> read_running_processes(const LabClock& clock);

}  // namespace wdscope
