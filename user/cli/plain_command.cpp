// SPDX-License-Identifier: MIT
#include "cli/plain_command.h"

#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern "C" {  // glibc 2.36's header does not say so itself
#include <sys/pidfd.h>
}

#include <cerrno>
#include <cstring>

namespace wdscope::cli {

Result<std::unique_ptr<PlainCommand>> PlainCommand::start(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = 0;
  if (const int error = posix_spawnp(&pid, arguments[0], nullptr, nullptr, arguments.data(), environ); error != 0) {
    return failure(ErrorCode::SourceUnavailable,
                   fmt::format("cannot start '{}': {}", command.front(), std::strerror(error)), {},
                   error == ENOENT ? 127 : 126);
  }
  const int descriptor = pidfd_open(pid, 0);
  if (descriptor < 0) {
    const int error = errno;
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    return failure(ErrorCode::SourceUnavailable, fmt::format("cannot follow '{}'", command.front()), {}, error);
  }
  return std::unique_ptr<PlainCommand>(new PlainCommand(descriptor));
}

PlainCommand::~PlainCommand() {
  close(pid_descriptor_);
}

Result<int> PlainCommand::wait() {
  siginfo_t info = {};
  while (waitid(P_PIDFD, static_cast<id_t>(pid_descriptor_), &info, WEXITED) != 0) {
    if (errno != EINTR) return failure(ErrorCode::Internal, "cannot wait for the command", {}, errno);
  }
  return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

void PlainCommand::signal(int number) {
  pidfd_send_signal(pid_descriptor_, number, nullptr, 0);
}

}  // namespace wdscope::cli
