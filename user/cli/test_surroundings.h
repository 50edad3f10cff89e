// SPDX-License-Identifier: MIT
// What tests of this room want of the process that they run in.
#pragma once

namespace wdscope::cli {

// Null: unset.
void set_variable(const char* name, const char* value);

// False where a process cannot choose its time zone and the machine's is another.
bool use_utc();

}  // namespace wdscope::cli
