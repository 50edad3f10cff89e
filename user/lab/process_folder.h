// SPDX-License-Identifier: MIT
// What /proc says of a process. A process may be gone, a zombie or out of reach at any moment: whatever could not be
// read is absent, and nothing here is an error.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wdscope {

// /proc/PID/stat
struct ProcessStat {
  std::string comm;  // at most 15 bytes
  char state = '?';
  pid_t parent = 0;
  int terminal = 0;  // 0: no controlling terminal
  int thread_count = 0;
  bool kernel_thread = false;
  std::uint64_t start_ticks = 0;  // clock ticks since boot

  // Dead, with no thread left that lives.
  bool ended() const { return state == 'X' || (state == 'Z' && thread_count <= 1); }
};

std::optional<ProcessStat> parse_stat(std::string_view text);
std::optional<ProcessStat> read_stat(pid_t pid);

// The thread group (process) that a thread belongs to.
std::optional<pid_t> read_thread_group(pid_t thread);

// Path of the image; without the mark that Linux appends when the file was removed.
std::optional<std::string> read_image_path(pid_t pid);

// Arguments; empty for a kernel thread or a zombie. Reads no more than a Windows command line can hold.
std::optional<std::vector<std::string>> read_arguments(pid_t pid);
std::vector<std::string> split_arguments(std::string_view text);

// Process ids, unordered. Empty if /proc cannot be read.
std::vector<pid_t> list_processes();

}  // namespace wdscope
