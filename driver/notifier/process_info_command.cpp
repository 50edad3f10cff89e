// SPDX-License-Identifier: MIT
// SET_PROCESS_INFO: the service's decisions about processes that run, entry by entry.
#include "notifier/command.h"
#include "notifier/mp_data.h"
#include "notifier/process_info.h"
#include "notifier/trace.h"

namespace wdscope::notifier {
namespace {

template <class Info>
void apply_entries(const CommandBytes& command, std::uint32_t count) {
  for (std::uint32_t index = 0; index < count; ++index) {
    Info info;
    RtlCopyMemory(&info, command.at(sizeof(defender::SET_PROCESS_INFO) + std::uint64_t{index} * sizeof(Info)),
                  sizeof(info));
    const NTSTATUS status = MpSetOneProcessInfo(info);
    // As for Defender: one entry's failure is no failure of the command.
    if (!NT_SUCCESS(status)) trace_info("no info set for process %u: status %08X", +info.ProcessId, status);
  }
}

}  // namespace

NTSTATUS set_process_infos(const CommandBytes& command) {
  defender::SET_PROCESS_INFO request;
  if (!command.read(0, &request)) return STATUS_INTEGER_OVERFLOW;
  const std::uint64_t needed = std::uint64_t{request.Count} * MpProfile->commands.process_info_size;
  if (needed > MAXULONG) return STATUS_INTEGER_OVERFLOW;
  if (!command.contains(sizeof(request), needed)) return STATUS_INVALID_PARAMETER;
  if (MpProfile->has_context_tail()) {
    apply_entries<defender::PROCESS_INFO_25080>(command, request.Count);
  } else {
    apply_entries<defender::PROCESS_INFO_1910>(command, request.Count);
  }
  return STATUS_SUCCESS;
}

}  // namespace wdscope::notifier
