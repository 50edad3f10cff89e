// SPDX-License-Identifier: MIT
#include "cli/interrupts.h"

#include <windows.h>

#include <csignal>
#include <mutex>

namespace wdscope::cli {

// The console calls its handlers on threads that it makes for each event; `mutex` keeps them one at a time and away
// from an object that goes.
class Interrupts::Listener {
 public:
  explicit Listener(std::function<void(int, Sender)> on_signal) : on_signal_(std::move(on_signal)) {
    const std::scoped_lock lock(mutex);
    current = this;
    SetConsoleCtrlHandler(handle, TRUE);
  }
  ~Listener() {
    SetConsoleCtrlHandler(handle, FALSE);
    const std::scoped_lock lock(mutex);
    current = nullptr;
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

 private:
  static BOOL WINAPI handle(DWORD event) {
    const bool key = event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT;
    {
      const std::scoped_lock lock(mutex);
      if (current == nullptr) return FALSE;
      current->on_signal_(key ? SIGINT : SIGTERM, Sender::Terminal);
    }
    // Once a handler of these returns the process is ended: this thread waits, and main() has the time that Windows
    // gives to write what it has.
    if (!key) Sleep(INFINITE);
    return TRUE;
  }

  static std::mutex mutex;
  static Listener* current;
  std::function<void(int, Sender)> on_signal_;
};

std::mutex Interrupts::Listener::mutex;
Interrupts::Listener* Interrupts::Listener::current = nullptr;

void survive_broken_pipes() {}

Interrupts::Interrupts(std::function<void(int, Sender)> on_signal)
    : listener_(std::make_unique<Listener>(std::move(on_signal))) {}

Interrupts::~Interrupts() = default;

}  // namespace wdscope::cli
