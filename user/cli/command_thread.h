// SPDX-License-Identifier: MIT
// A blocking call, in practice one that runs a command, on a thread of its own while its events are read elsewhere.
#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <thread>

#include "event/result.h"

namespace wdscope::cli {

class CommandThread {
 public:
  // `run` blocks until the command is over and returns its status as a shell gives it; `on_end` is called after it, on
  // the same thread.
  CommandThread(std::function<Result<int>()> run, std::function<void()> on_end);
  ~CommandThread();  // waits
  CommandThread(const CommandThread&) = delete;
  CommandThread& operator=(const CommandThread&) = delete;

  bool over() const;
  // At most this long, or until over().
  void wait_for(std::chrono::milliseconds time) const;
  // What `run` returned; blocks until it has. Once.
  Result<int> result();

 private:
  std::future<Result<int>> result_;
  std::thread thread_;
};

}  // namespace wdscope::cli
