// SPDX-License-Identifier: MIT
// The notifier as a whole: its parts in the order in which they start; they stop in reverse.
#pragma once

#include "notifier/parameters.h"

namespace wdscope::notifier {

// PASSIVE_LEVEL. Starts every part, the registrations with NT last, then makes contexts for the processes that run
// already. On failure nothing is left, and a message names the part.
[[nodiscard]] NTSTATUS start_notifier(PDRIVER_OBJECT driver, const Parameters& parameters);

// PASSIVE_LEVEL; waits for routines in progress. Unregisters first, then frees.
void stop_notifier();

}  // namespace wdscope::notifier
