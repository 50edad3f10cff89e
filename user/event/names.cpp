// SPDX-License-Identifier: MIT
#include "event/names.h"

#include <iterator>

#include "abi/defender/flags.h"
#include "abi/defender/process_context.h"
#include "event/decode.h"

namespace wdscope {
namespace {

template <std::size_t kCount>
std::string_view name_at(const std::string_view (&names)[kCount], std::uint32_t index) {
  return index < kCount ? names[index] : std::string_view();
}

constexpr std::string_view kAnomalyNames[] = {
    "argument_null",
    "argument_unreadable",
    "argument2_not_null",
    "unknown_operation",
    "parent_unclassified",
    "parent_mismatch",
    "context_unreadable",
    "context_magic_unknown",
    "context_pid_mismatch",
    "context_time_mismatch",
    "image_string_invalid",
    "command_line_invalid",
    "image_truncated",
    "command_line_truncated",
    "process_unknown_to_nt",
    "trust_without_create",
    "high_irql",
    "doc_rule_invalid",
    "doc_rule_truncated",
    "generation_disagrees",
    "place_disagrees",
};
static_assert(std::size(kAnomalyNames) == static_cast<std::size_t>(wire::Anomaly::Count));

constexpr std::string_view kProtectionTypes[] = {"none", "protected_light", "protected"};
constexpr std::string_view kProtectionSigners[] = {"none",    "authenticode", "code_gen",   "antimalware", "lsa",
                                                   "windows", "win_tcb",      "win_system", "app"};
constexpr std::string_view kSendResults[] = {"not_sent", "reply_ok", "timeout", "send_error", "malformed_reply"};
constexpr std::string_view kSubsystems[] = {"win32", "wsl"};

}  // namespace

std::string_view operation_name(Operation operation) {
  switch (operation) {
    case Operation::Create:
      return "create";
    case Operation::Terminate:
      return "terminate";
    case Operation::Trust:
      return "trust";
    case Operation::Refresh:
      return "refresh";
    case Operation::SnapshotBegin:
      return "snapshot_begin";
    case Operation::SnapshotEnd:
      return "snapshot_end";
    case Operation::Unknown:
      break;
  }
  return "unknown";
}

std::string_view anomaly_name(wire::Anomaly anomaly) {
  return name_at(kAnomalyNames, static_cast<std::uint32_t>(anomaly));
}

std::string_view layout_name(std::uint32_t context_magic) {
  switch (context_magic) {
    case defender::kProcessContextMagic1910:
      return "1910";
    case defender::kProcessContextMagic20H1:
      return "20h1";
    case defender::kProcessContextMagic25080:
      return "25080";
    default:
      return {};
  }
}

std::string_view protection_type_name(std::uint8_t protection) {
  return name_at(kProtectionTypes, protection & 0x7u);
}

std::string_view protection_signer_name(std::uint8_t protection) {
  return name_at(kProtectionSigners, protection >> 4u);
}

std::string_view known_type_name(std::uint32_t known_type) {
  switch (static_cast<defender::KnownProcessType>(known_type)) {
    case defender::KnownProcessType::None:
      return "none";
    case defender::KnownProcessType::CloudSyncProvider:
      return "cloud_sync_provider";
    case defender::KnownProcessType::TrustedInstaller:
      return "trusted_installer";
    case defender::KnownProcessType::TrustedInstallerChild:
      return "trusted_installer_child";
    case defender::KnownProcessType::DlpRelevant:
      return "dlp_relevant";
    case defender::KnownProcessType::CryptographicServices:
      return "cryptographic_services";
    case defender::KnownProcessType::System:
      return "system";
    case defender::KnownProcessType::Csrss:
      return "csrss";
  }
  return {};
}

std::string_view send_result_name(std::uint32_t send_result) {
  return name_at(kSendResults, send_result & 0xF);
}

std::string_view snapshot_trigger_name(wire::SnapshotTrigger trigger) {
  constexpr std::string_view kTriggers[] = {"", "attach", "request"};
  return name_at(kTriggers, static_cast<std::uint32_t>(trigger));
}

std::string_view subsystem_name(std::uint32_t subsystem) {
  return name_at(kSubsystems, subsystem);
}

}  // namespace wdscope
