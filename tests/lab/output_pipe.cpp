// SPDX-License-Identifier: MIT
#include "lab_stories/output_pipe.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace wdscope {

OutputPipe::OutputPipe() {
  std::fflush(stdout);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) std::abort();
  old_output_ = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  dup2(ends[1], STDOUT_FILENO);
  close(ends[1]);
  reader_ = ends[0];
}

OutputPipe::~OutputPipe() {
  std::fflush(stdout);
  dup2(old_output_, STDOUT_FILENO);
  close(old_output_);
  close(reader_);
}

int OutputPipe::number(const std::string& name) {
  const std::string key = "\n" + name + "=";  // a whole name: "child" is no part of "grandchild"
  for (;;) {
    const std::size_t at = seen_.find(key);
    if (at != std::string::npos && seen_.find('\n', at + 1) != std::string::npos)
      return std::atoi(seen_.c_str() + at + key.size());
    char chunk[256];
    const ssize_t length = read(reader_, chunk, sizeof chunk);
    if (length <= 0) return -1;
    seen_.append(chunk, static_cast<std::size_t>(length));
  }
}

}  // namespace wdscope
