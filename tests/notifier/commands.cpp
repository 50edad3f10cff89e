// SPDX-License-Identifier: MIT
#include "commands.h"

#include <gtest/gtest.h>

#include <cstring>
#include <span>

namespace wdscope::test {
namespace {

template <class T>
void append(CommandBytes& command, const T& value) {
  const auto bytes = std::as_bytes(std::span(&value, 1));
  command.insert(command.end(), bytes.begin(), bytes.end());
}

void append_text(CommandBytes& command, const std::u16string& text) {
  const auto bytes = std::as_bytes(std::span(text.c_str(), text.size() + 1));
  command.insert(command.end(), bytes.begin(), bytes.end());
}

template <class Request>
Request request_of(wire::NotifierProfile profile, std::uint32_t command) {
  Request request{};
  auto& header = reinterpret_cast<defender::COMMAND_HEADER&>(request);
  header.Version = protocol_of(profile).version;
  header.Minor = protocol_of(profile).minor;
  header.Command = command;
  return request;
}

CommandBytes sealed(CommandBytes command) {
  resize_command(command, command.size());
  return command;
}

template <class Request>
CommandBytes sealed_alone(const Request& request) {
  CommandBytes command;
  append(command, request);
  return sealed(std::move(command));
}

}  // namespace

const defender::CommandProtocol& protocol_of(wire::NotifierProfile profile) {
  if (profile == wire::NotifierProfile::WdA5) return defender::kCommandsA5;
  return profile == wire::NotifierProfile::Wd25080 ? defender::kCommands25080 : defender::kCommands1910;
}

void resize_command(CommandBytes& command, std::size_t size) {
  command.resize(size);
  if (size >= sizeof(defender::COMMAND_HEADER)) {
    poke(command, offsetof(defender::COMMAND_HEADER, TotalSize), static_cast<std::uint32_t>(size));
  }
}

CommandBytes exclusion_command(wire::NotifierProfile profile, const std::vector<std::u16string>& paths) {
  auto request = request_of<defender::SET_PROCESS_EXCLUSION>(profile, protocol_of(profile).SetProcessExclusion);
  CommandBytes text;
  for (const std::u16string& path : paths) append_text(text, path);
  request.TextSize = static_cast<std::uint32_t>(text.size());
  request.TextOffset = defender::kCommandTextOffset;
  CommandBytes command;
  append(command, request);
  command.insert(command.end(), text.begin(), text.end());
  return sealed(std::move(command));
}

CommandBytes doc_rule_command(wire::NotifierProfile profile, const std::vector<DocRule>& rules) {
  auto request = request_of<defender::SET_DOC_OPEN_RULE>(profile, protocol_of(profile).SetDocOpenRule);
  if (rules.empty()) {
    CommandBytes command = sealed_alone(request);
    resize_command(command, 0x80);
    return command;
  }
  CommandBytes elements;
  CommandBytes text;
  const std::size_t text_offset = sizeof request + rules.size() * sizeof(defender::DOC_OPEN_RULE_ELEMENT);
  for (const DocRule& rule : rules) {
    defender::DOC_OPEN_RULE_ELEMENT element{};
    element.ProcessNameOffset = text_offset + text.size();
    append_text(text, rule.name);
    element.ExtensionsOffset = text_offset + text.size();
    for (const std::u16string& extension : rule.extensions) append_text(text, extension);
    append_text(text, {});
    append(elements, element);
  }
  request.DataSize = static_cast<std::uint32_t>(0x10 + elements.size() + text.size());
  request.DataOffset = 0x80;
  request.RuleCount = static_cast<std::uint32_t>(rules.size());
  request.RuleArrayOffset = sizeof request;
  CommandBytes command;
  append(command, request);
  command.insert(command.end(), elements.begin(), elements.end());
  command.insert(command.end(), text.begin(), text.end());
  return sealed(std::move(command));
}

CommandBytes process_info_command(wire::NotifierProfile profile,
                                  const std::vector<defender::PROCESS_INFO_25080>& infos) {
  auto request = request_of<defender::SET_PROCESS_INFO>(profile, protocol_of(profile).SetProcessInfo);
  request.Count = static_cast<std::uint32_t>(infos.size());
  CommandBytes command;
  append(command, request);
  for (const defender::PROCESS_INFO_25080& info : infos) {
    if (protocol_of(profile).process_info_size == sizeof info) {
      append(command, info);
      continue;
    }
    defender::PROCESS_INFO_1910 older{};
    older.ProcessId = info.ProcessId;
    older.CreateTime = info.CreateTime;
    older.Rules = info.Rules;
    older.InjectionTargetMask = info.InjectionTargetMask;
    older.InjectionRequestMask = info.InjectionRequestMask;
    append(command, older);
  }
  return sealed(std::move(command));
}

CommandBytes friendly_command(wire::NotifierProfile profile, std::uint64_t process_id, std::uint32_t value) {
  auto request = request_of<defender::REGISTER_FRIENDLY_PROCESS>(profile, protocol_of(profile).RegisterFriendlyProcess);
  request.ProcessId = process_id;
  request.Value = value;
  return sealed_alone(request);
}

CommandBytes taint_command(wire::NotifierProfile profile, std::uint64_t process_id, std::int64_t create_time) {
  auto request = request_of<defender::TAINT_PROCESS>(profile, protocol_of(profile).Taint);
  request.ProcessId = static_cast<std::uint32_t>(process_id);
  request.CreateTime = create_time;
  request.Reason = 0x5A;
  return sealed_alone(request);
}

CommandBytes reset_hardening_command(wire::NotifierProfile profile) {
  return sealed_alone(
      request_of<defender::RESET_HARDENING_EXCLUSIONS>(profile, protocol_of(profile).ResetHardeningExclusions));
}

CommandBytes trusted_installer_command(wire::NotifierProfile profile, std::uint32_t flags) {
  auto request =
      request_of<defender::SET_TRUSTED_INSTALLER_FLAGS>(profile, protocol_of(profile).SetTrustedInstallerFlags);
  request.Flags = flags;
  return sealed_alone(request);
}

CommandBytes query_command(wire::NotifierProfile profile) {
  return sealed_alone(
      request_of<defender::COMMAND_HEADER>(profile, protocol_of(profile).QueryTrustedAndUntrustedProcess));
}

host::NtStatus send(host::DeviceFile& file, const CommandBytes& command) {
  return file.control(wire::kEngineCommand, command, {}).status;
}

defender::COMMAND_REPLY query_counts(host::DeviceFile& file, wire::NotifierProfile profile) {
  defender::COMMAND_REPLY reply{};
  const auto answer =
      file.control(wire::kEngineCommand, query_command(profile), std::as_writable_bytes(std::span(&reply, 1)));
  EXPECT_EQ(answer.status, host::kStatusSuccess);
  EXPECT_EQ(answer.information, sizeof reply);
  return reply;
}

}  // namespace wdscope::test
