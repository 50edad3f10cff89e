// SPDX-License-Identifier: MIT
// Which processes are meant: the filter words that ps, tree, watch, run and replay share. All that is asked for must
// hold; of several pids or images one is enough. What is not known of a process does not match.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "event/process_picture.h"

namespace wdscope {

struct ProcessFilter {
  bool untrusted = false;
  bool excluded = false;
  std::uint32_t flags = 0;            // defender::flag bits
  std::uint32_t state = 0;            // defender::state bits
  std::vector<std::uint64_t> pids;    // as they are shown: Linux ids in the lab
  std::vector<std::string> patterns;  // of images, see matches_image()

  bool empty() const;
  bool matches(const ProcessState& process) const;
};

// Without a separator the pattern is compared with the file name, else with the whole path; both slashes are one.
// '*' stands for any text and '?' for one byte; ASCII letters match in either case, as NT's names do.
bool matches_image(std::string_view pattern, std::string_view image);

// The pid as it is shown: Linux's in the lab, else NT's.
inline std::uint64_t shown_pid(const ProcessState& process) {
  return process.host_pid != 0 ? process.host_pid : process.pid;
}

std::string_view file_name_of(std::string_view path);

}  // namespace wdscope
