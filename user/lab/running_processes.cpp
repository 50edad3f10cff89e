// SPDX-License-Identifier: MIT
#include "lab/running_processes.h"

#include <algorithm>
#include <tuple>

#include "lab/process_folder.h"

namespace wdscope {

std::vector<RunningProcess> read_running_processes(const LabClock& clock) {
  std::vector<RunningProcess> running;
  for (const pid_t pid : list_processes()) {
    RunningProcess process;
    process.pid = pid;
    process.seen = clock.now();
    const auto stat = read_stat(pid);
    if (!stat || stat->ended()) continue;
    process.parent = stat->parent;
    process.created = clock.from_boot_ticks(stat->start_ticks);
    process.identity = read_identity(pid);
    process.kind = stat->kernel_thread ? RunningProcess::Kind::Kernel : RunningProcess::Kind::User;
    running.push_back(std::move(process));
  }
  // A parent is never younger than its child; within one tick the smaller id goes first.
  std::sort(running.begin(), running.end(), [](const RunningProcess& left, const RunningProcess& right) {
    return std::tie(left.created, left.pid) < std::tie(right.created, right.pid);
  });
  return running;
}

}  // namespace wdscope
