// SPDX-License-Identifier: MIT
// A command that runs beside the watch and that nobody traces.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "event/result.h"

namespace wdscope::cli {

class PlainCommand {
 public:
  // Searches PATH as a shell does. SourceUnavailable, with 126 or 127 in Error::native, when it cannot be started.
  static Result<std::unique_ptr<PlainCommand>> start(const std::vector<std::string>& command);
  ~PlainCommand();
  PlainCommand(const PlainCommand&) = delete;
  PlainCommand& operator=(const PlainCommand&) = delete;

  // Blocks until the command is over; its exit code, or 128 + the signal that ended it. Once.
  Result<int> wait();
  // Any thread; nothing happens when the command is over.
  void signal(int number);

 private:
  explicit PlainCommand(int pid_descriptor) : pid_descriptor_(pid_descriptor) {}

  int pid_descriptor_;
};

}  // namespace wdscope::cli
