// SPDX-License-Identifier: MIT
#include "lab/wake_child.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "lab/quiet_fork.h"

namespace wdscope {

Result<WakeChild> WakeChild::make() {
  int ends[2] = {-1, -1};
  pid_t pid = -1;
  if (pipe2(ends, O_CLOEXEC) == 0) pid = quiet_fork();
  if (pid == 0) {
    close(ends[1]);
    char nothing = 0;
    while (read(ends[0], &nothing, 1) < 0 && errno == EINTR) {
    }
    _exit(0);
  }
  const int error = errno;
  if (ends[0] >= 0) close(ends[0]);
  if (pid < 0) {
    if (ends[1] >= 0) close(ends[1]);
    return failure(ErrorCode::SourceUnavailable, std::string("cannot make a process: ") + std::strerror(error), {},
                   error);
  }
  return WakeChild(pid, ends[1]);
}

WakeChild::WakeChild(WakeChild&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)), file_(std::exchange(other.file_, -1)) {}

WakeChild::~WakeChild() {
  wake();
  if (pid_ == 0) return;
  while (waitpid(pid_, nullptr, __WALL) < 0 && errno == EINTR) {
  }
}

void WakeChild::wake() {
  if (const int file = std::exchange(file_, -1); file >= 0) close(file);
}

}  // namespace wdscope
