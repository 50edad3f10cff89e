// SPDX-License-Identifier: MIT
#include "lab/command_launch.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "lab/quiet_fork.h"

namespace wdscope {
namespace {

// Runs in the forked child of a program with threads: only async-signal-safe calls.
[[noreturn]] void become(char* const* arguments, int gate, int report) {
  char token = 0;
  ssize_t length = 0;
  do {
    length = read(gate, &token, 1);
  } while (length < 0 && errno == EINTR);
  if (length != 1) _exit(127);
  signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execvp(arguments[0], arguments);
  const int error = errno;
  // The exit code is what counts if this write fails; the pipe is empty and has room.
  const ssize_t written = write(report, &error, sizeof error);
  _exit(written == sizeof error ? 127 : 126);
}

void close_if_open(int& file) {
  if (file >= 0) close(file);
  file = -1;
}

}  // namespace

Result<CommandLaunch> CommandLaunch::prepare(const std::vector<std::string>& command) {
  if (command.empty() || command.front().empty())
    return failure(ErrorCode::Usage, "no command to run", "name one behind --");
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);

  int gate[2] = {-1, -1};
  int report[2] = {-1, -1};
  pid_t pid = -1;
  if (pipe2(gate, O_CLOEXEC) == 0 && pipe2(report, O_CLOEXEC) == 0) pid = quiet_fork();
  if (pid == 0) {
    // Or the child would keep its own gate open.
    close(gate[1]);
    become(arguments.data(), gate[0], report[1]);
  }
  const int error = errno;
  close_if_open(gate[0]);
  close_if_open(report[1]);
  if (pid < 0) {
    close_if_open(gate[1]);
    close_if_open(report[0]);
    return failure(ErrorCode::SourceUnavailable, std::string("cannot make a process: ") + std::strerror(error), {},
                   error);
  }
  return CommandLaunch(pid, gate[1], report[0]);
}

CommandLaunch::CommandLaunch(CommandLaunch&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)),
      gate_(std::exchange(other.gate_, -1)),
      report_(std::exchange(other.report_, -1)) {}

CommandLaunch::~CommandLaunch() {
  const bool at_gate = gate_ >= 0;
  close_if_open(gate_);
  while (at_gate && waitpid(pid_, nullptr, __WALL) < 0 && errno == EINTR) {
  }
  close_if_open(report_);
}

void CommandLaunch::release() {
  const char token = 1;
  while (write(gate_, &token, 1) < 0 && errno == EINTR) {
  }
  close_if_open(gate_);
}

int CommandLaunch::exec_errno() const {
  int error = 0;
  ssize_t length = 0;
  do {
    length = read(report_, &error, sizeof error);
  } while (length < 0 && errno == EINTR);
  return length == sizeof error ? error : 0;
}

}  // namespace wdscope
