// SPDX-License-Identifier: MIT
// Processes as a list and as a tree, for eyes. docs/cli.md says what each column means.
#pragma once

#include <string>

#include "cli/gather.h"
#include "cli/look.h"
#include "event/process_filter.h"

namespace wdscope::cli {

struct ProcessList {
  std::string text;
  std::size_t shown = 0;
};

// Those that the filter means, by their creation, and a closing line of what is unknown.
ProcessList list_processes(const Gathered& gathered, const ProcessFilter& filter, const TextStyle& style);

// The same as a tree; what the filter does not mean but leads to what it does is dim.
ProcessList draw_tree(const Gathered& gathered, const ProcessFilter& filter, const TextStyle& style);

}  // namespace wdscope::cli
