// SPDX-License-Identifier: MIT
// The commands of Defender's service as bytes, for every profile (abi/defender/commands.h): what a policy tells the
// notifier, when the service connects and whenever it changes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "event/result.h"
#include "lab/engine_message.h"
#include "lab/policy.h"

namespace wdscope {

// A process that runs, and what the service says of it.
struct ProcessDecision {
  CreateMessage process;
  Decision decision;
};

// An exclusion as the notifier compares it: a bare file name stays one; a path becomes an NT path, and a folder with *
// at its end the folder with \* at its end. Linux paths (/usr/bin/cc), DOS paths and NT paths are understood.
std::u16string exclusion_text(std::string_view written);

// SET_PROCESS_EXCLUSION with all of `exclusions`. `version`: of the notifier's messages, one that it knows.
std::vector<std::byte> write_exclusions(std::uint8_t version, const std::vector<std::string>& exclusions);

// SET_DOC_OPEN_RULE with all of `rules`; without any, the command that clears them.
std::vector<std::byte> write_doc_rules(std::uint8_t version, const std::vector<DocRule>& rules);

// SET_PROCESS_INFO with the infos of all of `processes`.
std::vector<std::byte> write_process_infos(std::uint8_t version, std::span<const ProcessDecision> processes);

// REGISTER_FRIENDLY_PROCESS: nothing takes it back but, from 25080 on, the reset of hardening exclusions.
std::vector<std::byte> write_friendly(std::uint8_t version, std::uint64_t process_id);

// The reset of hardening exclusions; empty where the build has none.
std::vector<std::byte> write_hardening_reset(std::uint8_t version);

}  // namespace wdscope
