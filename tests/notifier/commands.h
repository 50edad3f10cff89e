// SPDX-License-Identifier: MIT
// Commands of the engine as bytes (abi/defender/commands.h), well-formed ones; a story may damage them before it sends
// them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "abi/defender/commands.h"
#include "abi/wire/engine.h"
#include "host/machine.h"

namespace wdscope::test {

using CommandBytes = std::vector<std::byte>;

const defender::CommandProtocol& protocol_of(wire::NotifierProfile profile);

struct DocRule {
  std::u16string name;
  std::vector<std::u16string> extensions;
};

CommandBytes exclusion_command(wire::NotifierProfile profile, const std::vector<std::u16string>& paths);
CommandBytes doc_rule_command(wire::NotifierProfile profile, const std::vector<DocRule>& rules);
// Entries of the 2025 layout; for 1910 the members that it shares are carried over.
CommandBytes process_info_command(wire::NotifierProfile profile,
                                  const std::vector<defender::PROCESS_INFO_25080>& infos);
CommandBytes friendly_command(wire::NotifierProfile profile, std::uint64_t process_id, std::uint32_t value = 1);
CommandBytes taint_command(wire::NotifierProfile profile, std::uint64_t process_id, std::int64_t create_time);
CommandBytes reset_hardening_command(wire::NotifierProfile profile);
CommandBytes trusted_installer_command(wire::NotifierProfile profile, std::uint32_t flags);
CommandBytes query_command(wire::NotifierProfile profile);

// Overwrites the T at `offset`.
template <class T>
void poke(CommandBytes& command, std::size_t offset, T value) {
  if (command.size() < offset + sizeof(T)) command.resize(offset + sizeof(T));
  const auto* const bytes = reinterpret_cast<const std::byte*>(&value);
  std::copy(bytes, bytes + sizeof(T), command.begin() + static_cast<std::ptrdiff_t>(offset));
}
// Cuts or extends the request, and says so in its header.
void resize_command(CommandBytes& command, std::size_t size);

host::NtStatus send(host::DeviceFile& file, const CommandBytes& command);
// The counters that the driver answers; fails the test when it refuses.
defender::COMMAND_REPLY query_counts(host::DeviceFile& file, wire::NotifierProfile profile);

}  // namespace wdscope::test
