// SPDX-License-Identifier: MIT
// A driver in the lab has done what stops Windows: what happened, for whom, and why that is fatal, in words.
//
// The host says which rule was broken and where. Here stands what it means: which notification was being delivered,
// and how the address at fault follows from what that notification holds in the profile that is played.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "lab/lab.h"

namespace wdscope::host {
struct BugCheck;
}

namespace wdscope {

// What became of the command that was being followed.
enum class CommandFate : std::uint8_t {
  NotRunning,  // there was none, or it had ended
  Ended,       // it was told to end, by SIGTERM, and did
  Killed,      // it did not, and was killed
  Abandoned,   // the thread that follows it is stuck in the machine: the kernel kills it with this program
};

struct Crash {
  std::string code;                // "0x3B SYSTEM_SERVICE_EXCEPTION"
  std::string parameters;          // "0xC0000005, 0x7F..., 0x1A0, 0x0"
  std::string happening;           // "read of 0x1A0 by x.sys!f+0x4 (x.cpp:31)", or the rule that was broken
  std::string on_behalf;           // "the create notification of process 1234 (NT 4936), \Device\..."
  std::vector<std::string> why;    // a sentence each; never empty
  std::string advice;              // may be empty
  std::vector<std::string> stack;  // innermost first
  unsigned irql = 0;
  CommandFate command = CommandFate::NotRunning;
};

// What the lab itself was doing on the thread at fault, for what no callback object announces.
struct CrashScene {
  std::string doing;                                                 // "DriverEntry of x.sys"; empty: nothing known
  std::function<std::u16string(std::uint64_t process_id)> image_of;  // null: nobody knows
};

// On the thread that broke the rule, while its callers' frames still stand: the notification lies in one of them.
Crash explain_crash(const host::BugCheck& check, Profile profile, const CrashScene& scene);

}  // namespace wdscope
