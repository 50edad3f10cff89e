// SPDX-License-Identifier: MIT
// The device of wdwine.sys: how a test tells of processes that start and end, as Wine does not.
#pragma once

#include <cstdint>

namespace wdscope::wine {

inline constexpr char kFeedDevice[] = "\\\\.\\wdwine";

// CTL_CODE(0x8778, function, METHOD_BUFFERED, FILE_ANY_ACCESS). Each returns when every routine has been called.
inline constexpr std::uint32_t kAnnounceStart = 0x87782000;  // In: StartMessage, image, command line (UTF-16)
inline constexpr std::uint32_t kAnnounceExit = 0x87782004;   // In: StartMessage without texts; its pid

struct StartMessage {
  std::uint64_t process_id;
  std::uint64_t parent_process_id;
  std::uint32_t image_size;  // bytes
  std::uint32_t command_line_size;
};

}  // namespace wdscope::wine
