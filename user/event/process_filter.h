// SPDX-License-Identifier: MIT
// Which processes are meant: the filter words that ps, tree, watch, run and replay share. All that is asked for must
// hold; of several pids or images one is enough. What is not known of a process does not match.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "event/process_picture.h"

namespace wdscope {

struct ProcessFilter {
  bool untrusted = false;
  bool excluded = false;
  std::uint32_t flags = 0;            // defender::flag bits
  std::uint32_t state = 0;            // defender::state bits
  std::vector<std::uint64_t> pids;    // as they are shown: Linux ids in the lab
  std::vector<std::string> patterns;  // of images, see event/name_pattern.h

  bool empty() const;
  // `origin` is that of the events the process was made of: an image is found by its DOS path too.
  bool matches(const ProcessState& process, const Origin& origin = {}) const;
};

// By the NT path or the DOS path, event/name_pattern.h.
bool image_matches(const ProcessState& process, const Origin& origin, const std::string& pattern);

// The pid as it is shown: Linux's in the lab, else NT's.
inline std::uint64_t shown_pid(const ProcessState& process) {
  return process.host_pid != 0 ? process.host_pid : process.pid;
}

}  // namespace wdscope
