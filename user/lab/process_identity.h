// SPDX-License-Identifier: MIT
// What a process is, in NT's words: image, command line, session. Shared by a process and the forks that copy it.
//
// Image: the NT path of /proc/PID/exe. When that is gone or out of reach, the kernel's short name (comm) without a
// folder, or "<unknown>" when even that is gone; a kernel thread is its name in brackets. None of these is a path.
// Session: 1 for a process with a controlling terminal, 0 (NT's session of services) for one without.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>

namespace wdscope {

struct ProcessIdentity {
  enum class Knowledge : std::uint8_t {
    Whole,    // image and command line as the kernel has them
    Partial,  // the process was gone, or out of reach, before both were read
  };
  std::u16string image;
  std::u16string command_line;
  std::uint32_t session_id = 0;
  Knowledge knowledge = Knowledge::Whole;
  bool command_line_clipped = false;
};

using SharedIdentity = std::shared_ptr<const ProcessIdentity>;

// As /proc has it now. Never fails: see Knowledge.
SharedIdentity read_identity(pid_t pid);

// Of a process of which nothing was ever read.
SharedIdentity unknown_identity();

}  // namespace wdscope
