// SPDX-License-Identifier: MIT
// How a live session lets itself be told another policy, by `wdscope policy apply` in another terminal.
#pragma once

#include <memory>

#include "cli/talk.h"
#include "lab/lab.h"
#include "lab/policy_socket.h"

namespace wdscope::cli {

// Says where the door is, or why there is none: then null, and the session goes on without. Goes before the lab does.
std::unique_ptr<PolicySocket> open_policy_door(Lab& lab, Talk talk);

}  // namespace wdscope::cli
