// SPDX-License-Identifier: MIT
// How a Linux argument list appears as a Windows command line: one text from which CommandLineToArgvW makes the same
// arguments again.
//
// Source: the documented rules of CommandLineToArgvW. The first argument has no escapes there, so one that holds both a
// quote and white space cannot be written: its quotes are left out.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace wdscope {

// A UNICODE_STRING with its terminator ends here.
inline constexpr std::size_t kMaximumCommandLineUnits = 32767;

struct CommandLine {
  std::u16string text;
  bool clipped = false;  // the arguments were longer than a command line can be; `text` is a prefix
};

// Arguments are UTF-8; each byte that is none becomes U+FFFD. No arguments: an empty text.
CommandLine join_arguments(std::span<const std::string> arguments);

}  // namespace wdscope
