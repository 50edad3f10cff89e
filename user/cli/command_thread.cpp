// SPDX-License-Identifier: MIT
#include "cli/command_thread.h"

namespace wdscope::cli {

CommandThread::CommandThread(std::function<Result<int>()> run, std::function<void()> on_end) {
  std::packaged_task<Result<int>()> task(std::move(run));
  result_ = task.get_future();
  thread_ = std::thread([task = std::move(task), on_end = std::move(on_end)]() mutable {
    task();
    on_end();
  });
}

CommandThread::~CommandThread() {
  thread_.join();
}

bool CommandThread::over() const {
  return result_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

void CommandThread::wait_for(std::chrono::milliseconds time) const {
  result_.wait_for(time);
}

Result<int> CommandThread::result() {
  return result_.get();
}

}  // namespace wdscope::cli
