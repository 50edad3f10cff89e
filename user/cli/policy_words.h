// SPDX-License-Identifier: MIT
// What a policy means, in words.
#pragma once

#include <string>
#include <vector>

#include "lab/policy.h"

namespace wdscope::cli {

// "1 verdict, 2 process infos, 0 exclusions, 1 doc rule"
std::string policy_counts(const Policy& policy);

// All of it, a line a fact; not made safe for a terminal yet.
std::vector<std::string> policy_lines(const Policy& policy);

}  // namespace wdscope::cli
