// SPDX-License-Identifier: MIT
#include "lab/engine_command.h"

#include <algorithm>
#include <cstring>

#include "abi/defender/commands.h"
#include "lab/dos_path.h"
#include "lab/nt_path.h"
#include "lab/process_info_entry.h"

namespace wdscope {
namespace {

using Bytes = std::vector<std::byte>;

void append(Bytes& bytes, const void* data, std::size_t size) {
  const auto* const first = static_cast<const std::byte*>(data);
  bytes.insert(bytes.end(), first, first + size);
}

// With its NUL.
void append_text(Bytes& bytes, const std::u16string& text) {
  append(bytes, text.c_str(), (text.size() + 1) * sizeof(char16_t));
}

std::u16string wide(std::string_view text) {
  std::u16string out;
  append_utf16(out, text);
  return out;
}

defender::COMMAND_HEADER header(const defender::CommandProtocol& protocol, std::uint32_t command, std::size_t size) {
  defender::COMMAND_HEADER head{};
  head.Version = protocol.version;
  head.Minor = protocol.minor;
  head.TotalSize = static_cast<std::uint32_t>(size);
  head.Command = command;
  return head;
}

template <class Command>
void put_front(Bytes& bytes, const Command& command) {
  std::memcpy(bytes.data(), &command, sizeof command);
}

const defender::CommandProtocol& protocol_of(std::uint8_t version) {
  const defender::CommandProtocol* protocol = defender::command_protocol(version);
  return protocol != nullptr ? *protocol : defender::kCommandsA5;
}

template <class Entry>
void append_infos(Bytes& bytes, std::span<const ProcessDecision> processes) {
  for (const ProcessDecision& about : processes) {
    Entry entry{};
    set_entry(entry, about.process, about.decision);
    append(bytes, &entry, sizeof entry);
  }
}

}  // namespace

std::u16string exclusion_text(std::string_view written) {
  if (written.find_first_of("/\\") == std::string_view::npos) return wide(written);
  return written.starts_with('/') ? to_nt_path(written) : dos_to_nt_path(written);
}

std::vector<std::byte> write_exclusions(std::uint8_t version, const std::vector<std::string>& exclusions) {
  const defender::CommandProtocol& protocol = protocol_of(version);
  Bytes bytes(sizeof(defender::SET_PROCESS_EXCLUSION));
  for (const std::string& exclusion : exclusions) append_text(bytes, exclusion_text(exclusion));
  defender::SET_PROCESS_EXCLUSION command{};
  command.Header = header(protocol, protocol.SetProcessExclusion, bytes.size());
  command.TextSize = static_cast<std::uint32_t>(bytes.size() - sizeof command);
  command.TextOffset = defender::kCommandTextOffset;
  put_front(bytes, command);
  return bytes;
}

std::vector<std::byte> write_doc_rules(std::uint8_t version, const std::vector<DocRule>& rules) {
  const defender::CommandProtocol& protocol = protocol_of(version);
  if (rules.empty()) {
    Bytes bytes(defender::kCommandTextOffset);
    put_front(bytes, header(protocol, protocol.SetDocOpenRule, bytes.size()));
    return bytes;
  }
  const std::size_t array = sizeof(defender::SET_DOC_OPEN_RULE);
  Bytes bytes(array + rules.size() * sizeof(defender::DOC_OPEN_RULE_ELEMENT));
  std::vector<defender::DOC_OPEN_RULE_ELEMENT> elements;
  for (const DocRule& rule : rules) {
    defender::DOC_OPEN_RULE_ELEMENT element{};
    element.ProcessNameOffset = bytes.size();
    append_text(bytes, wide(rule.process));
    element.ExtensionsOffset = bytes.size();
    for (const std::string& extension : rule.extensions) append_text(bytes, wide(extension));
    append_text(bytes, {});
    elements.push_back(element);
  }
  std::memcpy(bytes.data() + array, elements.data(), elements.size() * sizeof(elements[0]));
  defender::SET_DOC_OPEN_RULE command{};
  command.Header = header(protocol, protocol.SetDocOpenRule, bytes.size());
  command.DataSize = static_cast<std::uint32_t>(bytes.size() - defender::kCommandTextOffset);
  command.DataOffset = defender::kCommandTextOffset;
  command.RuleCount = static_cast<std::uint32_t>(rules.size());
  command.RuleArrayOffset = array;
  put_front(bytes, command);
  return bytes;
}

std::vector<std::byte> write_process_infos(std::uint8_t version, std::span<const ProcessDecision> processes) {
  const defender::CommandProtocol& protocol = protocol_of(version);
  Bytes bytes(sizeof(defender::SET_PROCESS_INFO));
  if (protocol.version == defender::kMessageVersion1910) {
    append_infos<defender::PROCESS_INFO_1910>(bytes, processes);
  } else {
    append_infos<defender::PROCESS_INFO_25080>(bytes, processes);
  }
  defender::SET_PROCESS_INFO command{};
  command.Header = header(protocol, protocol.SetProcessInfo, bytes.size());
  command.Count = static_cast<std::uint32_t>(processes.size());
  put_front(bytes, command);
  return bytes;
}

std::vector<std::byte> write_friendly(std::uint8_t version, std::uint64_t process_id) {
  const defender::CommandProtocol& protocol = protocol_of(version);
  defender::REGISTER_FRIENDLY_PROCESS command{};
  command.Header = header(protocol, protocol.RegisterFriendlyProcess, sizeof command);
  command.ProcessId = process_id;
  command.Value = 1;
  Bytes bytes(sizeof command);
  put_front(bytes, command);
  return bytes;
}

std::vector<std::byte> write_hardening_reset(std::uint8_t version) {
  const defender::CommandProtocol& protocol = protocol_of(version);
  if (protocol.ResetHardeningExclusions == 0) return {};
  Bytes bytes(sizeof(defender::RESET_HARDENING_EXCLUSIONS));
  put_front(bytes, header(protocol, protocol.ResetHardeningExclusions, bytes.size()));
  return bytes;
}

}  // namespace wdscope
