// SPDX-License-Identifier: MIT
// Where labs that stand can be found: each has a socket PID.sock (lab/policy_socket.h) in its user's folder.
//
// The folder: $XDG_RUNTIME_DIR/wdscope, when that variable names a folder of this user's; else root's is /run/wdscope
// and everybody else's wdscope-UID among the temporary files. Only its owner may write there, and nobody else may look
// inside, but for root's, where everybody sees that there is a lab.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "event/result.h"

namespace wdscope {

struct StandingLab {
  std::filesystem::path socket;
  pid_t pid = 0;
  std::string command;  // as it was typed; empty when that cannot be read
};

// The socket of this process's lab; its folder is made if need be. NotPermitted: the folder belongs to somebody else,
// or others may write there. SourceUnavailable: it cannot be made.
Result<std::filesystem::path> own_lab_socket();

// Where the socket of the lab of process `pid` would be: in this user's folder or else in root's, whichever has it.
std::filesystem::path lab_socket_of(pid_t pid);

// The labs that still listen, by process id: those in this user's folder, or when there are none, root's.
std::vector<StandingLab> standing_labs();

}  // namespace wdscope
