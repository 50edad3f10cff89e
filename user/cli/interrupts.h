// SPDX-License-Identifier: MIT
// SIGINT, SIGTERM and SIGHUP as calls on an ordinary thread, and no death by SIGPIPE. Nothing is blocked or ignored for
// good: a command started meanwhile has the default actions. On Windows Ctrl-C and Ctrl-Break are SIGINT; a console
// that closes, a user who logs off and a shutdown are SIGTERM.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace wdscope::cli {

// Writes to a pipe without a reader fail with EPIPE from now on. Call once, at start.
void survive_broken_pipes();

class Interrupts {
 public:
  // Terminal: a key was pressed, and every process of the foreground group got the signal, a followed command too.
  enum class Sender : std::uint8_t { Terminal, Process };

  // `on_signal` runs on a thread of this object's, one call at a time. A signal that the process was started with as
  // ignored (nohup, a job in the background) stays so. One object at a time.
  explicit Interrupts(std::function<void(int signal, Sender sender)> on_signal);
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

 private:
  class Listener;
  std::unique_ptr<Listener> listener_;
};

}  // namespace wdscope::cli
