// SPDX-License-Identifier: MIT
#include "notifier/command.h"

#include "kit/irql.h"
#include "notifier/mp_data.h"
#include "notifier/process_table.h"
#include "notifier/trace.h"

namespace wdscope::notifier {
namespace {

using defender::COMMAND_HEADER;
using defender::COMMAND_REPLY;
using defender::CommandProtocol;

NTSTATUS check_header(const CommandBytes& command, COMMAND_HEADER* header) {
  const CommandProtocol& protocol = MpProfile->commands;
  if (!command.read(0, header)) return STATUS_INVALID_PARAMETER;
  if (header->Version != protocol.version || header->TotalSize != command.size()) return STATUS_INVALID_PARAMETER;
  if (header->Command == 0 || header->Command > protocol.highest) return STATUS_INVALID_PARAMETER;
  if (header->Minor != protocol.minor) {
    trace_info("command %X has minor version %u, expected %u", header->Command, header->Minor, protocol.minor);
  }
  return STATUS_SUCCESS;
}

NTSTATUS query_trusted_and_untrusted_process(void* output, std::uint32_t output_size, std::uint32_t* written) {
  COMMAND_REPLY reply = {};
  if (output_size < sizeof(reply)) return STATUS_BUFFER_TOO_SMALL;
  reply.Version = MpProfile->commands.version;
  reply.Minor = MpProfile->commands.minor;
  reply.Size = sizeof(reply);
  {
    const ResourceLock lock(table_resource(), LockMode::Shared);
    reply.TrustedCount = MpProcessTable->TrustedCount;
    reply.UntrustedCount = MpProcessTable->UntrustedCount;
  }
  RtlCopyMemory(output, &reply, sizeof(reply));
  *written = sizeof(reply);
  return STATUS_SUCCESS;
}

// One command of process notification and what does it.
struct Handler {
  std::uint32_t CommandProtocol::*id;
  NTSTATUS (*execute)(const CommandBytes& command);
};

constexpr Handler kHandlers[] = {
    {&CommandProtocol::SetProcessExclusion, set_process_exclusions},
    {&CommandProtocol::SetDocOpenRule, set_doc_open_rules},
    {&CommandProtocol::SetProcessInfo, set_process_infos},
    {&CommandProtocol::RegisterFriendlyProcess, register_friendly_process},
    {&CommandProtocol::Taint, taint_process},
    {&CommandProtocol::ResetHardeningExclusions, reset_all_hardening_exclusions},
    {&CommandProtocol::SetTrustedInstallerFlags, set_trusted_installer_flags},
};

}  // namespace

NTSTATUS execute_command(const CommandBytes& command, void* output, std::uint32_t output_size, std::uint32_t* written) {
  kit::expect_irql_at_most(PASSIVE_LEVEL);
  *written = 0;
  COMMAND_HEADER header;
  NTSTATUS status = check_header(command, &header);
  if (NT_SUCCESS(status)) {
    status = STATUS_NOT_SUPPORTED;
    if (header.Command == MpProfile->commands.QueryTrustedAndUntrustedProcess) {
      status = query_trusted_and_untrusted_process(output, output_size, written);
    }
    for (const Handler& handler : kHandlers) {
      if (header.Command == MpProfile->commands.*handler.id) status = handler.execute(command);
    }
  }
  if (!NT_SUCCESS(status)) trace_error("command of %u bytes refused: status %08X", command.size(), status);
  return status;
}

}  // namespace wdscope::notifier
