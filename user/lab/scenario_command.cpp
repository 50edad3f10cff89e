// SPDX-License-Identifier: MIT
#include "lab/scenario_command.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "abi/defender/commands.h"
#include "lab/engine_command.h"

namespace wdscope::scenario {
namespace {

using CommandBytes = std::vector<std::byte>;

template <class Request>
CommandBytes bytes_of(const defender::CommandProtocol& protocol, std::uint32_t number, Request request) {
  if (number == 0) return {};
  defender::COMMAND_HEADER header{};
  header.Version = protocol.version;
  header.Minor = protocol.minor;
  header.TotalSize = sizeof request;
  header.Command = number;
  CommandBytes bytes(sizeof request);
  std::memcpy(bytes.data(), &request, sizeof request);
  std::memcpy(bytes.data(), &header, sizeof header);
  return bytes;
}

CommandBytes write_well_formed(std::uint8_t version, const Command& command, const CreateMessage& about) {
  const defender::CommandProtocol& protocol = *defender::command_protocol(version);
  switch (command.kind) {
    case Command::Kind::Exclusions:
      return write_exclusions(version, command.processes);
    case Command::Kind::DocRules:
      return write_doc_rules(version, command.rules);
    case Command::Kind::ProcessInfo: {
      const ProcessDecision decision{about, decision_of(command.word, Answer::Allow)};
      return write_process_infos(version, std::span(&decision, 1));
    }
    case Command::Kind::Friendly:
      return write_friendly(version, about.process_id);
    case Command::Kind::Taint: {
      defender::TAINT_PROCESS request{};
      request.ProcessId = about.process_id;
      request.CreateTime = about.created_100ns;
      return bytes_of(protocol, protocol.Taint, request);
    }
    case Command::Kind::ResetHardening:
      return write_hardening_reset(version);
    case Command::Kind::TrustedInstaller: {
      defender::SET_TRUSTED_INSTALLER_FLAGS request{};
      request.Flags = command.flags;
      return bytes_of(protocol, protocol.SetTrustedInstallerFlags, request);
    }
    case Command::Kind::Query:
      break;
  }
  return bytes_of(protocol, protocol.QueryTrustedAndUntrustedProcess, defender::COMMAND_HEADER{});
}

}  // namespace

Decision decision_of(const ServiceWord& word, Answer answer) {
  Decision decision;
  decision.answer = answer;
  decision.trust = word.trusted ? Verdict::Trusted : Verdict::NotTrusted;
  decision.info = word.info;
  return decision;
}

std::vector<std::byte> write_command(std::uint8_t version, const Command& command, const CreateMessage& about) {
  CommandBytes bytes = write_well_formed(version, command, about);
  if (bytes.empty()) return bytes;
  if (command.size) {
    bytes.resize(*command.size);
    const auto total = static_cast<std::uint32_t>(bytes.size());
    constexpr std::size_t kTotalSize = offsetof(defender::COMMAND_HEADER, TotalSize);
    if (bytes.size() >= kTotalSize + sizeof total) std::memcpy(bytes.data() + kTotalSize, &total, sizeof total);
  }
  for (const Command::Patch& patch : command.patches) {
    if (patch.offset >= bytes.size()) continue;
    std::memcpy(bytes.data() + patch.offset, &patch.value,
                std::min<std::size_t>(patch.size, bytes.size() - patch.offset));
  }
  return bytes;
}

}  // namespace wdscope::scenario
