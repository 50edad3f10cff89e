// SPDX-License-Identifier: MIT
// A live session: the lab, a feed, and their events moved to an output until there is a reason to end.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/event_output.h"

namespace wdscope::cli {

enum class Feed : std::uint8_t {
  Machine,  // every process; the command, if there is one, runs beside
  Command,  // the command's process tree
};

using OutputOpener =
    std::function<Result<EventOutput>(const Arguments&, const Origin&, const std::vector<std::string>& words)>;

// Blocks until the end; the exit status of the program. Says the summary and the losses.
Result<int> run_live(const Arguments& arguments, Feed feed, const OutputOpener& open);

}  // namespace wdscope::cli
