// SPDX-License-Identifier: MIT
// A scenario's command as the bytes that the notifier gets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "lab/engine_message.h"
#include "lab/scenario.h"

namespace wdscope::scenario {

// What the service decides about a process, in the words that a reply and a command are written from.
Decision decision_of(const ServiceWord& word, Answer answer);

// `version`: of the notifier's messages. `about`: the process that the command names, if it names one. Patches and size
// are applied. Empty: the build has no such command.
std::vector<std::byte> write_command(std::uint8_t version, const Command& command, const CreateMessage& about);

}  // namespace wdscope::scenario
