// SPDX-License-Identifier: MIT
// A machine with the observer and something that notifies it: the callback object, one living process, its context, and
// the frame of the 0xA5 build around the argument. What a notification costs from here is the observer's cost alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "host/machine.h"

namespace wdscope::bench {

class Announcer {
 public:
  // Boots the machine and loads `observer` (the bytes of wdscope.sys) with a ring of `ring_size_kb` (0: its default).
  // Ends the program with a message when that fails: there is nothing to measure then.
  Announcer(std::span<const std::byte> observer, std::uint32_t ring_size_kb);
  ~Announcer();

  // Announces the creation of the process once. Only inside in_kernel().
  void announce();
  // The least that an observer can be told: an argument without image, of no process, which leads nowhere. What it
  // costs is the way there and back, and a bare copy of the argument.
  void announce_bare();

  // Runs `body` as kernel code in the process's own context.
  void in_kernel(const std::function<void()>& body);

  // A reader's handle on the observer's device.
  std::unique_ptr<host::DeviceFile> open_device();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The bytes of a driver built with this program.
std::span<const std::byte> observer_image();

}  // namespace wdscope::bench
