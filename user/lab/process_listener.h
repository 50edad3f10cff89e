// SPDX-License-Identifier: MIT
// Who is told of the processes that a feed sees: the machine, or a test.
#pragma once

#include <cstdint>

#include "host/machine.h"

namespace wdscope {

class ProcessListener {
 public:
  enum class Answer : std::uint8_t {
    Accepted,
    Denied,   // announced, denied by a driver, announced as gone: NT has it no more
    Refused,  // NT would not have it, nobody was told
  };

  virtual ~ProcessListener() = default;
  // A process that ran before; never announced.
  virtual Answer adopted(const host::ProcessStart& process) = 0;
  // Returns when everybody was notified.
  virtual Answer started(const host::ProcessStart& process) = 0;
  virtual void exited(std::uint64_t process_id) = 0;
};

}  // namespace wdscope
