// SPDX-License-Identifier: MIT
// Call stacks that cross from the host into drivers and back: driver frames are unwound by the image's own unwind
// information (see host/image/unwind.h), host frames by theirs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace wdscope::host {

// Return addresses of the calling thread, innermost first, at most 64; the capturing functions are left out.
// Works in a signal handler: the frames of the interrupted code follow.
std::vector<void*> capture_stack();

// One line a frame: "wdscope.sys!observe+0x42 (observe.cpp:31)" for driver frames, "nt!KeSetEvent" for the NT routine
// that a driver called. The host's inner frames are left out.
std::vector<std::string> describe_stack(const std::vector<void*>& frames);

// "nt!KeSetEvent+0x12" or "wdscope.sys!f+0x3", or only the number.
std::string describe_address(const void* address);

std::string hex(std::uint64_t value);  // 0x1F
std::string hex(const void* address);

}  // namespace wdscope::host
